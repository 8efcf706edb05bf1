"""The board: lanes of people who stand side by side, a page of each in one question to the database."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, Self

from django.db.models import Sum
from django.utils import timezone

from contacts.prepared import Prepared
from funnel.cards import MOST_FOUND, Card, Row, Wish, asked, card, conditions, rows_of
from funnel.models import Health, Pace, PaceCount, Phase, Stage, Standing
from funnel.pacing import Walked, medians_of_stay
from funnel.pictures import sees_everyone
from funnel.scores import scores_now
from funnel.spans import BLOCKS, number_of
from rest.pages import Cursor
from staff.policy import Principal

MOST_COUNTED: Final = 1000  # where no roll-up tells, counting ends here
MOST_OWNERS: Final = 24
EVERY_SOURCE: Final = 0


@dataclass(frozen=True, slots=True)
class Lane:
    """`count` is exact where it says so; otherwise there are at least so many. `value_minor`: what they have bought."""

    key: str
    id: int
    title: str
    stage: Stage | None = None
    count: int = 0
    is_exact: bool = True
    value_minor: int | None = None
    cards: Sequence[Card] = ()
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """Values are in one currency; `currencies` are those people have bought in, the one of most people first."""

    wish: Wish
    lanes: Sequence[Lane]
    stages: Sequence[Stage] = field(repr=False)
    currencies: Sequence[str] = ()
    has_more_than_found: bool = False

    @property
    def people(self) -> int:
        return sum(lane.count for lane in self.lanes)

    @property
    def currency(self) -> str:
        return currency_of(self.wish, self.currencies)


def board(principal: Principal, wish: Wish) -> Board:
    """The lanes with their cards, counts and values, in three statements at most, however many people there are."""
    ground, asked_for = _ground(wish), wish
    wish = replace(wish, currency=currency_of(wish, ground.currencies))
    lanes, counts = LANES_BY[wish.by](principal, wish, ground)
    wanted = [lane for lane in lanes if not wish.lane or lane.key == wish.lane]
    rows = rows_of(principal, wish, [lane.id for lane in wanted if counts.may_have(lane.id)])
    if wish.is_narrow:
        counts = Counts({row.lane: row.of for row in rows}, {row.lane: row.worth for row in rows})
    score = scores_now()
    cards: dict[int, list[tuple[Row, Card]]] = {lane.id: [] for lane in wanted}
    for row in rows:
        cards[row.lane].append((row, card(row, score)))
    laid = [_laid(lane, wish, cards[lane.id], counts) for lane in wanted]
    shown = tuple(lane for lane in laid if lane.stage is None or lane.stage.archived_at is None or lane.count)
    has_more = wish.is_narrow and sum(counts.of.values()) >= MOST_FOUND
    return Board(asked_for, shown, ground.stages, ground.currencies, has_more)


def currency_of(wish: Wish, currencies: Sequence[str]) -> str:
    """The one that is asked for, if anybody has bought in it; else that of most people; none where nobody has."""
    return wish.currency if wish.currency in currencies else next(iter(currencies), "")


@dataclass(frozen=True, slots=True)
class Ground:
    """The stages; how many people stand in each and each health, and what they have bought, by the roll-ups."""

    stages: tuple[Stage, ...]
    people: Sequence[tuple[int, int, int]]  # stage, health, n
    worth: Sequence[tuple[int, int, str, int, int]]  # stage, health, currency, n, minor units

    @property
    def currencies(self) -> list[str]:
        buyers = Counter[str]()
        for _stage, _health, currency, n, _value in self.worth:
            buyers[currency] += n
        return [currency for currency, n in buyers.most_common() if n > 0]

    def counts(self, by: str, currency: str) -> "Counts":
        at = GROUNDED[by]
        people, worth = Counter[int](), Counter[int]()
        for row in self.people:
            people[row[at]] += row[-1]
        for of in self.worth:
            if of[2] == currency:
                worth[of[at]] += of[-1]
        return Counts(people, worth)


GROUNDED: Final[Mapping[str, Literal[0, 1]]] = {"stage": 0, "health": 1}  # whose lanes the roll-ups count
_ROLLED_UP: Final = f"""
 WHERE is_visitor = FALSE AND standing <> {Standing.CLOSED.value}
   AND (%(source)s = {EVERY_SOURCE} OR source_id = %(source)s)
"""
_GROUND: Final = Prepared(
    "board_ground",
    f"""
SELECT (SELECT json_agg(one) FROM (
               SELECT id, key, phase, "order", label_en, label_fi, archived_at FROM funnel_stage ORDER BY "order") one),
       (SELECT json_agg(json_build_array(stage_id, health, n)) FROM (
               SELECT stage_id, health, sum(n)::bigint AS n FROM funnel_stagecount {_ROLLED_UP} GROUP BY 1, 2) one),
       (SELECT json_agg(json_build_array(stage_id, health, currency, n, value_minor)) FROM (
               SELECT stage_id, health, currency, sum(n)::bigint AS n, sum(value_minor)::bigint AS value_minor
                 FROM funnel_stageworth {_ROLLED_UP} GROUP BY 1, 2, 3) one)
""",  # noqa: S608  (numbers of ours)
    is_general=True,
    source="int",
)


def _ground(wish: Wish) -> Ground:
    [(stages, people, worth)] = _GROUND.rows(source=EVERY_SOURCE if wish.source is None else wish.source)
    return Ground(tuple(Stage(**one) for one in stages), people or (), worth or ())


# --- Lanes, how many stand in each, and what they have bought ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Counts:
    of: Mapping[int, int] = field(default_factory=dict)
    worth: Mapping[int, int | None] = field(default_factory=dict)
    are_capped: bool = False  # more than MOST_COUNTED were not counted
    are_known: bool = True

    @classmethod
    def counted(cls, rows: Iterable[tuple[int, int, int | None]], *, are_known: bool = True) -> Self:
        of, worth = {}, {}
        for lane, n, value in rows:
            of[lane], worth[lane] = n, value
        return cls(of, worth, are_capped=True, are_known=are_known)

    def may_have(self, lane: int) -> bool:
        """An empty lane need not be looked for: that would read the whole of it."""
        return not self.are_known or bool(self.of.get(lane))


def _stage_lanes(principal: Principal, wish: Wish, ground: Ground) -> tuple[list[Lane], Counts]:
    lanes = [Lane(stage.key, stage.pk, str(stage), stage) for stage in ground.stages]
    return lanes, _counts(principal, wish, ground, lanes, _COUNT_STAGES)


def _health_lanes(principal: Principal, wish: Wish, ground: Ground) -> tuple[list[Lane], Counts]:
    lanes = [Lane(health.name.lower(), health.value, str(health.label).capitalize()) for health in Health]
    customers = [stage.pk for stage in ground.stages if stage.phase == Phase.CUSTOMER]
    return lanes, _counts(principal, wish, ground, lanes, _COUNT_HEALTH, customer_stages=customers)


def _owner_lanes(principal: Principal, wish: Wish, ground: Ground) -> tuple[list[Lane], Counts]:
    """Whoever asks first, then those whose people they see, then nobody's."""
    where, values = conditions(principal, wish)
    own, team = (principal.user.pk, principal.user.team_id) if principal.user else (0, None)
    values |= {"own": own, "team": team, "sees_all": sees_everyone(principal), "most": MOST_COUNTED + 1}
    values |= {"currency": wish.currency}
    if wish.is_narrow or wish.lane:
        values["most"] = 0  # they are counted as they are laid out
    rows = asked(_OWNERS.format(where=where), values | {"owners": MOST_OWNERS})
    lanes = [Lane(str(id_) if id_ else "nobody", id_, name or "") for id_, name, _n, _value in rows]
    counted = ((id_, n, value) for id_, _name, n, value in rows)
    return lanes, Counts.counted(counted, are_known=bool(values["most"]))


LANES_BY: Final[dict[str, Callable[[Principal, Wish, Ground], tuple[list[Lane], Counts]]]] = {
    "stage": _stage_lanes,
    "owner": _owner_lanes,
    "health": _health_lanes,
}
_WORTH: Final = "(p.worth ->> %(currency)s)::bigint AS worth"
_COUNT_STAGES: Final = f"""
SELECT lane.id, few.n, few.worth
  FROM unnest(%(lanes)s::int[]) AS lane (id)
 CROSS JOIN LATERAL (SELECT count(*) AS n, sum(worth)::bigint AS worth FROM (
       SELECT {_WORTH} FROM funnel_position p
        WHERE p.stage_id = lane.id AND p.is_visitor = FALSE {{where}} LIMIT %(most)s) one) few
"""  # noqa: S608  (of ours)
_COUNT_HEALTH: Final = f"""
SELECT lane.id, few.n, few.worth
  FROM unnest(%(lanes)s::int[]) AS lane (id)
 CROSS JOIN LATERAL (SELECT count(*) AS n, sum(worth)::bigint AS worth FROM (
       SELECT {_WORTH} FROM funnel_position p
        WHERE p.stage_id = ANY(%(customer_stages)s) AND p.is_visitor = FALSE AND p.health = lane.id {{where}}
        LIMIT %(most)s) one) few
"""  # noqa: S608
_OWNERS: Final = f"""
SELECT lane.id, lane.name, few.n, few.worth
  FROM (SELECT id, coalesce(nullif(name, ''), email) AS name FROM staff_user
         WHERE is_active AND (%(sees_all)s OR id = %(own)s OR team_id = %(team)s)
         ORDER BY id <> %(own)s, name, email LIMIT %(owners)s) lane
 CROSS JOIN LATERAL (SELECT count(*) AS n, sum(worth)::bigint AS worth FROM (
       SELECT {_WORTH} FROM contacts_contact o JOIN funnel_position p ON p.contact_id = o.id
        WHERE o.is_listed AND o.owner_id = lane.id AND p.stage_id IS NOT NULL {{where}} LIMIT %(most)s) one) few
 UNION ALL
SELECT 0, NULL, count(*), sum(worth)::bigint FROM (
       SELECT {_WORTH} FROM contacts_contact o JOIN funnel_position p ON p.contact_id = o.id
        WHERE o.is_listed AND o.owner_id IS NULL AND p.stage_id IS NOT NULL {{where}} LIMIT %(most)s) one
"""  # noqa: S608


def _counts(
    principal: Principal, wish: Wish, ground: Ground, lanes: Sequence[Lane], question: str, **values: Any
) -> Counts:
    """From the roll-up where it tells; else by counting, up to a bound. Laid out people bring their own count."""
    if wish.is_narrow:
        return Counts(are_known=False)
    if not wish.owner and sees_everyone(principal):
        return ground.counts(wish.by, wish.currency)
    if wish.lane:
        return Counts(are_known=False)
    where, own = conditions(principal, wish)
    bounds = own | values | {"lanes": [lane.id for lane in lanes], "most": MOST_COUNTED + 1, "currency": wish.currency}
    return Counts.counted(asked(question.format(where=where), bounds))


def _laid(lane: Lane, wish: Wish, found: Sequence[tuple[Row, Card]], counts: Counts) -> Lane:
    shown, n = found[: wish.limit], counts.of.get(lane.id, 0)
    after = None
    if len(found) > wish.limit:
        last = shown[-1][0]
        after = Cursor("board", wish.longest_first, (last.sort.isoformat(), last.contact_id)).text()
    is_exact = not (counts.are_capped and n > MOST_COUNTED)
    return replace(
        lane,
        count=n if is_exact else MOST_COUNTED,
        is_exact=is_exact,
        value_minor=(counts.worth.get(lane.id) or 0) if wish.currency else None,
        cards=tuple(card for _row, card in shown),
        next=after,
    )


# --- How long people usually stay -------------------------------------------------------------------------------------

_SECONDS_REMEMBERED: Final = 60.0
_QUARTERS: Final = 4  # of a year, and what there is of the present one
_remembered: tuple[float, Mapping[int, float]] | None = None


def usual_days() -> Mapping[int, float]:
    """The median length, in days, of the stays in each stage that ended in the past year; everybody's."""
    global _remembered
    now = time.monotonic()
    if _remembered is None or now - _remembered[0] > _SECONDS_REMEMBERED:
        quarter = number_of(timezone.localdate()) // BLOCKS[2]
        ended = PaceCount.objects.filter(kind=Pace.STAYED, level=2, whose=0, block__gte=quarter - _QUARTERS)
        lengths = ended.filter(is_visitor=False).values_list("from_stage", "lag").annotate(n=Sum("n")).order_by()
        walks = Counter({Walked(None, stage, 0, lag): n for stage, lag, n in lengths})
        _remembered = now, medians_of_stay(walks)
    return _remembered[1]
