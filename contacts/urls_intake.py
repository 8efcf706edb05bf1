"""Where events come in, and what stands around them."""

from django.urls import path

from rest import paths  # noqa: F401  (the converter `row`)
from rest.endpoints import endpoint

from . import connect_api, event_api, intake_api, segment_views

api = [
    path("events", event_api.events),
    path("events/<row:event_id>", event_api.event),
    path("events/<row:event_id>/retract", event_api.event_retraction),
    path("sources", endpoint(GET=intake_api.source_list, POST=connect_api.source_create)),
    path("keys", endpoint(GET=connect_api.key_list, POST=connect_api.key_create)),
    path("keys/<row:key_id>/rotate", endpoint(POST=connect_api.key_rotate)),
    path("keys/<row:key_id>/revoke", endpoint(POST=connect_api.key_revoke)),
    path("event-types", endpoint(GET=intake_api.event_type_list)),
    path("event-types/<row:type_id>", endpoint(PATCH=connect_api.event_type_update)),
    path("claims", endpoint(GET=intake_api.claim_list)),
    path("claims/<row:claim_id>/confirm", endpoint(POST=intake_api.claim_confirm)),
    path("claims/<row:claim_id>/refuse", endpoint(POST=intake_api.claim_refuse)),
    path("quarantine", endpoint(GET=intake_api.quarantine_list)),
    path("quarantine/replay", endpoint(POST=connect_api.quarantine_replay_all)),
    path("quarantine/<row:quarantine_id>", endpoint(GET=intake_api.quarantine_detail)),
    path("quarantine/<row:quarantine_id>/replay", endpoint(POST=intake_api.quarantine_replay)),
    path("identities", endpoint(GET=intake_api.identity_list, POST=intake_api.identity_link)),
    path("identities/<row:identity_id>/unlink", endpoint(POST=intake_api.identity_unlink)),
    path("merges", endpoint(GET=intake_api.merge_list, POST=intake_api.merge_create)),
    path("merges/<row:merge_id>/cut", endpoint(POST=intake_api.merge_cut)),
]
segment = [
    path("projects/<str:key>/settings", segment_views.segment_settings),
    path("<str:name>", segment_views.segment_call),
]
