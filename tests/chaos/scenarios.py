"""Short courses in each of which some clashes are likely, and what each sabotage shows in one of them.

The honest build passes all of them; a sabotaged one that does is a hole in the harness.
"""

from dataclasses import dataclass, replace

from tests.chaos.running import Course
from tests.chaos.world import Shape
from tests.oracle.oracle import SECOND

_SMALL = Shape(
    events=900,
    seed=1,
    per_person=5,
    duplicates=0.3,
    late=0.2,
    poison=0.0,
    malformed=0.0,
    conflicts=0.0,
    due_within=4 * SECOND,
)
_CALM = Course(
    _SMALL,
    senders=4,
    most_at_once=20,
    harms={},
    flush_every_s=None,
    watch_every_s=None,
    changes=(),
    settle_window_s=1,
    sweep_s=1,
    patience_s=20.0,
    beat=False,
    webhooks=False,
    checks_rebuild=False,
)

# the whole storm, for every test run
SHORT = Course(Shape(events=6000, seed=2), pace=260.0, watch_every_s=1.0, patience_s=90.0)

SCENARIOS = {
    # everything that a log can hold, with reports taken on the way
    "mixed": replace(
        _CALM,
        shape=replace(_SMALL, ties=0.3, linked=0.15, merged=0.1),
        pace=200.0,
        watch_every_s=0.4,
        beat=True,
        webhooks=True,
    ),
    # events of one person in several hands at once, while folds take their time
    "slow fold": replace(
        _CALM,
        shape=replace(_SMALL, per_person=2, long_lives=0.0, bursts=1.0, duplicates=0.0, late=0.0, merged=0.0),
        changes=("slow_fold", "slow_write"),
        senders=8,
        most_at_once=5,
    ),
    # the same while intake commits late
    "slow intake": replace(
        _CALM,
        shape=replace(_SMALL, per_person=2, long_lives=0.0, bursts=1.0, duplicates=0.0, late=0.0, merged=0.0),
        changes=("slow_intake",),
        senders=8,
        most_at_once=5,
    ),
    # no message reaches a worker
    "no nudges": replace(_CALM, shape=replace(_SMALL, events=300), valkey=False, patience_s=15.0),
    # workers are held up between beginning and locking, while reports are taken
    "slow start": replace(
        _CALM, shape=replace(_SMALL, events=700), changes=("slow_start",), pace=70.0, watch_every_s=0.3, patience_s=40.0
    ),
}


@dataclass(frozen=True, slots=True)
class Trap:
    """Where a sabotage goes wrong, and what is then seen, among other things."""

    scenario: str
    shows: str


TRAPS = {
    "no_unique_key": Trap("mixed", "is recorded 2 times"),
    "order_of_arrival": Trap("mixed", "should have moved"),
    "ties_by_message_id": Trap("mixed", "should have moved"),
    "timers_outside": Trap("mixed", "should have moved"),
    "moves_deleted": Trap("mixed", "the report as of"),
    "marks_not_locked": Trap("slow fold", "should have moved"),
    "late_less_than": Trap("slow fold", "and should be at"),
    "unique_mark": Trap("slow intake", "should have moved"),
    "no_sweep": Trap("no nudges", "marks, due timers, troubled"),
    "stamp_of_transaction": Trap("slow start", "the report as of"),
}


def course(scenario: str, seed: int, sabotage: str | None = None) -> Course:
    """A scenario with a seed, and with a sabotage if one is named."""
    plain = SCENARIOS[scenario]
    changes = (*plain.changes, sabotage) if sabotage else plain.changes
    return replace(plain, shape=replace(plain.shape, seed=seed), changes=changes)
