"""How soon we answer, as it is kept: what a plain recount of the clocks that somebody sees says."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from contacts.answer_counts import count_answers
from contacts.clocks import waive_answer
from contacts.erasing import erase_contact, finish_erasures
from contacts.ingest import retract_event
from contacts.merging import cut_merge, merge_contacts
from contacts.models import AnswerClock, AnswerFigure, AnswerMark, Contact, Event
from crm.desk.today.report import Figures, lately, report
from funnel.advancing import advance_everything
from staff.models import Role, WorkWeek
from staff.policy import Principal
from staff.services import drop_team
from staff.worktime import DAY_MIN
from tests.factories import make_team, make_user
from tests.funnel.worlds import happened, install, person, source

pytestmark = pytest.mark.django_db
HELSINKI = ZoneInfo("Europe/Helsinki")
Told = tuple[int, float | None, float | None, int, int, int]


@pytest.fixture(autouse=True)
def _ground(settings: Any) -> None:
    """Everybody works round the clock here, so that the tests do not depend on the hour."""
    settings.TIME_ZONE = "Europe/Helsinki"
    install()
    WorkWeek.objects.create(team=None, time_zone="Europe/Helsinki", week=[[[0, DAY_MIN]]] * 7)


def measured(clocks: Iterable[AnswerClock]) -> Told:
    """What the report says of these, counted one by one."""
    clocks = list(clocks)
    times = sorted(clock.took_s for clock in clocks if clock.took_s is not None and not clock.is_waived)

    def quantile(part: float) -> float | None:
        if not times:
            return None
        place = part * (len(times) - 1)
        below = int(place)
        above = min(below + 1, len(times) - 1)
        return times[below] + (place - below) * (times[above] - times[below])

    in_time = sum(bool(clock.in_time) and not clock.is_waived for clock in clocks)
    ended, running = sum(clock.is_waived for clock in clocks), sum(clock.is_running for clock in clocks)
    return (len(times), quantile(0.5), quantile(0.9), in_time, ended, running)


def recounted(principal: Principal) -> dict[str, dict[str, Told]]:
    today = timezone.localdate(timezone=HELSINKI)
    groups: dict[str, dict[str, list[AnswerClock]]] = defaultdict(lambda: defaultdict(list))
    for clock in AnswerClock.objects.visible_to(principal):
        day = timezone.localdate(clock.asked_at, HELSINKI)
        if day >= today - timedelta(days=30):
            groups["lately"][""].append(clock)
        if day >= today - timedelta(days=today.weekday(), weeks=11):
            groups["week"][str(day - timedelta(days=day.weekday()))].append(clock)
            groups["team"][str(clock.team_id or "")].append(clock)
            groups["person"]["nobody" if clock.is_running else str(clock.answered_by_id or "")].append(clock)
            groups["source"][str(clock.source_id)].append(clock)
    return {name: {key: measured(clocks) for key, clocks in found.items()} for name, found in groups.items()}


def told(one: Figures) -> Told:
    return (one.n, one.median, one.p90, one.in_time, one.ended, one.running)


def shown(principal: Principal) -> dict[str, dict[str, Told]]:
    found = report(principal)
    tables = {
        table.name: {one.key: told(one) for one in table.lines if told(one) != (0, None, None, 0, 0, 0)}
        for table in found.tables
    }
    said = {"lately": {"": told(found.lately)}} | tables
    return {name: lines for name, lines in said.items() if lines}


def ask(who: Contact, at: datetime) -> Event:
    return happened(who, "message_received", at, recorded_at=at, by=source("site" if who.pk % 2 else "shop"))


def test_the_kept_figures_are_a_plain_recount_whatever_was_done():
    luck, now = Random(7), timezone.now()
    staff = [make_user(role=Role.SALES, team=make_team()) for _ in range(3)]
    teams = [user.team for user in staff] + [make_team("Soon gone"), None]
    owners = [*staff, None, None, None]
    people = [person(name=f"N {number}", team=luck.choice(teams), owner=luck.choice(owners)) for number in range(14)]
    chief, gone = Principal(user=make_user(role=Role.MANAGER)), teams[3]
    kept = AnswerFigure.objects.order_by("sight").values_list("sight", flat=True).distinct()
    assert gone
    merge = None

    for step in range(8):
        for who in luck.sample(people, 6):
            at = now - timedelta(days=luck.uniform(0.5, 95), seconds=luck.randrange(80_000))
            ask(who, at)
            if luck.random() < 0.8:
                at += timedelta(seconds=luck.randrange(20_000))
                happened(who, "message_answered", at, recorded_at=at, by_id=luck.choice(staff).pk)
        match step:
            case 2:
                merge = merge_contacts(first=people[0], second=people[1])
            case 3:
                retract_event(event=Event.objects.filter(type__key="message_answered").order_by("pk")[3])
            case 4:
                waive_answer(clock=AnswerClock.objects.running().order_by("pk")[0], by=chief)
            case 5:
                assert merge
                cut_merge(merge=merge)
            case 6:
                drop_team(team=gone, by=chief)
            case 7:
                erase_contact(contact=people[5], by=chief)
                finish_erasures()
        advance_everything()
        AnswerFigure.objects.update(rests_until=now)

        assert count_answers()
        assert list(kept) == [0, *sorted(user.team_id or 0 for user in staff)]
        for looking in (chief, *(Principal(user=user) for user in staff)):
            assert shown(looking) == recounted(looking)
    assert (count_answers(), AnswerMark.objects.count()) == (False, 0)


def test_the_kept_figures_are_shown_as_long_as_somebody_counts():
    seller = make_user(role=Role.SALES, team=make_team())
    chief, now = Principal(user=make_user(role=Role.MANAGER)), timezone.now()
    ask(person(name="Theirs", owner=seller), now - timedelta(hours=2))
    ask(person(name="Foreign", owner=make_user(team=make_team())), now - timedelta(hours=1))
    advance_everything()
    count_answers()
    AnswerFigure.objects.filter(sight=0, part="lately").update(running=99)  # as nobody would count

    seen = [lately(Principal(user=user)).running for user in (seller, make_user(role=Role.SALES))]
    assert (lately(chief).running, *seen) == (99, 1, 0)
    AnswerFigure.objects.update(counted_at=now - timedelta(days=1))
    assert lately(chief).running == 2
    assert count_answers()
    AnswerFigure.objects.filter(sight=0, part="lately").update(running=99)
    AnswerMark.objects.create()
    assert lately(chief).running == 99
    AnswerMark.objects.update(at=now - timedelta(minutes=16))  # nobody has counted since
    assert lately(chief).running == 2
