"""The board: lanes of people who stand side by side, a page of each in one question to the database."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import Sum
from django.utils import timezone

from contacts.prepared import Prepared
from funnel.cards import MOST_FOUND, Card, Row, Wish, asked, card, conditions, rows_of
from funnel.models import Health, Pace, PaceCount, Phase, Stage, StageCount, Standing
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
    """`count` is exact where it says so; otherwise there are at least so many."""

    key: str
    id: int
    title: str
    stage: Stage | None = None
    count: int = 0
    is_exact: bool = True
    cards: Sequence[Card] = ()
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Board:
    wish: Wish
    lanes: Sequence[Lane]
    stages: Sequence[Stage] = field(repr=False)
    has_more_than_found: bool = False

    @property
    def people(self) -> int:
        return sum(lane.count for lane in self.lanes)


def board(principal: Principal, wish: Wish) -> Board:
    """The lanes with their cards and counts, in three statements at most, however many people there are."""
    stages, people = _stages(wish)
    lanes, counts = LANES_BY[wish.by](principal, wish, stages)
    if wish.by == "stage" and not wish.owner and not wish.is_narrow and sees_everyone(principal):
        counts = Counts(people)
    wanted = [lane for lane in lanes if not wish.lane or lane.key == wish.lane]
    rows = rows_of(principal, wish, [lane.id for lane in wanted if counts.may_have(lane.id)])
    if wish.is_narrow:
        counts = Counts({row.lane: row.of for row in rows})
    score = scores_now()
    cards = [(row, card(row, score)) for row in rows]
    laid = [_laid(lane, wish, [pair for pair in cards if pair[0].lane == lane.id], counts) for lane in wanted]
    shown = tuple(lane for lane in laid if lane.stage is None or lane.stage.archived_at is None or lane.count)
    return Board(wish, shown, tuple(stages), wish.is_narrow and sum(counts.of.values()) >= MOST_FOUND)


# How many stand in each stage, as the roll-up has it, comes with the stages themselves.
_STAGES: Final = Prepared(
    "board_stages",
    f"""
SELECT s.id, s.key, s.phase, s."order", s.label_en, s.label_fi, s.archived_at,
       (SELECT coalesce(sum(n), 0)::bigint FROM funnel_stagecount c
         WHERE c.stage_id = s.id AND c.is_visitor = FALSE AND c.standing <> {Standing.CLOSED.value}
           AND (%(source)s = {EVERY_SOURCE} OR c.source_id = %(source)s))
  FROM funnel_stage s ORDER BY s."order"
""",  # noqa: S608  (numbers of ours)
    source="int",
)


def _stages(wish: Wish) -> tuple[list[Stage], dict[int, int]]:
    rows = _STAGES.rows(source=EVERY_SOURCE if wish.source is None else wish.source)
    names = ("id", "key", "phase", "order", "label_en", "label_fi", "archived_at")
    return [Stage(**dict(zip(names, row, strict=False))) for row in rows], {row[0]: row[-1] for row in rows}


# --- Lanes, and how many stand in each --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Counts:
    of: Mapping[int, int] = field(default_factory=dict)
    are_capped: bool = False  # more than MOST_COUNTED were not counted
    are_known: bool = True

    def may_have(self, lane: int) -> bool:
        """An empty lane need not be looked for: that would read the whole of it."""
        return not self.are_known or bool(self.of.get(lane))


def _stage_lanes(principal: Principal, wish: Wish, stages: Sequence[Stage]) -> tuple[list[Lane], Counts]:
    lanes = [Lane(stage.key, stage.pk, str(stage), stage) for stage in stages]
    if not wish.owner and sees_everyone(principal):
        return lanes, Counts(are_known=False)  # they come with the stages
    return lanes, _counts(principal, wish, "stage_id", lanes, _COUNT_STAGES)


def _health_lanes(principal: Principal, wish: Wish, stages: Sequence[Stage]) -> tuple[list[Lane], Counts]:
    lanes = [Lane(health.name.lower(), health.value, str(health.label).capitalize()) for health in Health]
    customers = [stage.pk for stage in stages if stage.phase == Phase.CUSTOMER]
    return lanes, _counts(principal, wish, "health", lanes, _COUNT_HEALTH, customer_stages=customers)


def _owner_lanes(principal: Principal, wish: Wish, stages: Sequence[Stage]) -> tuple[list[Lane], Counts]:
    """Whoever asks first, then those whose people they see, then nobody's."""
    where, values = conditions(principal, wish)
    own, team = (principal.user.pk, principal.user.team_id) if principal.user else (0, None)
    values |= {"own": own, "team": team, "sees_all": sees_everyone(principal), "most": MOST_COUNTED + 1}
    if wish.is_narrow or wish.lane:
        values["most"] = 0  # they are counted as they are laid out
    rows = asked(_OWNERS.format(where=where), values | {"owners": MOST_OWNERS})
    lanes = [Lane(str(id_) if id_ else "nobody", id_, name or "") for id_, name, _n in rows]
    return lanes, Counts({id_: n for id_, _name, n in rows}, are_capped=True, are_known=bool(values["most"]))


LANES_BY: Final[dict[str, Callable[[Principal, Wish, Sequence[Stage]], tuple[list[Lane], Counts]]]] = {
    "stage": _stage_lanes,
    "owner": _owner_lanes,
    "health": _health_lanes,
}
_COUNT_STAGES: Final = """
SELECT lane.id, (SELECT count(*) FROM (
       SELECT FROM funnel_position p WHERE p.stage_id = lane.id AND p.is_visitor = FALSE {where} LIMIT %(most)s) few)
  FROM unnest(%(lanes)s::int[]) AS lane (id)
"""
_COUNT_HEALTH: Final = """
SELECT lane.id, (SELECT count(*) FROM (
       SELECT FROM funnel_position p
        WHERE p.stage_id = ANY(%(customer_stages)s) AND p.is_visitor = FALSE AND p.health = lane.id {where}
        LIMIT %(most)s) few)
  FROM unnest(%(lanes)s::int[]) AS lane (id)
"""
_OWNERS: Final = """
SELECT lane.id, lane.name, (SELECT count(*) FROM (
       SELECT FROM contacts_contact o JOIN funnel_position p ON p.contact_id = o.id
        WHERE o.is_listed AND o.owner_id = lane.id AND p.stage_id IS NOT NULL {where} LIMIT %(most)s) few)
  FROM (SELECT id, coalesce(nullif(name, ''), email) AS name FROM staff_user
         WHERE is_active AND (%(sees_all)s OR id = %(own)s OR team_id = %(team)s)
         ORDER BY id <> %(own)s, name, email LIMIT %(owners)s) lane
 UNION ALL
SELECT 0, NULL, (SELECT count(*) FROM (
       SELECT FROM contacts_contact o JOIN funnel_position p ON p.contact_id = o.id
        WHERE o.is_listed AND o.owner_id IS NULL AND p.stage_id IS NOT NULL {where} LIMIT %(most)s) few)
"""


def _counts(principal: Principal, wish: Wish, of: str, lanes: Sequence[Lane], question: str, **values: Any) -> Counts:
    """From the roll-up where it tells; else by counting, up to a bound. Laid out people bring their own count."""
    if wish.is_narrow or wish.lane:
        return Counts(are_known=False)
    if not wish.owner and sees_everyone(principal):
        rows = StageCount.objects.filter(is_visitor=False).exclude(standing=Standing.CLOSED)
        if wish.source is not None:
            rows = rows.filter(source_id=wish.source)
        return Counts(dict(rows.values_list(of).annotate(n=Sum("n")).order_by()))
    where, own = conditions(principal, wish)
    bounds = own | values | {"lanes": [lane.id for lane in lanes], "most": MOST_COUNTED + 1}
    return Counts(dict(asked(question.format(where=where), bounds)), are_capped=True)


def _laid(lane: Lane, wish: Wish, found: Sequence[tuple[Row, Card]], counts: Counts) -> Lane:
    shown, n = found[: wish.limit], counts.of.get(lane.id, 0)
    after = None
    if len(found) > wish.limit:
        last = shown[-1][0]
        after = Cursor("board", wish.longest_first, (last.sort.isoformat(), last.contact_id)).text()
    is_exact = not (counts.are_capped and n > MOST_COUNTED)
    cards = tuple(card for _row, card in shown)
    return Lane(lane.key, lane.id, lane.title, lane.stage, n if is_exact else MOST_COUNTED, is_exact, cards, after)


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
        ended = PaceCount.objects.filter(kind=Pace.STAYED, level=2, source_id=0, block__gte=quarter - _QUARTERS)
        lengths = ended.filter(is_visitor=False).values_list("from_stage", "lag").annotate(n=Sum("n")).order_by()
        walks = Counter({Walked(None, stage, 0, lag): n for stage, lag, n in lengths})
        _remembered = now, medians_of_stay(walks)
    return _remembered[1]
