"""A move becomes a signed message, at least once, and every try can be read."""

import json
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone
from standardwebhooks import Webhook

from crm.models import DeliveryState, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from crm.webhooks import delivering
from crm.webhooks.delivering import SCHEDULE, deliver_webhooks, wait_after
from crm.webhooks.egress import Reply
from crm.webhooks.services import make_secret
from funnel.advancing import advance_everything
from funnel.effects import EFFECT_KINDS, EffectKind, run_due_effects
from funnel.models import Dimension, Effect, EffectState, Transition
from tests.callers import make_caller
from tests.factories import make_contact, make_event
from tests.funnel.worlds import install
from tests.webhooks.receiver import receiving

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _path(db):
    install()


@pytest.fixture
def receiver(settings):
    settings.SETTLE_WINDOW_S = 0
    with receiving() as receiver:
        settings.WEBHOOK_ALLOW = [receiver.url.split("/")[2]]
        yield receiver


def make_endpoint(url, **fields):
    return WebhookEndpoint.objects.create(url=url, secret=make_secret(), **fields)


def move_somebody():
    contact = make_contact(email="aino@example.com")
    make_event("form_submitted", contact)
    advance_everything()
    run_due_effects()
    return contact


def make_due():
    WebhookDelivery.objects.filter(state=DeliveryState.WAITING).update(due_at=timezone.now())


def test_a_move_is_delivered_and_the_reference_library_accepts_the_signature(receiver):
    endpoint = make_endpoint(receiver.url)
    contact = move_somebody()

    deliver_webhooks()

    heard = {Webhook(endpoint.secret).verify(body, headers)["data"]["to"] for headers, body in receiver.got}
    assert heard == {"prospecting", "lead"}
    lead = next(json.loads(body) for _, body in receiver.got if b'"to":"lead"' in body)
    assert lead["type"] == "contact.stage_changed"
    assert lead["data"]["contact"] == {"id": contact.pk, "email": ["aino@example.com"]}
    assert lead["data"]["from"] == "prospecting"
    assert {one.state for one in WebhookDelivery.objects.all()} == {DeliveryState.DELIVERED}
    assert {one.state for one in Effect.objects.all()} == {EffectState.DONE}


def test_a_move_that_is_superseded_after_it_was_found_standing_is_told_as_it_stood(receiver, monkeypatch):
    """Another effect, run just before, stands for the worker who folds the person at that moment."""

    def supersede(effects):
        Transition.objects.filter(pk__in=[effect.transition_id for effect in effects]).update(superseded_at=Now())

    make_endpoint(receiver.url)
    monkeypatch.setitem(EFFECT_KINDS, "a fold", EffectKind(wanted=lambda: [Dimension.STAGE], run=supersede))
    move_somebody()

    deliver_webhooks()

    assert sorted(json.loads(body)["data"]["to"] for _, body in receiver.got) == ["lead", "prospecting"]
    assert {one.state for one in Effect.objects.all()} == {EffectState.DONE}
    assert not Transition.objects.live().exists()


def test_a_failed_try_is_written_down_and_comes_again_under_the_same_id(receiver):
    make_endpoint(receiver.url, dimensions=[Dimension.STAGE])
    receiver.statuses = [500, 500]
    move_somebody()

    deliver_webhooks()
    make_due()
    deliver_webhooks()
    make_due()
    deliver_webhooks()

    ids = [headers["webhook-id"] for headers, _ in receiver.got]
    assert len(ids) == 4
    assert len(set(ids)) == 2
    assert {one.state for one in WebhookDelivery.objects.all()} == {DeliveryState.DELIVERED}
    statuses = WebhookAttempt.objects.order_by("status").values_list("status", flat=True)
    assert list(statuses) == [204, 204, 500, 500]


def test_the_schedule_is_ten_tries_over_seventy_five_hours(monkeypatch):
    monkeypatch.setattr(delivering, "JITTER", 0)
    waits = [wait_after(tried, Reply(500)) for tried in range(1, 11)]

    assert waits[-1] is None
    assert sum(filter(None, waits), timedelta()) == timedelta(hours=75, minutes=35, seconds=5)
    assert len(SCHEDULE) == 9


def test_a_receiver_that_asks_for_time_gets_it():
    assert wait_after(1, Reply(429, retry_after="3600")) == timedelta(hours=1)
    assert wait_after(1, Reply(503, retry_after="999999999")) == timedelta(days=1)
    assert wait_after(1, Reply(503, retry_after="9" * 5000)) == timedelta(days=1)


def test_gone_switches_the_endpoint_off(receiver):
    endpoint = make_endpoint(receiver.url)
    receiver.statuses = [410, 410, 410]
    move_somebody()

    deliver_webhooks()

    endpoint.refresh_from_db()
    assert endpoint.disabled_at is not None
    assert endpoint.disabled_reason == "It answered 410 Gone."


def test_an_endpoint_that_failed_for_days_is_switched_off(receiver):
    endpoint = make_endpoint(receiver.url, failing_since=timezone.now() - timedelta(days=6))
    receiver.statuses = [500]
    move_somebody()

    delivering.deliver_some()

    endpoint.refresh_from_db()
    assert endpoint.disabled_reason == "It failed for five days."


def test_a_lease_that_ran_out_is_sent_again(receiver):
    make_endpoint(receiver.url, dimensions=[Dimension.STAGE])
    move_somebody()
    lost = delivering._claim()  # the worker dies here
    assert delivering.deliver_some() == 0
    WebhookDelivery.objects.update(due_at=timezone.now(), leased_until=timezone.now())

    deliver_webhooks()

    assert len(receiver.got) == len(lost) == 2


def test_a_failing_endpoint_is_tried_by_one_delivery_at_a_time(receiver):
    make_endpoint(receiver.url, failing_since=timezone.now())
    move_somebody()

    assert len(delivering._claim()) == 1
    assert delivering._claim() == []


def test_nobody_listening_makes_no_effects():
    move_somebody()

    assert not Effect.objects.exists()


def test_both_secrets_sign_after_a_rotation(receiver):
    caller = make_caller()
    made = caller.post("/api/v1/webhooks", {"url": receiver.url, "dimensions": ["stage"]}).json()
    rotated = caller.post(f"/api/v1/webhooks/{made['id']}/rotate").json()
    move_somebody()

    deliver_webhooks()

    headers, body = receiver.got[0]
    for secret in (made["secret"], rotated["secret"]):
        assert Webhook(secret).verify(body, headers)["type"] == "contact.stage_changed"


def test_the_secret_is_shown_once(receiver):
    caller = make_caller()
    made = caller.post("/api/v1/webhooks", {"url": receiver.url}).json()

    assert made["secret"].startswith("whsec_")
    assert "secret" not in caller.get(f"/api/v1/webhooks/{made['id']}").json()
    assert "secret" not in caller.get("/api/v1/webhooks").json()["results"][0]


def test_a_private_address_is_refused_when_it_is_typed_in():
    refusal = make_caller().post("/api/v1/webhooks", {"url": "http://localhost/hook"})

    assert refusal.status_code == 422
    assert not WebhookEndpoint.objects.exists()


def test_a_test_message_goes_the_same_way_and_can_be_sent_again(receiver):
    caller = make_caller()
    made = caller.post("/api/v1/webhooks", {"url": receiver.url}).json()
    sent = caller.post(f"/api/v1/webhooks/{made['id']}/test").json()
    deliver_webhooks()
    caller.post(f"/api/v1/webhooks/deliveries/{sent['id']}/replay")
    deliver_webhooks()

    assert [headers["webhook-id"] for headers, _ in receiver.got] == [sent["message_id"]] * 2
    [delivery] = caller.get("/api/v1/webhooks/deliveries?state=delivered").json()["results"]
    assert [one["status"] for one in delivery["tries"]] == [204, 204]
    assert delivery["body"]["type"] == "polku.test"


def test_a_switched_off_endpoint_gets_what_waited_when_it_is_on_again(receiver):
    caller = make_caller()
    made = caller.post("/api/v1/webhooks", {"url": receiver.url, "dimensions": ["stage"]}).json()
    move_somebody()
    caller.patch(f"/api/v1/webhooks/{made['id']}", {"enabled": False})
    deliver_webhooks()
    assert receiver.got == []

    caller.patch(f"/api/v1/webhooks/{made['id']}", {"enabled": True})
    deliver_webhooks()

    assert len(receiver.got) == 2


def test_deliveries_need_the_scope():
    caller = make_caller("contacts:read")

    assert caller.get("/api/v1/webhooks/deliveries").status_code == 403
