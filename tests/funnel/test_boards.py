"""What the board knows: who stands in which lane, how many, page after page, and for whom."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from contacts.models import Company, Contact, Membership, Task
from contacts.projecting import project
from funnel.advancing import advance_everything
from funnel.boards import Board, board
from funnel.cards import Wish, card_of
from funnel.models import Stage
from rest.problems import Problem
from staff.models import Role, User
from staff.policy import Principal
from tests.asking import asked_by
from tests.desk.scenes import ago, asker, buyer
from tests.factories import make_contact, make_source, make_team, make_user
from tests.funnel.worlds import happened, install, person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _path() -> None:
    install()


def somebody(role: Role = Role.ADMIN, **fields: Any) -> Principal:
    return Principal(user=make_user(role=role, **fields))


def names(seen: Board) -> dict[str, list[str]]:
    return {lane.key: [card.name for card in lane.cards] for lane in seen.lanes if lane.cards}


def counts(seen: Board) -> dict[str, int]:
    return {lane.key: lane.count for lane in seen.lanes if lane.count}


def test_people_stand_in_the_lanes_of_their_stages_who_came_last_first():
    asker(ago(9), name="Early")
    asker(ago(2), name="Late")
    buyer(ago(3), name="Buyer")
    person(known=False)
    closed = asker(ago(1), name="Closed")
    happened(closed, "disqualified", ago(0.5))
    advance_everything()

    seen = board(somebody(), Wish())

    assert [lane.key for lane in seen.lanes] == [
        "prospecting", "retargeting", "lead", "customer", "loyalty", "advocate",
    ]  # fmt: skip
    assert names(seen) == {"lead": ["Late", "Early"], "customer": ["Buyer"]}
    assert counts(seen) == {"lead": 2, "customer": 1}
    assert names(board(somebody(), Wish(longest_first=True)))["lead"] == ["Early", "Late"]


def test_a_card_tells_company_owner_cause_and_what_is_overdue():
    seller = make_user(name="Laura Lahti")
    aino = buyer(ago(3), name="Aino", owner=seller)
    Membership.objects.create(contact=aino, company=Company.objects.create(name="Nordlogi Oy"))
    due = timezone.now() - timedelta(days=1)
    Task.objects.create(contact=aino, title="Call back", due_at=due)
    Task.objects.create(contact=aino, title="Write", due_at=timezone.now() + timedelta(days=1))
    advance_everything()

    card = card_of(somebody(), aino.pk)

    assert card
    assert card.cause
    assert (card.name, card.company, card.owner, card.health, card.overdue, card.overdue_at) == (
        "Aino", "Nordlogi Oy", "Laura Lahti", 1, "Call back", due,
    )  # fmt: skip
    assert (card.cause.type, card.cause.value_minor, card.cause.currency) == ("order_completed", 2550, "EUR")
    assert (round(card.score), card.is_folding) == (47, False)


def test_somebody_with_something_left_to_fold_says_so():
    aino = buyer(ago(3), name="Aino")
    advance_everything()

    happened(aino, "page_viewed")

    card = card_of(somebody(), aino.pk)
    assert card
    assert card.is_folding


@pytest.mark.parametrize("by", ["stage", "owner", "health"])
@pytest.mark.parametrize("longest_first", [False, True])
def test_pages_of_a_lane_hold_everybody_once(by: str, longest_first: bool):
    principal = somebody()
    for number in range(11):
        buyer(ago(1 + number % 4), name=f"Person {number:02}", owner=principal.user)
    advance_everything()
    lane = {"stage": "customer", "owner": str(principal.user and principal.user.pk), "health": "active"}[by]

    seen: list[list[str]] = []
    after: str | None = ""
    while after is not None:
        [page] = board(principal, Wish(by=by, lane=lane, limit=4, after=after or "", longest_first=longest_first)).lanes
        seen.append([card.name for card in page.cards])
        after = page.next

    assert [len(names) for names in seen] == [4, 4, 3]
    assert sorted(name for names in seen for name in names) == [f"Person {number:02}" for number in range(11)]


def test_a_cursor_of_another_order_is_refused():
    principal = somebody()
    for _ in range(3):
        asker(ago(1))
    advance_everything()
    [lane] = board(principal, Wish(lane="lead", limit=1)).lanes

    for wish in (Wish(lane="lead", after=lane.next or "", longest_first=True), Wish(lane="lead", after="made-up")):
        with pytest.raises(Problem):
            board(principal, wish)


def test_lanes_by_owner_begin_with_whoever_asks_and_end_with_nobody():
    principal = somebody(name="Zoe")
    other = make_user(name="Arto")
    asker(ago(1), name="Own", owner=principal.user)
    asker(ago(1), name="Arto's", owner=other)
    asker(ago(1), name="Nobody's")
    advance_everything()

    seen = board(principal, Wish(by="owner"))

    assert [lane.title for lane in seen.lanes] == ["Zoe", "Arto", ""]
    assert [[card.name for card in lane.cards] for lane in seen.lanes] == [["Own"], ["Arto's"], ["Nobody's"]]
    assert [lane.count for lane in seen.lanes] == [1, 1, 1]


def test_lanes_by_health_hold_customers_who_came_into_it_last_first():
    buyer(ago(400), name="Lapsed")
    buyer(ago(250), name="Cooling")
    buyer(ago(240), name="Cooling later")
    twice = buyer(ago(300), name="Active again")
    happened(twice, "order_completed", ago(5))
    asker(ago(2), name="No customer")
    advance_everything()

    seen = board(somebody(), Wish(by="health"))

    assert [lane.key for lane in seen.lanes] == ["active", "cooling", "lapsed"]
    assert names(seen) == {"active": ["Active again"], "cooling": ["Cooling later", "Cooling"], "lapsed": ["Lapsed"]}
    assert counts(seen) == {"active": 1, "cooling": 2, "lapsed": 1}


def everybody(principal: Principal, team_mate: User) -> None:
    shop, fair = make_source("web"), make_source("fair")
    asker(ago(4), name="Own", owner=principal.user, origin_source=shop)
    asker(ago(3), name="Team's", owner=team_mate, origin_source=fair)
    asker(ago(2), name="Nobody's", origin_source=shop)
    buyer(ago(1), name="Other's", owner=make_user(), origin_source=fair)
    advance_everything()


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        ("", {"lead": ["Nobody's", "Team's", "Own"], "customer": ["Other's"]}),
        ("mine", {"lead": ["Own"]}),
        ("team", {"lead": ["Team's", "Own"]}),
        ("nobody", {"lead": ["Nobody's"]}),
    ],
)
def test_the_board_of_some_owners_shows_theirs_and_counts_them(owner: str, expected: dict[str, list[str]]):
    team = make_team()
    principal = somebody(team=team)
    everybody(principal, make_user(team=team))

    seen = board(principal, Wish(owner=owner))

    assert names(seen) == expected
    assert counts(seen) == {lane: len(people) for lane, people in expected.items()}


def test_sales_see_their_own_their_teams_and_nobodys_on_the_board():
    team = make_team()
    principal = somebody(Role.SALES, team=team)
    everybody(principal, make_user(team=team))

    seen = board(principal, Wish())

    assert (names(seen), counts(seen)) == ({"lead": ["Nobody's", "Team's", "Own"]}, {"lead": 3})
    other = Contact.objects.get(name="Other's")
    assert card_of(principal, other.pk) is None


def test_a_source_narrows_the_lanes_and_their_counts():
    principal = somebody()
    everybody(principal, make_user())
    fair = Contact.objects.get(name="Other's").origin_source_id

    seen = board(principal, Wish(source=fair))

    assert (names(seen), counts(seen)) == ({"lead": ["Team's"], "customer": ["Other's"]}, {"lead": 1, "customer": 1})


def test_words_find_people_within_the_board():
    for name in ("Åsa Hämäläinen", "Matti Hamari", "Aino Virta"):
        contact = make_contact(name=name)
        happened(contact, "contact_created", ago(2), properties={"name": name})
        happened(contact, "quote_requested", ago(1))
        project([contact.pk])
    advance_everything()

    seen = board(somebody(), Wish(words="ham"))

    assert ({key: sorted(some) for key, some in names(seen).items()}, counts(seen)) == (
        {"lead": ["Matti Hamari", "Åsa Hämäläinen"]}, {"lead": 2},
    )  # fmt: skip


def test_an_archived_stage_is_a_lane_as_long_as_somebody_stands_there():
    asker(ago(1), name="Left behind")
    advance_everything()
    Stage.objects.filter(key__in=["lead", "advocate"]).update(archived_at=timezone.now())

    assert [lane.key for lane in board(somebody(), Wish()).lanes] == [
        "prospecting", "retargeting", "lead", "customer", "loyalty",
    ]  # fmt: skip


@pytest.mark.parametrize("wish", [Wish(), Wish(by="owner"), Wish(by="health"), Wish(owner="mine"), Wish(words="per")])
@pytest.mark.parametrize("role", [Role.ADMIN, Role.SALES])
def test_a_board_costs_three_statements_however_many_stand_on_it(wish: Wish, role: Role):
    principal = somebody(role, team=make_team())
    for number in range(30):
        buyer(ago(number), name=f"Person {number}", owner=principal.user)
    advance_everything()

    assert len(asked_by(lambda: board(principal, wish))) <= 3


def test_lanes_tell_what_their_people_bought_and_kept_in_one_currency_at_a_time():
    principal, other = somebody(), make_user()
    own = buyer(ago(3), name="Own", owner=principal.user)  # for 25.50 euros
    happened(own, "order_completed", ago(2), value_minor=1000, currency="EUR")
    happened(own, "order_refunded", ago(1), value_minor=300, currency="EUR")
    project([buyer(ago(3), name="Other's", owner=other).pk])
    abroad = asker(ago(3), name="Abroad", owner=other)
    happened(abroad, "order_completed", ago(2), value_minor=8000, currency="USD")
    asker(ago(2), name="No customer")
    advance_everything()

    def values(wish: Wish, who: Principal = principal) -> dict[str, int | None]:
        return {lane.key: lane.value_minor for lane in board(who, wish).lanes if lane.count}

    whole = board(principal, Wish())
    assert (whole.currency, list(whole.currencies)) == ("EUR", ["EUR", "USD"])
    assert values(Wish()) == {"lead": 0, "customer": 2550, "loyalty": 3250}
    assert values(Wish(currency="USD")) == {"lead": 0, "customer": 8000, "loyalty": 0}
    assert values(Wish(by="health")) == {"active": 5800}
    assert values(Wish(owner="mine")) == {"loyalty": 3250}
    assert values(Wish(words="other")) == {"customer": 2550}
    assert values(Wish(by="owner")) == {str(own.owner_id): 3250, str(other.pk): 2550, "nobody": 0}
    assert values(Wish(), somebody(Role.SALES)) == {"lead": 0}
