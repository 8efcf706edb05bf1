"""The closed lists of the rule language, and the findings of its checks."""

from typing import Any, NamedTuple

PHASES = ("stranger", "friend", "customer")
HEALTHS = ("active", "cooling", "lapsed")
STANDINGS = ("open", "not_now", "closed")


class Finding(NamedTuple):
    """One fault: where it is (a JSON pointer) and what it is. The message is MESSAGES[code] with the parameters."""

    code: str
    pointer: str
    message: str
    parameters: dict[str, Any]


MESSAGES = {
    "wrong_kind": "This must be {kind}.",
    "missing": "“{name}” is missing.",
    "unknown_field": "“{name}” is not a word of the rule language.",
    "wrong_length": "This list must have from 1 to {most} members.",
    "unknown_type": "There is no event type “{type}”.",
    "unknown_value": "There is no {dimension} “{value}”.",
    "no_measure": "This condition does not say what it measures.",
    "unknown_measure": "There is no measure “{measure}”.",
    "duplicate_stage": "The stage “{name}” is there twice.",
    "duplicate_name": "Two rules have the name “{name}”.",
    "reserved_name": "“{name}” is the name of a move that no rule makes; choose another.",
    "one_operator": "A condition on {measure} takes exactly one operator, such as at_least.",
    "no_operator": "A condition on {measure} takes no operator.",
    "operator_unfit": "“{operator}” can't be asked of {measure}.",
    "time_only": "{measure} can be asked only in time rules.",
    "needs_event": "A time rule has no event, so it can't know {what}.",
    "wrong_way_round": "The least number of days, {least}, is more than the most, {most}.",
    "own_target": "This rule never moves anybody: who may follow it already stands at its target.",
    "contradiction": "This rule can never fire: its conditions on {measure} can't hold together.",
    "too_many_days": "This rule can never fire: a window of {within} days holds {days} different days at most, today"
    " among them.",
    "shadowed": "This rule can never fire: “{by}” comes before it and always matches first.",
    "unreachable_from": "This rule can never fire: nobody ever comes to where it starts from.",
    "unreachable_stage": "No rule ever leads to the stage “{stage}”.",
    "duplicate_example": "Two examples have the name “{name}”.",
    "bad_story": "“{line}” can't be read. Write a line such as: day 3 order_completed 59.00 EUR order_id=1",
    "story_order": "“{line}”: the days of a story must not go back, nor beyond the day that is asked about.",
    "only_claims": "Nothing of this story counts: what a public source claims waits until somebody confirms it.",
    "loop": "These time rules set each other off for ever, without any event: {rules}.",
}


def found(code: str, pointer: str, **parameters: Any) -> Finding:
    return Finding(code, pointer, MESSAGES[code].format(**parameters), parameters)
