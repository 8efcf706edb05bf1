"""What calls of the Segment spec mean to us."""

from datetime import datetime
from typing import Any

import pytest

from contacts.messages import ContactRef, Refusal
from contacts.segment import folded, message_of
from tests.factories import moment

CALL: dict[str, Any] = {"messageId": "m1", "anonymousId": "a1", "timestamp": "2026-03-01T12:00:00.000Z"}


def meant(**call: Any) -> tuple[str, dict[str, Any]]:
    message = message_of({**CALL, **call})
    return message.type, message.properties


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        ("Order Completed", "order_completed"),
        ("orderCompleted", "order_completed"),
        ("order_completed", "order_completed"),
        ("  ORDER   completed ", "order_completed"),
        ("HTTPRequest Sent2", "http_request_sent_2"),
        ("Tilaus tehtyä", "tilaus_tehtya"),
        ("Email Link Clicked", "email_clicked"),
        ("Email Opened", "email_opened"),
        ("Unsubscribed", "unsubscribed"),
        ("Order Refunded", "order_refunded"),
        ("Order Cancelled", "order_refunded"),
        ("Signed Up", "form_submitted"),
        ("Product Reviewed", "review_posted"),
        ("Product Viewed", "product_viewed"),
        ("Contact Created", "tracked_contact_created"),
    ],
)
def test_a_tracked_name_becomes_a_type(name, type_):
    assert meant(type="track", event=name) == (type_, {})


def test_an_identify_gives_details():
    traits = {
        "firstName": "Aino",
        "lastName": "Virtanen",
        "email": "Aino@Example.com",
        "phone": "+358 40 123 4567",
        "title": "Engineer",
        "company": {"name": "Metsä Oy", "employees": 7},
        "address": {"city": "Oulu", "country": "Finland"},
        "favoriteColor": "blue",
        "owner": "Mallory",
    }

    message = message_of({**CALL, "type": "identify", "userId": 7, "traits": traits})

    assert message.type == "attributes_changed"
    assert message.contact == ContactRef(user_id="7", anonymous_id="a1", email="aino@example.com")
    assert message.properties == {
        "name": "Aino Virtanen",
        "email": "aino@example.com",
        "phone": "+358401234567",
        "title": "Engineer",
        "company": "Metsä Oy",
        "country": "FI",
        "address_city": "Oulu",
        "favorite_color": "blue",
        "trait_owner": "Mallory",
    }


def test_a_phone_nobody_can_call_is_kept_as_it_was_said():
    assert meant(type="identify", traits={"phone": "call me"}) == ("attributes_changed", {"phone": "call me"})


def test_a_group_is_where_somebody_works():
    assert meant(type="group", groupId="g7", traits={"name": "Metsä Oy"}) == (
        "attributes_changed",
        {"company": "Metsä Oy", "company_id": "g7"},
    )


@pytest.mark.parametrize("kind", ["page", "screen"])
def test_a_page_or_screen_was_viewed(kind):
    assert meant(type=kind, name="Prices", category="Shop", properties={"path": "/prices"}) == (
        "page_viewed",
        {"name": "Prices", "category": "Shop", "path": "/prices"},
    )


def test_an_alias_says_that_two_names_are_one():
    message = message_of({"type": "alias", "messageId": "m1", "previousId": "a1", "userId": "u1"})

    assert (message.type, message.contact, message.properties) == (
        "attributes_changed",
        ContactRef(user_id="u1", anonymous_id="a1"),
        {},
    )


@pytest.mark.parametrize(
    ("properties", "value"),
    [
        ({"revenue": 12.5, "currency": "EUR"}, (1250, "EUR")),
        ({"total": "12.50", "currency": "eur"}, (1250, "EUR")),
        ({"value": 19.990000000000002, "currency": "EUR"}, (1999, "EUR")),
        ({"revenue": 1, "total": 2, "value": 3, "currency": "EUR"}, (100, "EUR")),
        ({"revenue": 12.5}, (None, None)),
        ({"revenue": 12.5, "currency": "gold"}, (None, None)),
        ({"revenue": None, "value": 3, "currency": "EUR"}, (300, "EUR")),
        ({}, (None, None)),
    ],
)
def test_money_is_revenue_total_or_value_in_the_stated_currency(properties, value):
    message = message_of({**CALL, "type": "track", "event": "Order Completed", "properties": properties})

    assert ((message.value_minor, message.currency), message.properties) == (value, properties)


@pytest.mark.parametrize(
    ("call", "occurred_at", "sent_at"),
    [
        ({}, None, None),
        ({"timestamp": "2026-03-01T12:00:00Z"}, moment("2026-03-01 12:00"), None),
        ({"timestamp": "2026-03-01T14:00:00+02:00"}, moment("2026-03-01 12:00"), None),
        (
            {"originalTimestamp": "2026-03-01T11:00:00Z", "timestamp": "2026-03-01T12:00:00Z"},
            moment("2026-03-01 11:00"),
            None,
        ),
        ({"sentAt": "2026-03-01T12:00:01Z"}, None, moment("2026-03-01 12:00:01")),
        ({"sentAt": "nonsense"}, None, None),
    ],
)
def test_moments_are_those_of_the_senders_clock(call: dict[str, Any], occurred_at: datetime, sent_at: datetime):
    message = message_of({"type": "page", "messageId": "m1", "userId": "u1", **call})

    assert (message.occurred_at, message.sent_at) == (occurred_at, sent_at)


def test_the_envelope_says_when_it_was_sent_and_what_a_single_call_is():
    message = message_of({"messageId": "m1", "userId": "u1"}, kind="page", sent_at="2026-03-01T12:00:00Z")

    assert (message.type, message.sent_at) == ("page_viewed", moment("2026-03-01 12:00"))


def test_another_attempt_to_send_is_the_same_message():
    first, second = (
        message_of({**CALL, "type": "page", "sentAt": f"2026-03-01T12:00:0{second}Z"}) for second in (1, 2)
    )

    assert first.body == second.body


def test_without_an_id_the_same_words_of_the_same_moment_are_the_same_message():
    call = {"type": "page", "userId": "u1"}
    dated = {**call, "timestamp": "2026-03-01T12:00:00Z"}

    assert message_of(dated).message_id == message_of(dated).message_id
    assert message_of(call).message_id != message_of(call).message_id


def test_the_campaign_of_the_context_is_the_campaign():
    message = message_of({**CALL, "type": "page", "context": {"campaign": {"name": "spring sale"}}})

    assert message.campaign == "spring sale"


@pytest.mark.parametrize(
    ("call", "reason", "pointer"),
    [
        (7, "wrong-type", ""),
        ({}, "missing-type", "/type"),
        ({"type": "dance"}, "bad-type", "/type"),
        ({"type": "track", "userId": "u1"}, "missing-type", "/event"),
        ({"type": "track", "userId": "u1", "event": "!"}, "bad-type", "/event"),
        ({"type": "page"}, "missing-identity", "/userId"),
        ({"type": "page", "userId": None, "anonymousId": ""}, "missing-identity", "/userId"),
        ({"type": "page", "userId": ["u1"]}, "wrong-type", "/userId"),
        ({"type": "group", "userId": "u1"}, "missing-identity", "/groupId"),
        ({"type": "identify", "userId": "u1", "traits": {"email": "nobody"}}, "bad-email", "/traits/email"),
        ({"type": "page", "userId": "u1", "timestamp": "then"}, "bad-time", "/timestamp"),
        ({"type": "page", "userId": "u1", "timestamp": 1700000000}, "bad-time", "/timestamp"),
        ({"type": "page", "userId": "u" * 255}, "too-long", "/userId"),
        ({"type": "page", "userId": "u1", "properties": {"x": "x" * 33_000}}, "too-large", ""),
        (
            {"type": "track", "userId": "u1", "event": "A", "properties": {"value": "x", "currency": "EUR"}},
            "bad-amount",
            "/properties",
        ),
    ],
)
def test_a_call_that_means_nothing_is_refused(call, reason, pointer):
    with pytest.raises(Refusal) as refusal:
        message_of(call)

    assert (refusal.value.reason, refusal.value.pointer) == (reason, pointer)


def test_folding_twice_changes_nothing():
    for name in ("Order Completed", "A1b2", "ÄÖ", "x" * 300):
        assert folded(folded(name)) == folded(name)
