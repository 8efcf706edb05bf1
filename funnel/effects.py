"""What moves set off outside: at most once per entry, after a settle window, and only if the entry still stands.

A package to the left registers a kind in its AppConfig.ready. Its `run` only writes rows, in the same transaction
that marks the effects done: what goes out over a wire is sent from those rows.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import Count, Min
from django.db.models.functions import Now
from django.utils.functional import Promise

from funnel.folding import Folded
from funnel.models import Effect, EffectState, HoldReason
from funnel.reading import array, numbers
from staff import audit
from staff.policy import Principal

logger = logging.getLogger(__name__)

OLD_S = 24 * 3600  # what moves older than this set off is held
LATER = "60 seconds"  # when a kind fails, its effects wait for so long


@dataclass(frozen=True, slots=True)
class EffectKind:
    wanted: Callable[[], Collection[int]]  # the dimensions whose moves set it off, at the moment
    run: Callable[[list[Effect]], None]  # each with the transition that made the entry when we looked whether it stands
    name: Promise | str = ""
    targets: Callable[[], Collection[int]] | None = None  # only entries into these set it off; None: all


EFFECT_KINDS: dict[str, EffectKind] = {}


# --- Made with the moves

_MAKE = """
    INSERT INTO funnel_effect AS known
           (contact_id, kind, dimension, target, visit, transition_id, state, due_at, created_at, hold_reason)
    SELECT made.contact, made.kind, made.dimension, made.target, made.visit, t.id,
           CASE made.reason WHEN '' THEN 'waiting' ELSE 'held' END,
           t.recorded_at + %(window)s * interval '1 second', clock_timestamp(), made.reason
      FROM unnest(%(contacts)s::bigint[], %(kinds)s::text[], %(dimensions)s::smallint[], %(targets)s::smallint[],
                  %(visits)s::int[], %(places)s::int[], %(reasons)s::text[])
           AS made (contact, kind, dimension, target, visit, place, reason)
      JOIN funnel_transition AS t ON t.contact_id = made.contact AND t.seq = made.place AND t.superseded_at IS NULL
     ORDER BY made.contact, made.place, made.kind
    ON CONFLICT (contact_id, kind, dimension, target, visit) DO UPDATE
       SET state = excluded.state, due_at = excluded.due_at, transition_id = excluded.transition_id,
           hold_reason = excluded.hold_reason, finished_at = NULL
     WHERE known.state = 'superseded'
"""

Made = tuple[int, str, int, int, int, int, str]  # contact, kind, dimension, target, visit, place, hold reason


def make_effects(folded: Iterable[Folded]) -> None:
    """One effect for each entry that the live history did not have before, once for all time.

    One that was given up because its entry was gone may come back with the entry: it never went out.
    """
    wanted = {kind: set(known.wanted()) for kind, known in EFFECT_KINDS.items()}
    dimensions = set[int]().union(*wanted.values())
    if not dimensions:
        return
    only = {kind: set(known.targets()) for kind, known in EFFECT_KINDS.items() if wanted[kind] and known.targets}
    made = [made for one in folded if one.new for made in _made(one, wanted, dimensions, only)]
    if made:
        contacts, kinds, dims, targets, visits, places, reasons = zip(*made, strict=True)
        with connection.cursor() as cursor:
            cursor.execute(
                _MAKE,
                {
                    "window": settings.SETTLE_WINDOW_S,
                    "contacts": array(contacts),
                    "kinds": list(kinds),
                    "dimensions": array(dims),
                    "targets": array(targets),
                    "visits": array(visits),
                    "places": array(places),
                    "reasons": list(reasons),
                },
            )


def _made(one: Folded, wanted: dict[str, set[int]], dimensions: set[int], only: dict[str, set[int]]) -> Iterable[Made]:
    leader, stamp = one.person.leader, one.person.stamp
    replaced = (live.entry for live in one.dead if live.contact == leader)
    known = {(entry.dimension, entry.to_value, entry.visit) for entry in replaced}
    for place, entry in enumerate(one.new, start=one.begins):
        if entry.dimension in dimensions and (entry.dimension, entry.to_value, entry.visit) not in known:
            reason = "" if entry.cause in one.person.own_events else one.hold_reason
            if stamp - entry.at > OLD_S * 1_000_000:
                reason = reason or HoldReason.OLD.value
            for kind, about in wanted.items():
                if entry.dimension in about and (kind not in only or entry.to_value in only[kind]):
                    yield leader, kind, entry.dimension, entry.to_value or 0, entry.visit, place, reason


# --- Run when due

_DUE = """
    SELECT id FROM funnel_effect WHERE state = 'waiting' AND due_at <= clock_timestamp() AND kind = ANY(%s)
     ORDER BY due_at, id LIMIT %s FOR UPDATE SKIP LOCKED
"""
_STANDING = """
    SELECT e.id, t.id FROM funnel_effect e JOIN funnel_transition t
        ON t.contact_id = e.contact_id AND t.superseded_at IS NULL
       AND t.dimension = e.dimension AND coalesce(t.to_value, 0) = e.target AND t.visit = e.visit
     WHERE e.id = ANY(%s::bigint[])
"""
_POSTPONE = "UPDATE funnel_effect SET due_at = clock_timestamp() + %s::interval WHERE id = ANY(%s::bigint[])"


def run_due_effects(*, limit: int = 500) -> int:
    """Run the effects that are due and whose entry still stands; return how many were looked at."""
    with transaction.atomic():
        due = numbers(_DUE, [list(EFFECT_KINDS), limit])
        if due:
            standing = _standing(due)
            found = {effect.pk for effect in standing}
            gone = [effect for effect in due if effect not in found]
            Effect.objects.filter(id__in=gone).update(state=EffectState.SUPERSEDED, finished_at=Now())
            _run(standing)
    return len(due)


def _standing(due: Sequence[int]) -> list[Effect]:
    """Those whose entry stands at this moment, with its transition: it may have been given another cause meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, [array(due)])
        transitions: dict[int, int] = dict(cursor.fetchall())
    effects = list(Effect.objects.filter(id__in=transitions).order_by("due_at", "id"))
    for effect in effects:
        effect.transition_id = transitions[effect.pk]
    return effects


def work_off_effects() -> None:
    while run_due_effects():
        pass


def _run(effects: Iterable[Effect]) -> None:
    by_kind: dict[str, list[Effect]] = {}
    for effect in effects:
        by_kind.setdefault(effect.kind, []).append(effect)
    for kind, some in by_kind.items():
        if not _ran(kind, some):
            for effect in some:  # one that cannot be run does not hold up the others
                _ran(kind, [effect])


def _ran(kind: str, effects: list[Effect]) -> bool:
    numbers = [effect.pk for effect in effects]
    try:
        with transaction.atomic():
            EFFECT_KINDS[kind].run(effects)
            Effect.objects.filter(id__in=numbers).update(state=EffectState.DONE, finished_at=Now())
    except Exception as error:
        if isinstance(error, DatabaseError) and connection.connection.closed:
            raise
        logger.exception("effects of kind %s failed", kind)
        with connection.cursor() as cursor:
            cursor.execute(_POSTPONE, [LATER, array(numbers)])
        return False
    return True


# --- Held until somebody lets them go


class Held(NamedTuple):
    """So many effects of a kind are held for one reason, the oldest since then."""

    kind: str
    reason: HoldReason
    number: int
    since: datetime

    @property
    def name(self) -> Promise | str:
        return EFFECT_KINDS[self.kind].name


def held_effects() -> list[Held]:
    held = Effect.objects.filter(state=EffectState.HELD, kind__in=EFFECT_KINDS).values_list("kind", "hold_reason")
    found = held.annotate(number=Count("pk"), since=Min("created_at")).order_by("kind", "hold_reason")
    return [Held(kind, HoldReason(reason), number, since) for kind, reason, number, since in found]


@transaction.atomic
def release_effects(*, by: Principal, kind: str, reason: str) -> int:
    """Let go what is held for this reason; return how many. Each still goes only if its entry stands."""
    held = Effect.objects.filter(state=EffectState.HELD, kind=kind, hold_reason=reason)
    released = held.update(state=EffectState.WAITING, due_at=Now(), hold_reason="")
    if released:
        audit.record(by=by, action="effects_released", kind="effect", what=kind, reason=reason, number=released)
    return released
