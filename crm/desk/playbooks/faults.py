"""What the checks of a draft found, in sentences that point at the rule."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.desk.playbooks.tokens import MEASURES
from funnel.rules import Finding

_SENTENCES: Final = {
    "wrong_length": gettext_lazy("Something is missing: choose at least one."),
    "unknown_type": gettext_lazy("There is no kind of event called “%(type)s”."),
    "unknown_value": gettext_lazy("“%(value)s” is not a place on the path."),
    "duplicate_name": gettext_lazy("Two rules are called “%(name)s”."),
    "reserved_name": gettext_lazy("“%(name)s” is the name of a move that no rule makes; choose another."),
    "needs_event": gettext_lazy("A rule of time has no event, so it cannot ask about one."),
    "time_only": gettext_lazy("Only a rule of time can ask about %(measure)s."),
    "wrong_way_round": gettext_lazy("The least number of days, %(least)s, is more than the most, %(most)s."),
    "own_target": gettext_lazy("It never moves anybody: who may follow it already stands at its target."),
    "contradiction": gettext_lazy("It can never fire: its conditions on %(measure)s cannot hold together."),
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
    "a text, a number, true or false": gettext_lazy("Write a text or a number here."),
    "a currency of three capital letters": gettext_lazy("Write a currency in three capital letters, such as EUR."),
}


def sentence(finding: Finding, stages: Mapping[str, str]) -> str:
    """One fault in words of the desk; what only a text can get wrong is said as the checks say it."""
    if finding.code == "wrong_kind":
        kind = str(finding.parameters["kind"])
        whole = kind.removeprefix("a whole number from ")
        if whole != kind:
            least, most = whole.split(" to ")
            return _("Write a whole number from %(least)s to %(most)s.") % {"least": least, "most": most}
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


def rule_of(finding: Finding) -> int | None:
    """The place of the rule that the fault is in."""
    parts = finding.pointer.split("/")
    return int(parts[2]) if len(parts) > 2 and parts[1] == "rules" and parts[2].isdecimal() else None
