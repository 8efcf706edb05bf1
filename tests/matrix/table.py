"""The one table: every address of Polku, and who comes in by which method. An address that is not here fails a test.

A new page is a line: `"contacts/<int:contact_id>/tags": desk(GET="contacts:read", POST="contacts:write"),`.
A new address of the API: `"api/v1/tags": api(GET="contacts:read"),`. What a parameter of the address names is found by
its name in `rows.py`; where the name does not say it, the line does: `rows={"key": "stage"}`.
"""

from typing import Final

from tests.matrix.answers import Address, api, desk, everybody, signed_in

_STAGE: Final = {"key": "stage"}
_PLAYBOOK: Final = {"number": "playbook"}
_CAMPAIGN: Final = {"key": "campaign"}

ADDRESSES: Final[dict[str, Address]] = {
    "healthz": everybody("GET"),
    "readyz": everybody("GET"),
    # --- signing in, and one's own account
    "accounts/login/": everybody(),
    "accounts/logout/": everybody(),
    "accounts/inactive/": everybody("GET"),
    "accounts/signup/": everybody(),
    "accounts/reauthenticate/": signed_in(),
    "accounts/email/": everybody("GET"),
    "accounts/password/change/": signed_in(),
    "accounts/password/set/": signed_in(),
    "accounts/password/reset/": everybody(),
    "accounts/password/reset/done/": everybody("GET"),
    "accounts/password/reset/key/done/": everybody("GET"),
    "accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": everybody(),
    "accounts/2fa/": signed_in("GET"),
    "accounts/2fa/authenticate/": everybody(),
    "accounts/2fa/reauthenticate/": signed_in(),
    "accounts/2fa/totp/activate/": signed_in(),
    "accounts/2fa/totp/deactivate/": signed_in(),
    "accounts/2fa/recovery-codes/": signed_in("GET"),
    "accounts/2fa/recovery-codes/generate/": signed_in(),
    "accounts/2fa/recovery-codes/download/": signed_in("GET"),
    "accounts/2fa/webauthn/": signed_in("GET"),
    "accounts/2fa/webauthn/add/": signed_in(),
    "accounts/2fa/webauthn/reauthenticate/": signed_in(),
    "accounts/2fa/webauthn/keys/<int:pk>/remove/": signed_in(),
    "accounts/2fa/webauthn/keys/<int:pk>/edit/": signed_in(),
    # --- the API
    "api/schema": everybody("GET"),
    "api/docs": everybody("GET"),
    "api/problems/<slug:kind>": everybody("GET"),
    "api/v1/contacts": api(GET="contacts:read", POST="contacts:write"),
    "api/v1/contacts/batch": api(POST="contacts:write"),
    "api/v1/contacts/<row:contact_id>": api(GET="contacts:read", PATCH="contacts:write"),
    "api/v1/companies": api(GET="contacts:read", POST="contacts:write"),
    "api/v1/companies/<row:company_id>": api(GET="contacts:read", PATCH="contacts:write"),
    "api/v1/memberships": api(GET="contacts:read", POST="contacts:write"),
    "api/v1/memberships/<row:membership_id>": api(PATCH="contacts:write"),
    "api/v1/custom-fields": api(GET="contacts:read", POST="contacts:write"),
    "api/v1/events": api(GET="events:read", POST="events:write"),
    "api/v1/events/<row:event_id>": api(GET="events:read"),
    "api/v1/events/<row:event_id>/retract": api(POST="events:write", trusted=True),
    "api/v1/sources": api(GET="events:read"),
    "api/v1/event-types": api(GET="events:read"),
    "api/v1/claims": api(GET="contacts:read"),
    "api/v1/claims/<row:claim_id>/confirm": api(POST="contacts:write"),
    "api/v1/claims/<row:claim_id>/refuse": api(POST="contacts:write"),
    "api/v1/quarantine": api(GET="events:read"),
    "api/v1/quarantine/<row:quarantine_id>": api(GET="events:read"),
    "api/v1/quarantine/<row:quarantine_id>/replay": api(POST="events:write", trusted=True),
    "api/v1/identities": api(GET="contacts:read", POST="contacts:write"),
    "api/v1/identities/<row:identity_id>/unlink": api(POST="contacts:write"),
    "api/v1/merges": api(GET="contacts:read", POST="contacts:write"),
    "api/v1/merges/<row:merge_id>/cut": api(POST="contacts:write"),
    "v1/projects/<str:key>/settings": everybody("GET"),
    "v1/<str:name>": everybody("POST"),
    "api/v1/stages": api(GET="playbooks:read", POST="playbooks:write"),
    "api/v1/stages/<slug:key>": api(GET="playbooks:read", PATCH="playbooks:write", rows=_STAGE),
    "api/v1/positions": api(GET="contacts:read"),
    "api/v1/positions/<int:contact_id>": api(GET="contacts:read"),
    "api/v1/transitions": api(GET="contacts:read"),
    "api/v1/transitions/<int:transition_id>": api(GET="contacts:read"),
    "api/v1/playbooks": api(GET="playbooks:read"),
    "api/v1/playbooks/<int:number>": api(GET="playbooks:read", rows=_PLAYBOOK),
    "api/v1/playbooks/<int:number>/text": api(GET="playbooks:read", rows=_PLAYBOOK),
    "api/v1/playbooks/drafts": api(GET="playbooks:read", POST="playbooks:write"),
    "api/v1/playbooks/drafts/<int:draft_id>": api(
        GET="playbooks:read", PUT="playbooks:write", PATCH="playbooks:write", DELETE="playbooks:write"
    ),
    "api/v1/playbooks/drafts/<int:draft_id>/difference": api(GET="playbooks:read"),
    "api/v1/playbooks/drafts/<int:draft_id>/check": api(GET="playbooks:read"),
    "api/v1/playbooks/drafts/<int:draft_id>/publish": api(POST="playbooks:write"),
    "api/v1/funnel/summary": api(GET="figures:read"),
    "api/v1/funnel/conversions": api(GET="figures:read"),
    "api/v1/funnel/time-in-stage": api(GET="figures:read"),
    "api/v1/campaigns": api(GET="contacts:read", POST="contacts:write"),
    "api/v1/campaigns/<str:key>": api(GET="contacts:read", PATCH="contacts:write", rows=_CAMPAIGN),
    "api/v1/webhooks": api(GET="webhooks:manage", POST="webhooks:manage"),
    "api/v1/webhooks/<int:endpoint_id>": api(GET="webhooks:manage", PATCH="webhooks:manage"),
    "api/v1/webhooks/<int:endpoint_id>/rotate": api(POST="webhooks:manage"),
    "api/v1/webhooks/<int:endpoint_id>/test": api(POST="webhooks:manage"),
    "api/v1/webhooks/deliveries": api(GET="webhooks:manage"),
    "api/v1/webhooks/deliveries/<int:delivery_id>/replay": api(POST="webhooks:manage"),
    # --- the desk
    "": desk(GET="figures:read"),
    "contacts": desk(GET="contacts:read"),
    "contacts/<int:contact_id>": desk(GET="contacts:read"),
    "contacts/<int:contact_id>/without/<int:event_id>": desk(GET="contacts:read", rows={"event_id": "event"}),
    "contacts/<int:contact_id>/do/<slug:deed>": desk(GET="contacts:write", POST="contacts:write"),
    # only what one recorded oneself: of all others there is nothing
    "contacts/<int:contact_id>/events/<int:event_id>/retract": desk(POST="events:write", rows={"event_id": ""}),
    "tasks/<int:task_id>/done": desk(POST="contacts:write"),
    "tasks/<int:task_id>/reopen": desk(POST="contacts:write"),
    "tasks/<int:task_id>/drop": desk(POST="contacts:write"),
    "find": desk(GET="contacts:read"),
    "keys": desk(GET="contacts:read"),
    "language": everybody("POST"),
    "theme": everybody("POST"),
    "undo": desk(POST="contacts:write", in_body=True),
}
