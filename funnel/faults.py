"""What the checks of a draft found, in the words and the language of whoever asks."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from funnel.models import Stage
from funnel.playbook_words import Finding

MEASURES: Final = {
    "property": gettext_lazy("a property of the event"),
    "count": gettext_lazy("the number of events"),
    "sum": gettext_lazy("the sum of values"),
    "kept_orders": gettext_lazy("the number of kept orders"),
    "days_since": gettext_lazy("days since the last"),
    "days_in_stage": gettext_lazy("days in the stage"),
    "score": gettext_lazy("the score"),
    "fit": gettext_lazy("the fit"),
    "attribute": gettext_lazy("a detail of the person"),
    "stage": gettext_lazy("the stage"),
    "health": gettext_lazy("the health"),
    "standing": gettext_lazy("the standing"),
    "silence": gettext_lazy("silence since the last order"),
    "recall": gettext_lazy("the date that was agreed on"),
}
_SENTENCES: Final = {
    "wrong_length": gettext_lazy("Choose at least one here, and %(most)s at most."),
    "unknown_field": gettext_lazy("“%(name)s” is not a word of the rule language."),
    "no_measure": gettext_lazy("This condition does not say what it measures."),
    "unknown_measure": gettext_lazy("There is no measure “%(measure)s”."),
    "duplicate_stage": gettext_lazy("The stage “%(name)s” is there twice."),
    "one_operator": gettext_lazy("Say in exactly one way how %(measure)s is compared."),
    "no_operator": gettext_lazy("%(measure)s: this is compared with nothing."),
    "operator_unfit": gettext_lazy("“%(operator)s” can't be asked of %(measure)s."),
    "duplicate_example": gettext_lazy("Two examples are called “%(name)s”."),
    "bad_story": gettext_lazy(
        "“%(line)s” can't be read. Write a line such as: day 3 order_completed 59.00 EUR order_id=1"
    ),
    "story_order": gettext_lazy(
        "“%(line)s”: the days of a story must not go back, nor beyond the day that is asked about."
    ),
    "only_claims": gettext_lazy(
        "Nothing of this story counts: what a public source claims waits until somebody confirms it."
    ),
    "unknown_type": gettext_lazy("There is no kind of event called “%(type)s”."),
    "unknown_value": gettext_lazy("“%(value)s” is not a place on the path."),
    "duplicate_name": gettext_lazy("Two rules are called “%(name)s”."),
    "reserved_name": gettext_lazy("“%(name)s” is the name of a move that no rule makes; choose another."),
    "needs_event": gettext_lazy("A rule of time has no event, so it cannot ask about one."),
    "time_only": gettext_lazy("Only a rule of time can ask about %(measure)s."),
    "wrong_way_round": gettext_lazy("The least number of days, %(least)s, is more than the most, %(most)s."),
    "own_target": gettext_lazy("It never moves anybody: who may follow it already stands at its target."),
    "contradiction": gettext_lazy("It can never fire: its conditions on %(measure)s cannot hold together."),
    "too_many_days": gettext_lazy(
        "It can never fire: a window of %(within)s days holds %(days)s different days at most, today among them."
    ),
    "shadowed": gettext_lazy("It can never fire: “%(by)s” comes before it and always matches first."),
    "unreachable_from": gettext_lazy("It can never fire: nobody ever comes to where it starts from."),
    "unreachable_stage": gettext_lazy("No rule ever leads to the stage “%(stage)s”."),
    "archived_stage": gettext_lazy("The stage “%(stage)s” is archived: nobody is moved there any more."),
    "loop": gettext_lazy("Rules of time set each other off for ever, without any event: %(rules)s."),
    "missing": gettext_lazy("“%(name)s” is missing."),
}
_KINDS: Final = {
    "a number": gettext_lazy("Write a number here."),
    "a text of 1 to 200 characters": gettext_lazy("Write 1 to 200 characters here."),
    "a text of at most 500 characters": gettext_lazy("Write at most 500 characters here."),
    "a text, a number, true or false": gettext_lazy("Write a text or a number here."),
    "a currency of three capital letters": gettext_lazy("Write a currency in three capital letters, such as EUR."),
    "true or false": gettext_lazy("This must be true or false."),
    "an object": gettext_lazy("This must be an object: names with values, in braces."),
    "a list": gettext_lazy("This must be a list, in brackets."),
    "a list of event types": gettext_lazy("This must be a list of kinds of events."),
    'a stage, or an object with "property", "health" or "standing"': gettext_lazy(
        "Say a stage here, or an object with a property, a health or a standing."
    ),
}


def sentence(finding: Finding, stages: Mapping[str, str]) -> str:
    """One fault; `stages` are the names of stages by key."""
    if finding.code == "wrong_kind":
        kind = str(finding.parameters["kind"])
        whole = kind.removeprefix("a whole number from ")
        if whole != kind:
            least, most = whole.split(" to ")
            return _("Write a whole number from %(least)s to %(most)s.") % {"least": least, "most": most}
        values = kind.removeprefix("one of ")
        if values != kind:
            return _("Write one of these: %(values)s.") % {"values": values}
        return str(_KINDS.get(kind, finding.message))
    words = _SENTENCES.get(finding.code)
    return str(words) % _named(finding.parameters, stages) if words else finding.message


def _named(parameters: Mapping[str, Any], stages: Mapping[str, str]) -> dict[str, Any]:
    named = dict(parameters)
    if "measure" in named:
        named["measure"] = MEASURES.get(named["measure"], named["measure"])
    if "stage" in named:
        named["stage"] = stages.get(named["stage"], named["stage"])
    if earlier := named.get("by"):
        named["by"] = _(earlier)
    return named


def named_stages() -> dict[str, str]:
    """What the stages are called, by key."""
    return {stage.key: str(stage) for stage in Stage.objects.all()}


def rule_of(finding: Finding) -> int | None:
    """The place of the rule that the fault is in."""
    parts = finding.pointer.split("/")
    return int(parts[2]) if len(parts) > 2 and parts[1] == "rules" and parts[2].isdecimal() else None
