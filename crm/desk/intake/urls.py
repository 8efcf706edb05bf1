from django.urls import path

from crm.desk.intake import connecting, hooks, mending

urlpatterns = [
    path("intake", connecting.intake, name="intake"),
    path("intake/live", connecting.intake_live, name="intake-live"),
    path("intake/connect", connecting.source_new, name="source-new"),
    path("intake/sources/<int:source_id>", connecting.source_page, name="source-page"),
    path("intake/keys/<int:key_id>/<slug:deed>", connecting.key_deed, name="key-deed"),
    path("intake/claims", mending.claims, name="claims"),
    path("intake/claims/<int:claim_id>/<slug:deed>", mending.claim_deed, name="claim-deed"),
    path("intake/quarantine", mending.quarantine, name="quarantine"),
    path("intake/quarantine/replay", mending.quarantine_replay, name="quarantine-replay"),
    path("intake/quarantine/<int:quarantine_id>", mending.quarantine_page, name="quarantine-page"),
    path("intake/types", mending.types, name="types"),
    path("intake/types/<int:type_id>", mending.type_name, name="type-name"),
    path("intake/webhooks", hooks.webhooks, name="webhooks"),
    path("intake/webhooks/<int:endpoint_id>", hooks.webhook_page, name="webhook-page"),
    path("intake/webhooks/<int:endpoint_id>/<slug:deed>", hooks.webhook_deed, name="webhook-deed"),
    path("intake/held", hooks.held_release, name="held-release"),
    path("intake/deliveries/<int:delivery_id>/replay", hooks.delivery_replay, name="delivery-replay"),
]
