"""One change to a playbook's document at a time: rules added, copied, dropped, put elsewhere. Pure: it edits copies."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from funnel.playbooks import read_target

Document = Mapping[str, Any]
Rule = dict[str, Any]
FIRST: Final[dict[str, Rule]] = {
    "stage": {"on": ["form_submitted"]},
    "health": {"to": {"health": "active"}, "on": ["order_completed"]},
    "standing": {"to": {"standing": "open"}, "on": ["reopened"]},
}


def dimension_of(rule: Any) -> str:
    """What the rule moves; a rule that can't be read yet is among those of stages."""
    try:
        dimension = read_target(rule["to"])[0]
    except (KeyError, TypeError, ValueError, AttributeError):
        return "stage"
    return dimension if dimension in FIRST else "stage"


def rules_of(document: Document) -> list[Any]:
    rules = document.get("rules")
    return list(rules) if isinstance(rules, list) else []


def with_rules(document: Document, rules: Sequence[Any]) -> dict[str, Any]:
    return {**document, "rules": list(rules)}


def replaced(document: Document, place: int, rule: Rule) -> dict[str, Any]:
    rules = rules_of(document)
    rules[place] = rule
    return with_rules(document, rules)


def added(document: Document, dimension: str, name: str, stages: Sequence[str]) -> tuple[dict[str, Any], int]:
    """A rule to begin with, behind those that move the same; and its place."""
    rules = rules_of(document)
    rule = {"name": free_name(rules, name), **FIRST[dimension]}
    if dimension == "stage":
        rule |= {"from": [stages[0]], "to": stages[min(1, len(stages) - 1)]}
    return inserted(document, _end_of(rules, dimension), rule)


def copied(document: Document, place: int, name: str) -> tuple[dict[str, Any], int]:
    rules = rules_of(document)
    return inserted(document, place + 1, {**rules[place], "name": free_name(rules, name)})


def inserted(document: Document, place: int, rule: Rule) -> tuple[dict[str, Any], int]:
    rules = rules_of(document)
    place = min(max(place, 0), len(rules))
    return with_rules(document, [*rules[:place], rule, *rules[place:]]), place


def dropped(document: Document, place: int) -> dict[str, Any]:
    rules = rules_of(document)
    return with_rules(document, [*rules[:place], *rules[place + 1 :]])


def moved(document: Document, place: int, turn: int) -> tuple[dict[str, Any], int]:
    """Put the rule at the `turn` (from 0) among those that move the same; the others keep theirs."""
    rules = rules_of(document)
    places = [one for one, rule in enumerate(rules) if dimension_of(rule) == dimension_of(rules[place])]
    order = [one for one in places if one != place]
    turn = min(max(turn, 0), len(order))
    order.insert(turn, place)
    anew = list(rules)
    for where, whence in zip(places, order, strict=True):
        anew[where] = rules[whence]
    return with_rules(document, anew), places[turn]


def turn_of(document: Document, place: int) -> int:
    rules = rules_of(document)
    return sum(dimension_of(rule) == dimension_of(rules[place]) for rule in rules[:place])


def free_name(rules: Sequence[Any], name: str) -> str:
    """The name, or the same with the first number that no other rule has."""
    taken = {rule.get("name") for rule in rules if isinstance(rule, Mapping)}
    number, free = 2, name
    while free in taken:
        number, free = number + 1, f"{name} {number}"
    return free


def _end_of(rules: Sequence[Any], dimension: str) -> int:
    return max((place + 1 for place, rule in enumerate(rules) if dimension_of(rule) == dimension), default=len(rules))
