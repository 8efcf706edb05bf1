import base64
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from contacts.models import Source, Trust
from staff import keys
from staff.models import ApiKey, AuditRecord
from tests.asking import asked_by
from tests.callers import make_caller

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.rest.addresses")]

REFUSAL = {
    "type": "/api/problems/invalid-credentials",
    "title": "A valid key is needed.",
    "status": 401,
    "detail": "",
}


def refusal_of(answer, path="/api/types"):
    assert answer["WWW-Authenticate"] == 'Bearer realm="Polku", Basic realm="Polku"'
    assert answer["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json() == REFUSAL | {"instance": path, "request_id": answer["X-Request-Id"]}


def wrong_credentials():
    caller = make_caller()
    other = "x" if caller.secret[-1] != "x" else "y"
    yield {}
    yield {"Authorization": ""}
    yield {"Authorization": "Bearer"}
    yield {"Authorization": "Bearer nonsense"}
    yield {"Authorization": f"Bearer {caller.secret[:-1]}{other}"}
    yield {"Authorization": f"Token {caller.secret}"}
    yield {"Authorization": f"Bearer {caller.secret}{'a' * 10_000}"}
    yield {"Authorization": "Bearer sk_äöå"}
    yield {"Authorization": "Basic not-base64!"}
    yield {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe:").decode()}
    yield {"Authorization": f"Bearer {keys._new_secret('sk_')}"}  # well formed, but nobody's


def test_whatever_is_wrong_with_a_key_the_answer_is_the_same():
    answers = [Client().get("/api/types", headers=headers) for headers in wrong_credentials()]

    assert {refusal_of(answer) for answer in answers} == {(401, True)}


def test_a_key_is_taken_as_bearer_token_or_as_user_name():
    secret = make_caller().secret
    basic = base64.b64encode(f"{secret}:".encode()).decode()

    for credentials in (f"Bearer {secret}", f"bearer  {secret}", f"Basic {basic}"):
        assert Client().get("/api/types", headers={"Authorization": credentials}).status_code == 200


def test_a_revoked_key_and_an_expired_key_are_nobodys():
    caller, late = make_caller(), make_caller()
    ApiKey.objects.filter(pk=late.key.pk).update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    keys.revoke_key(caller.key)

    assert refusal_of(caller.get("/api/types")) == refusal_of(late.get("/api/types")) == (401, True)


def test_a_key_revoked_elsewhere_is_refused_within_five_seconds(monkeypatch):
    caller = make_caller()
    assert caller.get("/api/types").status_code == 200
    ApiKey.objects.filter(pk=caller.key.pk).update(revoked_at=datetime.now(UTC))

    moment = time.monotonic() + 5
    monkeypatch.setattr("staff.keys.time.monotonic", lambda: moment)

    assert caller.get("/api/types").status_code == 401


def test_a_key_in_use_costs_no_query():
    caller = make_caller()

    assert caller.get("/api/plain").json() == {"source": "shop"}
    assert asked_by(lambda: caller.get("/api/plain")) == []


def test_the_day_a_key_was_last_used_is_kept():
    caller = make_caller()
    caller.get("/api/types")

    assert ApiKey.objects.get().last_used_on == datetime.now(UTC).date()


def test_a_missing_scope_is_named_and_put_on_record():
    caller = make_caller("events:write")
    for path in ("/api/types", "/api/plain"):
        answer = caller.get(path)

        scope = "contacts:read" if path == "/api/types" else "events:read"
        assert answer.status_code == 403
        assert answer.json() == {
            "type": "/api/problems/missing-scope",
            "title": "The key does not have the scope this needs.",
            "status": 403,
            "detail": f"This needs the scope {scope}.",
            "instance": path,
            "request_id": answer["X-Request-Id"],
            "scope": scope,
        }
    refusals = AuditRecord.objects.filter(action="refused").order_by("id")
    assert list(refusals.values_list("api_key", "action", "detail")) == [
        (caller.key.pk, "refused", {"scope": "contacts:read"}),
        (caller.key.pk, "refused", {"scope": "events:read"}),
    ]


def test_only_the_hash_of_a_secret_is_kept():
    caller = make_caller()

    assert caller.secret.startswith("sk_")
    assert len(caller.secret) == 49
    assert caller.secret[20:] not in str(ApiKey.objects.values().get())


def test_a_public_key_can_only_tell_us_things():
    source = Source.objects.create(key="site", name="Site", trust=Trust.PUBLIC)

    assert make_caller(source=source).key.scopes == ["events:write"]
    with pytest.raises(ValidationError, match="read by anybody"):
        make_caller("contacts:read", source=source)
