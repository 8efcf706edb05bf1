"""The Segment HTTP API: any client of it, from any page, is understood; nothing let in is lost."""

import base64
import gzip
import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from contacts.ingest import take
from contacts.models import Contact, Event, EventType, Quarantine, Source
from contacts.replaying import replay
from contacts.settling import Terms
from staff.keys import create_key
from tests.factories import make_message, make_public_source, make_source

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("path")]

PAGE = {"messageId": "m1", "anonymousId": "a1", "properties": {"path": "/"}}


def write_key(source: Source) -> str:
    _key, secret = create_key(name="page", source=source.key, scopes=["events:write"], public=source.is_public)
    return secret


@pytest.fixture
def key() -> str:
    return write_key(make_public_source())


def post(path: str, body: Any, key: str = "", **headers: str) -> Any:
    basic = base64.b64encode(f"{key}:".encode()).decode()
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = headers.pop("content_type", "application/json")
    authorization = {"Authorization": f"Basic {basic}"} if key else {}
    return Client().generic("POST", path, sent, content_type=kind, headers={**authorization, **headers})


@pytest.mark.parametrize(
    ("path", "more", "kind"),
    [
        ("track", {"event": "Quote Requested"}, "quote_requested"),
        ("t", {"event": "Quote Requested"}, "quote_requested"),
        ("page", {}, "page_viewed"),
        ("p", {}, "page_viewed"),
        ("screen", {}, "page_viewed"),
        ("s", {}, "page_viewed"),
        ("identify", {"traits": {"name": "Aino"}}, "attributes_changed"),
        ("i", {"traits": {"name": "Aino"}}, "attributes_changed"),
        ("group", {"groupId": "g1"}, "attributes_changed"),
        ("g", {"groupId": "g1"}, "attributes_changed"),
        ("alias", {"previousId": "a0", "userId": "u1"}, "attributes_changed"),
        ("a", {"previousId": "a0", "userId": "u1"}, "attributes_changed"),
    ],
)
def test_each_path_takes_its_call(key, path, more, kind):
    answer = post(f"/v1/{path}", {**PAGE, **more}, key)

    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert Event.objects.get().type.key == kind


@pytest.mark.parametrize("path", ["batch", "import", "b"])
def test_a_batch_holds_calls_of_any_kind(key, path):
    calls = [{"type": "page", **PAGE}, {"type": "track", "event": "Ad Clicked", "messageId": "m2", "anonymousId": "a1"}]

    answer = post(f"/v1/{path}", {"batch": calls, "sentAt": "2026-03-01T12:00:00Z"}, key)

    assert answer.json() == {"success": True}
    assert list(Event.objects.order_by("message_id").values_list("type__key", flat=True)) == [
        "page_viewed",
        "ad_clicked",
    ]


def test_a_call_sent_again_is_recorded_once(key):
    for second in range(3):
        post("/v1/batch", {"batch": [{"type": "page", **PAGE}], "sentAt": f"2026-03-01T12:00:0{second}Z"}, key)

    assert (Event.objects.count(), Quarantine.objects.count()) == (1, 0)


def test_the_key_may_stand_anywhere(key):
    for number, (body_key, headers) in enumerate(
        [("", {"Authorization": f"Bearer {key}"}), (key, {}), ("", {"Authorization": _basic(key)})]
    ):
        body = {**PAGE, "messageId": f"m{number}", **({"writeKey": body_key} if body_key else {})}
        assert post("/v1/page", body, **headers).status_code == 200

    assert Event.objects.count() == 3


def _basic(key: str) -> str:
    return f"Basic {base64.b64encode(f'{key}:'.encode()).decode()}"


@pytest.mark.parametrize(
    "kind", ["text/plain", "text/plain;charset=UTF-8", "application/json", "application/csp-report"]
)
def test_any_content_type_is_json(key, kind):
    assert post("/v1/page", PAGE, key, content_type=kind).json() == {"success": True}


def test_gzip_is_unpacked(key):
    answer = post(
        "/v1/batch",
        gzip.compress(json.dumps({"batch": [{"type": "page", **PAGE}]}).encode()),
        key,
        **{"Content-Encoding": "gzip"},
    )

    assert (answer.json(), Event.objects.count()) == ({"success": True}, 1)


def test_bad_calls_are_kept_and_the_good_ones_recorded(key):
    calls = [
        {"type": "page", **PAGE},
        {"type": "page", "messageId": "m2"},
        {"type": "dance", "messageId": "m3"},
        7,
        {"type": "page", **PAGE, "messageId": "m4", "properties": {"x": "\0"}},
    ]

    answer = post("/v1/batch", {"batch": calls}, key)

    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert Event.objects.count() == 1
    assert list(Quarantine.objects.order_by("pk").values_list("message_id", "reason", "endpoint")) == [
        ("m2", "missing-identity", "segment"),
        ("m3", "bad-type", "segment"),
        ("", "wrong-type", "segment"),
        ("m4", "invalid-character", "segment"),
    ]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"batch": 7}', b'{"batch": [], "batch": []}'])
def test_a_malformed_body_is_refused_for_good(key, body):
    answer = post("/v1/batch", body, key)

    assert (answer.status_code, answer.json()["type"]) == (400, "/api/problems/malformed-json")


def test_a_body_over_500_kb_is_too_large(key):
    assert post("/v1/batch", b" " * 512_001, key).status_code == 413


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic nonsense"}, {"Authorization": "Bearer pk_unknown"}])
def test_an_unknown_key_is_refused(headers):
    assert post("/v1/page", PAGE, **headers).status_code == 401


def test_an_unknown_path_is_not_found(key):
    assert post("/v1/dance", PAGE, key).status_code == 404


def test_a_passing_fault_is_one_the_client_tries_again_after(key, settings, monkeypatch):
    monkeypatch.setattr("contacts.doors._looked_at", float("-inf"))
    monkeypatch.setattr("contacts.doors._is_overloaded", False)
    settings.INTAKE_BACKLOG_LIMIT = -1

    answer = post("/v1/page", PAGE, key)

    assert (answer.status_code, answer["Retry-After"]) == (503, "30")


def test_a_page_of_another_site_may_send(key):
    asked = Client().options(
        "/v1/t",
        headers={
            "Origin": "https://shop.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type,x-retry-count",
        },
    )
    sent = post("/v1/p", PAGE, key, Origin="https://shop.example", content_type="text/plain")

    assert asked.status_code == 200
    assert asked["Access-Control-Allow-Origin"] == "*"
    assert {"authorization", "content-type", "x-retry-count"} <= {
        name.strip() for name in asked["Access-Control-Allow-Headers"].lower().split(",")
    }
    assert (sent["Access-Control-Allow-Origin"], sent["Cross-Origin-Resource-Policy"]) == ("*", "cross-origin")
    assert "Access-Control-Allow-Credentials" not in sent


def test_the_browser_client_is_told_to_send_here(key):
    answer = Client().get(f"/v1/projects/{key}/settings", headers={"Origin": "https://shop.example"})

    assert answer.json() == {"integrations": {"Segment.io": {"apiKey": key, "apiHost": "testserver/v1"}}}
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert Client().get("/v1/projects/pk_unknown/settings").status_code == 404


def test_clients_with_wrong_clocks_are_put_right():
    key = write_key(make_source())
    call = {"type": "page", **PAGE, "timestamp": "2031-01-01T10:00:00Z"}

    post("/v1/batch", {"batch": [call], "sentAt": "2031-01-01T10:00:30Z"}, key)

    event = Event.objects.get()
    assert (event.recorded_at - event.occurred_at).total_seconds() == 30


def test_what_was_kept_can_be_replayed_when_it_is_understood():
    key = write_key(make_public_source())
    for number in range(101):
        post("/v1/track", {**PAGE, "messageId": f"m{number}", "event": f"New {number}"}, key)
    kept = Quarantine.objects.get()
    source = kept.source
    EventType.objects.filter(first_source=source).update(is_named=True)

    result = replay(kept, by=None)

    assert (kept.reason, result and result.status, kept.replayed_at is not None) == ("too-many-types", "accepted", True)
    assert (Event.objects.count(), Event.objects.latest("pk").occurred_at) == (101, kept.received_at)


def test_what_a_form_of_ours_said_is_replayed_as_it_came():
    source = make_public_source()
    take(Terms(source, endpoint="form"), [make_message(f"new_{n:03}", "aino@example.com") for n in range(101)])
    kept = Quarantine.objects.get()
    EventType.objects.filter(first_source=source).update(is_named=True)

    with pytest.raises(ValidationError) as refusal:
        replay(kept, by=None, mended=b"{}")
    result = replay(kept, by=None)

    assert (refusal.value.code, result and result.status) == ("not_mendable", "accepted")
    assert Event.objects.filter(contact__emails=["aino@example.com"]).count() == 101


def test_a_visitor_who_identifies_becomes_known_with_all_they_did(key):
    post("/v1/page", PAGE, key)
    post("/v1/identify", {**PAGE, "messageId": "m2", "userId": "u1", "traits": {"email": "aino@example.com"}}, key)
    post("/v1/track", {"messageId": "m3", "userId": "u1", "event": "Quote Requested"}, key)

    contact = Contact.objects.get()
    assert (contact.is_known, contact.emails, contact.events.count()) == (True, ["aino@example.com"], 3)
