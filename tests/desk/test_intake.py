"""The intake at the desk: a program is connected, its first event arrives, and what could not be used is mended."""

import json
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from contacts.models import Claim, Contact, Event, EventType, Job, Quarantine, Source
from contacts.naming import forget_aliases
from crm.desk.intake.live import arrivals
from crm.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from funnel.advancing import advance_pending
from funnel.effects import run_due_effects
from staff.models import ApiKey, AuditRecord, Role
from staff.policy import Principal
from tests.callers import make_caller
from tests.desk.scenes import at_desk, queries_for
from tests.factories import make_contact, make_message, make_public_source, make_source, make_user, record
from tests.funnel.worlds import days, happened, install, person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _path() -> None:
    install()


def connect(client: Client, trust: str = "trusted") -> tuple[Source, str]:
    page = client.post("/intake/connect", {"name": "Web shop", "trust": trust})
    [secret] = set(re.findall(r"[sp]k_[0-9A-Za-z]{46}", page.text))
    return Source.objects.get(key="web-shop"), secret


def send(secret: str, **event: object):
    said = {"message_id": "m1", "type": "page_viewed", "contact": {"email": "first@example.com"}, **event}
    headers = {"Authorization": f"Bearer {secret}"}
    answer = Client().post("/api/v1/events", json.dumps(said), content_type="application/json", headers=headers)
    return answer.json()["results"][0]["status"]


def test_a_program_is_connected_and_each_result_of_what_it_sends_is_seen():
    client, admin = at_desk()
    source, secret = connect(client)
    live = f"/intake/live?source={source.pk}"

    def results():
        return [one.result for one in arrivals(Principal(user=admin), [source.pk])]

    assert "Waiting for your first event" in client.get(live).text
    assert (send(secret), send(secret), send(secret, type="ad_clicked")) == (
        "accepted", "duplicate", "duplicate_conflict",
    )  # fmt: skip
    assert send(secret, message_id="m2", contact={}) == "quarantined"
    assert results() == ["quarantine", "conflict", "again", "recorded"]
    part = client.get(live).text
    assert "first@example.com" in part
    seen = re.search(r"seen=([0-9.]+)", part)
    assert seen
    assert client.get(f"{live}&seen={seen[1]}").status_code == 204


def test_a_public_key_claims_and_a_person_decides():
    client, _admin = at_desk()
    aino = make_contact(email="aino@example.com", name="Aino")
    source, secret = connect(client, "public")
    order = {"type": "order_completed", "contact": {"email": "aino@example.com"}, "properties": {"order_id": "7"}}

    assert [send(secret, message_id=name, **order) for name in ("m1", "m2")] == ["claim", "claim"]
    first, second = Claim.objects.order_by("pk")
    page = client.get("/intake/claims").text
    assert "Aino" in page
    client.post(f"/intake/claims/{first.pk}/confirm")
    client.post(f"/intake/claims/{second.pk}/refuse")
    assert Event.objects.get(contact=aino, source=source).type.key == "order_completed"
    assert "no claim waits" in client.get("/intake/claims").text
    assert list(AuditRecord.objects.filter(object_kind="claim").order_by("pk").values_list("action", flat=True)) == [
        "claim_confirmed",
        "claim_refused",
    ]


def test_keys_are_made_rotated_and_revoked_and_nobody_gives_what_they_have_not():
    client, admin = at_desk()
    source, secret = connect(client)
    page = f"/intake/sources/{source.pk}"
    [key] = ApiKey.objects.all()

    assert secret not in client.get(page).text
    assert client.post(page, {"name": "All", "scopes": ["contacts:read", "staff:manage"]}).status_code == 200
    rotated = client.post(f"/intake/keys/{key.pk}/rotate").text
    [new] = set(re.findall(r"sk_[0-9A-Za-z]{46}", rotated))
    assert (send(secret), send(new)) == ("accepted", "duplicate")
    key.refresh_from_db()
    assert key.expires_at is not None
    newest = ApiKey.objects.latest("pk")
    client.post(f"/intake/keys/{newest.pk}/revoke")
    assert (ApiKey.objects.get(pk=newest.pk).revoked_at is not None, ApiKey.objects.count()) == (True, 3)
    assert client.post("/intake/connect", {"name": "Web Shop", "trust": "public"}).status_code == 422
    caller = make_caller("intake:manage", "events:write")
    refused = caller.post("/api/v1/keys", {"source": source.key, "scopes": ["contacts:read"]})
    made = caller.post("/api/v1/keys", {"source": source.key, "scopes": ["events:write"]})
    assert (refused.status_code, made.status_code, made.json()["secret"][:3]) == (422, 201, "sk_")
    assert admin.pk == key.created_by_id


def test_what_could_not_be_used_is_mended_alone_or_all_of_a_reason_and_taken_back():
    client, _admin = at_desk()
    source, secret = connect(client)
    for number in range(3):
        send(secret, message_id=f"m{number}", contact={})
    kept = Quarantine.objects.order_by("pk")[0]
    page = f"/intake/quarantine/{kept.pk}"

    assert "missing-identity" in client.get("/intake/quarantine?reason=missing-identity").text
    still = client.post(page, {"raw": "{"})
    assert (still.status_code, "malformed-json" in still.text) == (422, True)
    came = bytes(kept.raw)
    mended = json.dumps({"message_id": "m0", "type": "page_viewed", "contact": {"user_id": "7"}})
    assert client.post(page, {"raw": mended}).status_code == 302
    kept.refresh_from_db()
    assert (bytes(kept.raw), kept.replayed_at is not None, Event.objects.filter(source=source).count()) == (
        came,
        True,
        1,
    )

    rest = Quarantine.objects.waiting()
    rest.update(raw=mended.replace("m0", "m9").encode())
    client.post("/intake/quarantine/replay", {"reason": "missing-identity"})
    job = Job.objects.get()
    assert (job.state, job.total, job.done, job.left_alone) == ("done", 2, 2, 0)
    assert not Quarantine.objects.waiting().exists()
    assert client.get(f"/jobs/{job.pk}").status_code == 200
    client.post(f"/jobs/{job.pk}/undo")
    assert Event.objects.standing().filter(source=source).count() == 1


def test_a_type_that_a_source_brought_is_named_by_page_and_program():
    client, _admin = at_desk()
    source = make_source("shop")
    record(source, make_message("webinar_watched", "a@example.com"), make_message("kiosk_used", "a@example.com"))
    first, second = EventType.objects.filter(first_source=source).order_by("key")

    assert "webinar_watched" in client.get("/intake/types").text
    said = {"label_en": "Webinar watched", "label_fi": "Webinaari katsottu", "rank": "2"}
    client.post(f"/intake/types/{second.pk}", {f"t{second.pk}-{name}": value for name, value in said.items()})
    answer = make_caller("intake:manage").patch(f"/api/v1/event-types/{first.pk}", {"label_en": "Kiosk used"})

    assert (answer.status_code, answer.json()["is_named"]) == (200, True)
    named = EventType.objects.filter(first_source=source).order_by("key")
    assert list(named.values_list("label_en", "label_fi", "rank", "is_named")) == [
        ("Kiosk used", "", 1, True),
        ("Webinar watched", "Webinaari katsottu", 2, True),
    ]
    assert "every kind of event has a name" in client.get("/intake/types").text


def test_another_word_for_a_type_we_know_is_recorded_as_that_one_and_repetitions_stay_repetitions():
    client, _admin = at_desk()
    _source, secret = connect(client)
    order = {"type": "purchase_done", "contact": {"email": "first@example.com"}}
    send(secret, message_id="m1", **order)
    kind, meant = EventType.objects.get(key="purchase_done"), EventType.objects.get(key="order_completed")

    client.post(f"/intake/types/{kind.pk}", {f"t{kind.pk}-alias_of": meant.pk, f"t{kind.pk}-rank": "1"})
    forget_aliases()
    again = [send(secret, message_id=name, **order) for name in ("m1", "m2", "m2")]

    assert again == ["duplicate", "accepted", "duplicate"]
    assert list(Event.objects.order_by("pk").values_list("type__key", "rank")) == [
        ("purchase_done", 1),
        ("order_completed", 3),
    ]
    answer = make_caller("intake:manage").patch(f"/api/v1/event-types/{kind.pk}", {"alias_of": "purchase_done"})
    assert answer.status_code == 422


def test_a_webhook_is_added_tried_and_switched_off():
    client, _admin = at_desk()
    made = client.post("/intake/webhooks", {"url": "https://example.com/hook", "dimensions": ["0"]})
    endpoint = WebhookEndpoint.objects.get()
    page = f"/intake/webhooks/{endpoint.pk}"

    assert endpoint.secret in made.text
    assert endpoint.secret not in client.get(page).text
    client.post(f"{page}/test")
    assert "msg_test_" in client.get(page).text
    delivery = WebhookDelivery.objects.get()
    client.post(f"/intake/deliveries/{delivery.pk}/replay")
    client.post(f"{page}/off")
    endpoint.refresh_from_db()
    assert endpoint.disabled_at is not None
    assert "switched off" in client.post(f"{page}/test", follow=True).text
    assert client.post("/intake/webhooks", {"url": "ftp://example.com"}).status_code == 422


def test_what_is_held_back_is_shown_by_reason_and_let_go_on_the_page_and_in_the_api():
    client, _admin = at_desk()
    client.post("/intake/webhooks", {"url": "https://example.com/hook", "dimensions": ["0"]})
    happened(person(), "page_viewed", timezone.now() - days(3))
    advance_pending()
    program = make_caller("webhooks:manage")

    [held] = program.get("/api/v1/effects/held").json()["results"]
    assert (held["kind"], held["reason"], held["number"]) == ("webhook", "old", 1)
    assert "because of moves more than a day old" in client.get("/intake/webhooks").text
    client.post("/intake/held", {"kind": "webhook", "reason": "old"})
    run_due_effects()

    assert WebhookDelivery.objects.count() == 1
    assert "Held back" not in client.get("/intake/webhooks").text
    again = program.post("/api/v1/effects/release", {"kind": "webhook", "reason": "old"})
    assert again.json() == {"released": 0}


def test_staff_see_of_arrivals_only_their_own_people_and_no_secrets():
    client, _seller = at_desk(Role.SALES)
    source = make_public_source("site")
    make_contact(email="theirs@example.com", owner=make_user())
    record(source, make_message("ad_clicked", "theirs@example.com"), make_message("ad_clicked", "nobodys@example.com"))

    page = client.get("/intake").text
    assert ("theirs@example.com" in page, "nobodys@example.com" in page) == (False, True)
    denied = [
        client.get(address).status_code for address in ("/intake/connect", "/intake/quarantine", "/intake/webhooks")
    ]
    assert denied == [403, 403, 403]


def test_the_intake_asks_no_more_for_many_sources_and_arrivals():
    client, _admin = at_desk()

    def asked(more: int) -> int:
        for _number in range(more):
            source = make_source()
            record(
                source, *(make_message("page_viewed", f"p{Contact.objects.count()}-{n}@example.com") for n in range(3))
            )
        return len(queries_for(client, "/intake"))

    assert asked(1) == asked(5) <= 20


def test_no_page_of_the_intake_asks_more_for_many_lines():
    client, _admin = at_desk()
    source, endpoint = make_source(), WebhookEndpoint.objects.create(url="https://hook.example/", secret="whsec_x")
    type_ = EventType.objects.get(key="order_completed")

    def asked(more: int) -> list[int]:
        for _number in range(more):
            key = uuid4()
            EventType.objects.create(key=f"odd_{key.hex}", first_source=source)
            Quarantine.objects.create(source=source, raw=b"{}", reason="odd")
            Claim.objects.create(contact=person(), source=source, type=type_, key=key, digest=1, body={})
            sent = WebhookDelivery.objects.create(endpoint=endpoint, message_id=key.hex, body="{}", state="delivered")
            WebhookAttempt.objects.create(delivery=sent, status=200)
        rooms = ("claims", "quarantine", "types", "webhooks", f"webhooks/{endpoint.pk}")
        return [len(queries_for(client, f"/intake/{room}")) for room in rooms]

    few = asked(1)
    assert asked(5) == few
    assert max(few) <= 9


def test_pages_tell_how_many_messages_wait_up_to_a_thousand():
    client, _admin = at_desk()
    source = make_source()

    def told(waiting: int) -> list[bool]:
        words = "Over 1,000 messages in quarantine" if waiting > 1000 else f"{waiting} messages in quarantine"
        more = waiting - Quarantine.objects.count()
        Quarantine.objects.bulk_create(Quarantine(source=source, raw=b"{}", reason="odd") for _ in range(more))
        return [words in client.get(page).text for page in ("/contacts", "/companies")]

    assert [told(2), told(1000), told(1001)] == [[True, True]] * 3


def test_what_came_in_is_narrowed_to_what_became_of_it():
    client, _admin = at_desk()
    source, secret = connect(client)
    send(secret)
    send(secret)
    for number in range(30):
        send(secret, message_id=f"bad-{number}", contact={})

    def shown(result: str, page: str = "/intake") -> int:
        return client.get(f"{page}?result={result}").text.count('class="in-what"')

    assert [shown(one) for one in ("", "recorded", "again", "quarantine", "claim", "nonsense")] == [25, 1, 1, 25, 0, 25]
    assert shown("recorded", f"/intake/sources/{source.pk}") == 1
    live = client.get("/intake/live?result=recorded")
    assert live.text.count('class="in-what"') == 1
    assert "result=recorded&amp;seen=" in live.text
    assert "None of these lately" in client.get("/intake/live?result=claim").text
    assert "60,000 times a minute" in client.get(f"/intake/sources/{source.pk}").text


def test_deliveries_are_narrowed_by_state_and_opened_to_what_was_sent():
    client, _admin = at_desk()
    client.post("/intake/webhooks", {"url": "https://example.com/hook"})
    endpoint, other = WebhookEndpoint.objects.get(), WebhookEndpoint.objects.create(url="https://x.example", secret="s")
    body = '{"type":"polku.test","data":{"name":"<b>Päivi</b>"}}'
    made = [
        WebhookDelivery.objects.create(endpoint=endpoint, message_id=f"msg_{state}", state=state, body=body)
        for state in ("waiting", "delivered", "failed")
    ]
    WebhookAttempt.objects.create(delivery=made[2], at=timezone.now(), status=500, duration_ms=12)
    page = f"/intake/webhooks/{endpoint.pk}"

    def listed(asked: str) -> list[str]:
        return re.findall(r"<code>msg_(\w+)</code></a>", client.get(f"{page}?{asked}").text)

    assert listed("") == listed("state=nonsense") == ["failed", "delivered", "waiting"]
    assert listed("state=failed") == ["failed"]
    opened = client.get(f"{page}?delivery={made[2].pk}").text
    assert "&quot;name&quot;: &quot;&lt;b&gt;Päivi&lt;/b&gt;&quot;" in opened
    assert "500 · 12 ms" in opened
    WebhookDelivery.objects.filter(pk=made[0].pk).update(body="")
    assert "was erased with the person" in client.get(f"{page}?delivery={made[0].pk}").text
    assert client.get(f"/intake/webhooks/{other.pk}?delivery={made[0].pk}").status_code == 404


def test_the_old_secret_of_a_webhook_signs_until_it_is_retired():
    client, _admin = at_desk()
    client.post("/intake/webhooks", {"url": "https://example.com/hook"})
    endpoint = WebhookEndpoint.objects.get()
    page, program = f"/intake/webhooks/{endpoint.pk}", make_caller("webhooks:manage")
    address = f"/api/v1/webhooks/{endpoint.pk}"

    assert "no old secret" in client.post(f"{page}/retire", follow=True).text
    client.post(f"{page}/rotate")
    assert "Two secrets sign" in client.get(page).text
    assert program.get(address).json()["both_sign"] is True
    client.post(f"{page}/retire")
    endpoint.refresh_from_db()
    assert endpoint.previous_secret == ""
    assert "Two secrets sign" not in client.get(page).text
    program.post(f"{address}/rotate")
    assert program.post(f"{address}/retire").json()["both_sign"] is False
    assert program.post(f"{address}/retire").status_code == 422
    assert AuditRecord.objects.filter(action="webhook_secret_retired").count() == 2


def test_a_try_says_what_came_of_it_and_when_the_next_one_is():
    client, _admin = at_desk()
    client.post("/intake/webhooks", {"url": "https://example.com/hook"})
    endpoint = WebhookEndpoint.objects.get()
    sent = WebhookDelivery.objects.create(
        endpoint=endpoint, message_id="msg_1", state="waiting", body="{}", due_at=timezone.now() + timedelta(minutes=5)
    )
    for status, error in ((302, ""), (None, "No answer in time.")):
        WebhookAttempt.objects.create(delivery=sent, at=timezone.now(), status=status, error=error, duration_ms=12)

    page = client.get(f"/intake/webhooks/{endpoint.pk}", headers={"Accept-Language": "fi"}).text

    assert "302 Uudelleenohjausta ei seurata: anna osoite, johon se johtaa. (12 ms)" in page
    assert "Vastausta ei tullut ajoissa. (12 ms)" in page
    assert "seuraava yritys" in page
