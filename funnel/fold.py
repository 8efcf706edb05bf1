"""The fold: where a person stands, by their events, the playbooks and a moment. docs/fold.md has it to the letter."""

from collections.abc import Iterable, Sequence
from math import log2
from typing import Any

from funnel.decay import decayed
from funnel.moments import DAY, LONG_AGO, NEVER
from funnel.playbooks import Ladder, Period, Plan, Playbook, Playbooks, Rule, Step
from funnel.state import AFTER_EVENTS, Event, Move, Order, Properties, State

__all__ = ["Event", "Move", "Order", "State", "fold", "go_on", "is_late", "rank_score", "score_at", "wake_at"]

MOST_ROUNDS = 100  # of timers at one moment

Choice = tuple[Rule, str | None, tuple[Any, ...]]  # with its target and its evidence


class EndlessRules(ValueError):
    """Time rules that set each other off without end."""


def fold(state: State, events: Iterable[Event], playbooks: Playbooks, until: int) -> tuple[State, list[Move]]:
    """Walk `events` (in order) and the timers between them up to `until`; return the end and every move.

    Pure: the argument is left as it was, the same arguments give the same answer, and folding in parts equals folding
    at once. Events may be plain tuples of an Event's fields; those after `until` are not walked.
    """
    walk = _Walk(state.copy(), playbooks, until)
    walk.through(events)
    return walk.state, walk.moves


def go_on(
    state: State, events: Iterable[Event], playbooks: Playbooks, until: int
) -> tuple[State, list[Move], int | None]:
    """As `fold`, in the given state itself, which spares its copy; and when the next timer fires, as `wake_at` says."""
    walk = _Walk(state, playbooks, until)
    due = walk.through(events)
    return walk.state, walk.moves, None if due == NEVER else due


def is_late(state: State, at: int, rank: int, key: bytes) -> bool:
    """Whether an event comes before something already applied, so that its person is folded from the start."""
    return state.last is not None and (at, rank, key) <= state.last


def wake_at(state: State, playbooks: Playbooks, after: int) -> int | None:
    """The next moment after `after` at which a timer fires if nothing else happens."""
    if state.last is None:
        return None
    folded, _ = fold(state, (), playbooks, after)
    since = max(after + 1, state.last[0])
    due, _, _ = _next_timer(folded, playbooks.period(since), since)
    return None if due == NEVER else due


def score_at(state: State, playbooks: Playbooks, moment: int) -> int:
    """The score in thousandths of a point as it has faded by that moment."""
    return decayed(state.score, moment // DAY - state.score_day, playbooks.at(moment).factors)


def rank_score(state: State, playbooks: Playbooks, moment: int) -> float:
    """A number to sort by that needs no update as time passes: people keep the order of their scores."""
    if state.score == 0:
        return -1e9
    days = state.score_day / playbooks.at(moment).half_life_days
    return log2(state.score) + days if state.score > 0 else -2e9 - log2(-state.score) - days


class _Walk:
    """One fold on its way: the state, the moves so far, and the period it has come to."""

    __slots__ = ("moves", "period", "plan", "playbooks", "state", "until")

    plan: Plan

    def __init__(self, state: State, playbooks: Playbooks, until: int) -> None:
        if state.stamp not in ("", playbooks.stamp):
            raise ValueError("The state was folded with other playbooks: fold from the start.")
        state.stamp = playbooks.stamp
        self.state, self.playbooks, self.until = state, playbooks, until
        self.period = playbooks.period(state.last[0]) if state.last else playbooks.periods[0]
        self.moves: list[Move] = []

    def through(self, events: Iterable[Event]) -> int:
        """The loop that everything waits for: an event that can do nothing costs one look-up."""
        state, last = self.state, None
        steps: dict[str, Step] = {}
        factors: tuple[int, ...] = ()
        limit = LONG_AGO  # an event later than this may meet a timer, another version or the end
        for event in events:
            at = event[0]
            if at > limit:
                if at > self.until:
                    break
                limit = self._arrive(event, last)
                steps, factors = self.plan.steps, self.period.playbook.factors
            last = event
            step = steps.get(event[3])
            if step is None:
                continue
            points, updates, ladders, rewinds = step
            day = at // DAY
            if points:
                if day != state.score_day:
                    state.score = decayed(state.score, day - state.score_day, factors) if state.score else 0
                    state.score_day = day
                state.score += points
            for update in updates:
                update(state, event, day)
            if (ladders and self._moved_by(event, ladders)) or rewinds:
                limit = LONG_AGO
        return self._finish(last)

    def _arrive(self, event: Event, last: Event | None) -> int:
        """Fire the timers before the event (the first one begins the path) and plan for it: until when, is returned."""
        state, at = self.state, event[0]
        if last is not None:
            state.last = (last[0], last[1], last[2])
        wake = NEVER
        plan: Plan | None = self.period.plan(state)
        if state.last is None:
            wake, plan = self._begin(event), None
        elif (at, event[1], event[2]) <= state.last:
            raise ValueError(f"An event at {at} comes after a later one: sort them, or fold from the start.")
        elif plan and not plan.idle:
            wake, plan = self._fire_before(at, state.last[0]), None
        if at >= self.period.end:
            self.period, plan = self.playbooks.period(at), None
        self.plan = plan or self.period.plan(state)
        return min(wake, self.period.end - 1, self.until)

    def _begin(self, event: Event) -> int:
        at, playbook = event[0], self.playbooks.at(event[0])
        first = playbook.stages[0]
        visit = self.state.enter("stage", first, at)
        self.moves.append(Move("stage", None, first, at, None, "start", playbook.number, event[2], event[8], (), visit))
        return LONG_AGO  # no timer was looked for yet

    def _moved_by(self, event: Event, ladders: tuple[Ladder, ...]) -> bool:
        at, _, key, _, _, _, properties, public, number = event
        chosen = _choose(self.state, self.period.playbook, ladders, at, properties, public)
        for rule, target, evidence in chosen:
            self._move(rule, target, at, key, number, evidence)
        return bool(chosen)

    def _move(
        self, rule: Rule, to: str | None, at: int, key: bytes | None, number: int | None, evidence: tuple[Any, ...]
    ) -> None:
        dimension, version = rule.dimension, self.period.playbook.number
        from_ = getattr(self.state, dimension)
        visit = self.state.enter(dimension, to, at)
        self.moves.append(Move(dimension, from_, to, at, rule.place, rule.name, version, key, number, evidence, visit))

    def _fire_before(self, moment: int, since: int) -> int:
        """Fire the timers from `since` to before `moment`; return when the next one fires if nothing else happens."""
        rounds = 0
        while True:
            due, period, chosen = _next_timer(self.state, self.period, since)
            if due >= moment:
                return due
            rounds = rounds + 1 if due == since else 1
            if rounds > MOST_ROUNDS:
                raise EndlessRules(f"Time rules set each other off without end at moment {due}.")
            self.period = period
            self._fire(due, chosen)
            since = due

    def _fire(self, at: int, chosen: Sequence[Choice]) -> None:
        state = self.state
        for rule, target, evidence in chosen:
            key, number = rule.cause(state) or (None, None)
            self._move(rule, target, at, key, number, evidence)
        state.last = (at, AFTER_EVENTS, b"")

    def _finish(self, last: Event | None) -> int:
        """Fire the timers up to the end; return when the next one fires if nothing else happens."""
        state = self.state
        if last is not None:
            state.last = (last[0], last[1], last[2])
        if state.last is None:
            return NEVER
        idle = self.period.plan(state).idle
        due = NEVER if idle else self._fire_before(min(self.until + 1, NEVER), state.last[0])
        self.period.kept.forget_the_rest(state, state.last[0] // DAY)
        return due


def _choose(
    state: State, playbook: Playbook, ladders: tuple[Ladder, ...], at: int, properties: Properties, public: bool
) -> Sequence[Choice]:
    """The first rule that matches in each dimension, where it changes something."""
    chosen: list[Choice] | tuple[()] = ()
    for ladder in ladders:
        for rule in ladder:
            if public and rule.makes_customers:
                continue
            target = rule.to
            if rule.to_property is not None:
                target = playbook.named_stage(rule.to_property, properties, public)
                if target is None:
                    continue
            for holds in rule.tests:
                if not holds(state, at, properties):
                    break
            else:
                if target != getattr(state, rule.dimension):
                    chosen = [*chosen, (rule, target, rule.evidence(state, at, properties))]
                break
    return chosen


def _next_timer(state: State, period: Period, moment: int) -> tuple[int, Period, Sequence[Choice]]:
    """The first moment from `moment` on at which a timer moves this person, and how; NEVER if none does."""
    following: Period | None = period
    while following is not None:
        period = following
        plan = period.plan(state)
        if plan.idle:
            break
        if plan.timers:
            chosen = _choose(state, period.playbook, plan.timers, moment, None, False)
            if chosen:
                return moment, period, chosen
        moment = min([change(state, moment) for change in plan.changes], default=NEVER)
        if moment >= period.end:
            moment, following = period.end, period.next
    return NEVER, period, ()
