"""Backtests: a draft over the whole log, nothing of the path written; and what publishing it then brings about."""

import copy
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from contacts.ingest import retract_event
from contacts.merging import merge_contacts
from contacts.models import Contact
from crm.world.living import live_on
from crm.world.loading import fold_people, lay_ground, load_people
from crm.world.people import World
from funnel.advancing import advance_everything
from funnel.backtesting import start_backtest, start_proof, stop_backtest, take_piece, work_off_backtests
from funnel.freezing import freeze_person
from funnel.models import Backtest, BacktestPerson, BacktestPiece, Playbook, PlaybookDraft, Position, Stage, Transition
from funnel.outcomes import Tally
from funnel.publishing import FaultyPlaybookError, publish_playbook, start_draft
from staff.models import Role
from staff.policy import Principal
from tests.factories import make_user
from tests.funnel.worlds import NOON, days, happened, install, person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def by(transactional_db: None) -> Principal:
    install()
    return Principal(user=make_user(role=Role.MARKETER))


def changed(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    document = copy.deepcopy(Playbook.objects.latest("number").document)
    change(document)
    return document


def one_page_makes_a_friend(document: dict[str, Any]) -> None:
    rule = next(rule for rule in document["rules"] if rule["name"] == "Three page views in a month make a friend")
    rule["when"][0]["at_least"] = 1


def draft_of(by: Principal, change: Callable[[dict[str, Any]], None] = one_page_makes_a_friend) -> PlaybookDraft:
    return start_draft(name="Spring", document=changed(change), by=by)


def backtest(draft: PlaybookDraft, by: Principal, since: datetime | None = None) -> Backtest:
    started = start_backtest(draft=draft, since=since, by=by)
    work_off_backtests()
    started.refresh_from_db()
    assert started.state == "done", started.failure
    return started


def found(backtest: Backtest) -> dict[str, Any]:
    assert backtest.result is not None
    return dict(backtest.result)


def path_rows() -> tuple[list[Any], list[Any]]:
    return (
        list(Transition.objects.order_by("pk").values_list()),
        list(Position.objects.order_by("pk").values_list()),
    )


def stages() -> dict[str, int]:
    return dict(Stage.objects.values_list("key", "pk"))


def test_a_backtest_says_who_would_stand_elsewhere_and_writes_nothing_of_the_path(by: Principal) -> None:
    looked, bought, visitor = person(), person(), person(known=False)
    for contact in (looked, bought, visitor):
        happened(contact, "page_viewed", NOON)
    happened(bought, "order_completed", NOON + days(1), value_minor=1200, currency="EUR")
    advance_everything()
    before = path_rows()

    result = found(backtest(draft_of(by), by))

    assert path_rows() == before
    assert {name: result[name] for name in ("people", "visitors", "events", "elsewhere", "otherwise")} == {
        "people": 2,
        "visitors": 1,
        "events": 4,
        "elsewhere": 1,
        "otherwise": 1,
    }
    assert result["stands"] == {"prospecting>retargeting": 1, "customer>customer": 1}
    assert result["moves_before"] == {">prospecting": 2, "prospecting>customer": 1}
    assert result["moves_after"] == {
        ">prospecting": 2,
        "prospecting>retargeting": 2,
        "retargeting>customer": 1,
    }
    assert result["days_after"] == {"retargeting": {"0": 2}, "customer": {"1": 1}}
    assert (result["gained"], result["lost"]) == ({"stage>retargeting": 2}, {})
    names = stages()
    assert list(
        BacktestPerson.objects.order_by("contact_id").values_list(
            "contact_id", "is_elsewhere", "stage_before", "stage_after", "differs_at"
        )
    ) == [
        (looked.pk, True, names["prospecting"], names["retargeting"], NOON),
        (bought.pk, False, names["customer"], names["customer"], NOON),
    ]


def test_before_its_moment_the_draft_moves_nobody(by: Principal) -> None:
    early, late = person(), person()
    happened(early, "page_viewed", NOON)
    happened(late, "page_viewed", NOON + days(2))
    advance_everything()

    done = backtest(draft_of(by), by, since=NOON + days(1))

    assert [one.contact_id for one in BacktestPerson.objects.filter(backtest=done)] == [late.pk]


@pytest.fixture
def world(by: Principal) -> World:
    """People with late events, merges, refunds, retractions and an erasure among them."""
    world = World(4, 260, 4200, timezone.now().replace(hour=0, minute=0, second=0, microsecond=0))
    ground = lay_ground(world)
    load_people(world, ground, 0, world.contacts)
    fold_people(world.contacts)
    live_on(world, ground)
    people = list(Contact.objects.leaders().order_by("pk")[:6])
    merge_contacts(first=people[0], second=people[1])
    retract_event(event=people[2].events.order_by("occurred_at")[0])
    advance_everything()
    freeze_person(contact=people[3])
    Contact.objects.filter(pk=people[3].pk).update(erased_at=timezone.now())
    return world


def test_replaying_the_published_versions_equals_the_live_transitions(by: Principal, world: World) -> None:
    publish_playbook(draft=draft_of(by), since=timezone.now() - days(200), by=by, despite_examples=True)
    advance_everything()
    proof = start_proof(by=by)
    work_off_backtests()
    proof.refresh_from_db()

    live = Transition.objects.live().filter(contact__erased_at=None)
    assert live.count() > 500
    assert {name: found(proof)[name] for name in ("differences", "moves", "people", "waiting")} == {
        "differences": 0,
        "moves": live.count(),
        "people": live.values("contact").distinct().count(),
        "waiting": 0,
    }


@pytest.mark.owner
@pytest.mark.parametrize(
    "broken",
    [
        "UPDATE funnel_transition SET visit = visit + 1 WHERE contact_id = {0} AND seq = 0",
        "UPDATE funnel_transition SET superseded_at = recorded_at + interval '1 s' WHERE contact_id = {0} AND seq = 0",
        "UPDATE funnel_transition SET evidence = '[7]' WHERE contact_id = {0} AND seq = 0",
    ],
)
def test_the_proof_names_whoever_differs(by: Principal, broken: str) -> None:
    contact = person()
    happened(contact, "page_viewed", NOON)
    advance_everything()
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute(broken.format(contact.pk))

    proof = start_proof(by=by)
    work_off_backtests()
    proof.refresh_from_db()

    assert (found(proof)["differences"], found(proof)["differing"]) == (1, [contact.pk])


def test_publishing_brings_about_what_the_backtest_said(by: Principal, world: World) -> None:
    draft, since = draft_of(by), timezone.now() - days(90)
    done = backtest(draft, by, since=since)
    foreseen = dict(BacktestPerson.objects.filter(backtest=done).values_list("contact_id", "stage_after"))
    stood = dict(Position.objects.live().values_list("contact_id", "stage_id"))

    publish_playbook(draft=draft, since=since, by=by, despite_examples=True)
    advance_everything()

    stand = dict(Position.objects.live().filter(is_visitor=False, erased_at=None).values_list("contact_id", "stage_id"))
    moved = {contact: stage for contact, stage in stand.items() if stood[contact] != stage}
    assert moved == {contact: stage for contact, stage in foreseen.items() if stood[contact] != stage} != {}
    done.refresh_from_db()
    assert done.draft is None  # and what it found is kept


def test_a_piece_whose_process_died_is_taken_again_and_given_up_at_the_third_time(by: Principal) -> None:
    happened(person(), "page_viewed", NOON)
    started = start_backtest(draft=draft_of(by), since=None, by=by)
    BacktestPiece.objects.update(attempts=2)
    assert take_piece() is True
    started.refresh_from_db()
    assert started.state == "done"

    other = start_backtest(draft=draft_of(by), since=None, by=by)
    BacktestPiece.objects.update(attempts=3)
    work_off_backtests()
    other.refresh_from_db()

    assert (other.state, other.result) == ("failed", None)
    assert other.failure.startswith("The contacts ")


def test_a_stopped_backtest_leaves_nothing_and_a_new_one_of_a_draft_stops_the_old(by: Principal) -> None:
    happened(person(), "page_viewed", NOON)
    draft = draft_of(by)
    first = start_backtest(draft=draft, since=None, by=by)
    second = start_backtest(draft=draft, since=None, by=by)
    stop_backtest(backtest=second, by=by)
    work_off_backtests()

    assert set(Backtest.objects.values_list("state", flat=True)) == {"stopped"}
    assert not BacktestPiece.objects.filter(backtest=second).exists()
    assert not BacktestPerson.objects.exists()
    first.refresh_from_db()
    assert first.result is None


def test_a_draft_with_faults_and_a_day_to_come_are_refused(by: Principal) -> None:
    faulty = draft_of(by, lambda document: document["rules"].append(document["rules"][1]))

    with pytest.raises(FaultyPlaybookError):
        start_backtest(draft=faulty, since=None, by=by)
    with pytest.raises(ValidationError):
        start_backtest(draft=draft_of(by), since=timezone.now() + days(1), by=by)
    assert not Backtest.objects.exists()


def test_tallies_of_parts_add_up(by: Principal) -> None:
    one = Tally(people=1, stands={"a>b": 1}, days_after={"b": {"3": 2}})
    one += Tally(people=2, stands={"a>b": 2, "a>a": 1}, days_after={"b": {"3": 1, "4": 1}, "c": {"0": 1}})

    assert one == Tally(people=3, stands={"a>b": 3, "a>a": 1}, days_after={"b": {"3": 3, "4": 1}, "c": {"0": 1}})
