"""Why not, and what would it take: the rules that lead somewhere, and what each of them still asks for."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from funnel.measures import Condition
from funnel.playbooks import Playbook, Playbooks, Rule
from funnel.state import NEVER, State

AT_LEAST = {"at_least": 0, "more_than": 1}


class Asked(NamedTuple):
    """One condition of a rule as it stands now. `value` is what is measured, in the units of a move's evidence."""

    condition: Mapping[str, Any]  # as the document has it
    value: Any  # None: not known
    holds: bool | None  # None: only the event will tell
    lacking: int | None  # how much more it takes, for numbers that must be reached
    changes_at: int | None  # when it may come out differently by itself


class Way(NamedTuple):
    """A rule that leads to the target."""

    rule: int
    rule_name: str
    version: int
    types: frozenset[str] | None  # of which one must happen; None: time does it
    starts_here: bool  # its `from` allows where they stand
    conditions: tuple[Asked, ...]


def missing(state: State, playbooks: Playbooks, moment: int, target: str | None, dimension: str = "stage") -> list[Way]:
    """Every rule in force at the moment that leads to the target, with what holds and what is lacking.

    Numbers of events are those before the event that the rule waits for: it will be one more.
    """
    playbook = playbooks.at(moment)
    return [
        _way(rule, playbook, state, moment)
        for rule in playbook.rules
        if rule.dimension == dimension and rule.to_property is None and rule.to == target
    ]


def _way(rule: Rule, playbook: Playbook, state: State, moment: int) -> Way:
    return Way(
        rule=rule.place,
        rule_name=rule.name,
        version=playbook.number,
        types=rule.types,
        starts_here=rule.allows(getattr(state, rule.dimension)),
        conditions=tuple(_asked(condition, state, moment) for condition in rule.conditions),
    )


def _asked(condition: Condition, state: State, moment: int) -> Asked:
    document = condition.document
    if document["measure"] == "property":
        return Asked(document, None, None, None, None)
    value = condition.read(state, moment, None)
    holds = condition.holds(state, moment, None)
    changes_at = condition.next_change(state, moment) if condition.next_change else NEVER
    return Asked(
        condition=document,
        value=value,
        holds=holds,
        lacking=None if holds else _lacking(condition, value),
        changes_at=None if changes_at >= NEVER else changes_at,
    )


def _lacking(condition: Condition, value: Any) -> int | None:
    for operator, beyond in AT_LEAST.items():
        bound = condition.document.get(operator)
        if isinstance(bound, int) and isinstance(value, int):
            return bound * condition.measure.unit + beyond - value
    return None
