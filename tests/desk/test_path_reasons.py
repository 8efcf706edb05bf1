"""What the path says beside its figures: where the missing come from, what stopped, how health changed, other plans."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from campaigns.models import Target
from contacts.models import Source
from funnel.advancing import advance_everything
from funnel.leaks import stopped
from funnel.spans import day_of
from tests.desk.scenes import ago, asker, at_desk, buyer, queries_for
from tests.funnel.worlds import happened, install, source

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _path() -> None:
    install()


def leads(came: float, number: int, going_on: int, origin: Source, after: float = 5) -> None:
    for one in range(number):
        contact = asker(ago(came), origin_source=origin)
        if one < going_on:
            happened(contact, "order_completed", ago(came - after))


def test_the_leak_names_the_source_most_of_the_missing_are_from_and_what_stopped():
    client, _user = at_desk()
    insta, shop = source("instagram"), source()
    leads(70, 40, 30, insta, after=30)  # the last of them went on 40 days ago
    leads(45, 40, 8, insta, after=5)
    leads(70, 20, 10, shop)
    leads(40, 20, 9, shop)
    advance_everything()

    page = client.get("/")
    origin = page.context["beside"].origin

    assert page.context["walk"].leak.missing == 23  # 60 at the rate of 40 of 60 would be 40, and 17 went on
    assert (origin.source, origin.missing) == ("instagram", 22)
    assert (origin.onward.converted, origin.onward.entered) == (8, 40)
    assert (origin.onward_before.converted, origin.onward_before.entered) == (30, 40)
    assert "22 of them are from instagram</b>: there 8 of 40 went on, before 30 of 40." in page.text
    assert origin.stopped.used_to == 38
    assert origin.stopped.day == timezone.localdate(timezone.now() - timedelta(days=40))
    assert len(queries_for(client, "/")) <= 6


def test_a_leak_that_no_single_source_accounts_for_names_none():
    client, _user = at_desk()
    for name in ("one", "two", "three"):
        leads(70, 20, 15, source(name))
        leads(40, 20, 7, source(name))
    advance_everything()

    page = client.get("/")

    assert page.context["walk"].leak.missing == 24
    assert page.context["beside"].origin is None
    assert "of them are from" not in page.text


@pytest.mark.parametrize(
    ("on", "used_to"),
    [
        ({100: 28, 119: 1}, None),  # somebody went on yesterday
        ({100: 28}, 28),  # twenty would have gone on since
        ({100: 5}, None),  # so few that twenty days are no wonder
        ({70: 90, 100: 14}, 14),  # what was long ago is not usual any more
        ({}, None),
    ],
)
def test_going_on_has_stopped_when_ten_would_have_gone_on_since(on, used_to):
    found = stopped(on, 120)

    assert (found and (found.day, found.used_to)) == (used_to and (day_of(100), used_to))


def test_health_tells_how_it_changed_in_the_period():
    client, _user = at_desk()
    buyer(ago(3)), buyer(ago(5)), buyer(ago(300))
    advance_everything()

    page = client.get("/?days=30")

    assert page.context["walk"].health_change == {"active": 2, "cooling": 0, "lapsed": 0}
    assert ">+2</span>" in page.text
    assert client.get("/?days=90").context["walk"].health_change == {"active": 2, "cooling": 0, "lapsed": 0}


def test_targets_of_another_month_are_set_and_compared():
    client, _user = at_desk()
    today = timezone.localdate()
    last_month = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    buyer(ago((today - last_month).days - 2)), buyer(ago(0.01))
    advance_everything()

    form = client.get(f"/path/targets?month={last_month:%Y-%m}")
    client.post("/path/targets", {"month": last_month.isoformat(), "customer": "4"})
    plan = client.get(f"/?month={last_month:%Y-%m}").context["plan"]

    assert f'value="{last_month.isoformat()}"' in form.text
    assert list(Target.objects.values_list("stage__key", "month", "people")) == [("customer", last_month, 4)]
    assert [(line.stage.key, line.came, line.target, line.expected) for line in plan.lines] == [("customer", 1, 4, 100)]
    assert client.get("/").context["plan"].lines == []
    assert client.get("/?month=2998-01").context["walk"].plan_month == date(2998, 1, 1)
