"""One sentence that says what the breadth of a company's commitment means. By fixed rules, true or absent."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contacts.models import MembershipRole
from crm.desk.people.vocabulary import Stage
from funnel.breadth import Breadth
from funnel.models import Phase


def headline(breadth: Breadth, stages: Sequence[Stage]) -> str:
    """`3 of 5 are customers; no decision maker is further than Lead.`"""
    if not breadth.people:
        return _("Nobody who works here now is known yet.")
    said = [_about_all(breadth, stages), *_about_deciders(breadth, stages)]
    return f"{'; '.join(said)}."


def _about_all(breadth: Breadth, stages: Sequence[Stage]) -> str:
    customers, people = _customers(breadth.by_stage(), stages), breadth.people
    if customers and people == 1:
        return _("The only person known here is a customer")
    if customers == people:
        return _("All %(all)s are customers") % {"all": people}
    if customers:
        said = ngettext("%(n)s of %(all)s is a customer", "%(n)s of %(all)s are customers", customers)
        return said % {"n": customers, "all": people}
    furthest = _furthest(breadth.by_stage(), stages)
    if furthest is None:
        return _("Nobody stands on the path yet")
    if people == 1:
        return _("The only person known here stands in %(stage)s") % {"stage": furthest}
    return _("None of %(all)s is a customer, the furthest stands in %(stage)s") % {"all": people, "stage": furthest}


def _about_deciders(breadth: Breadth, stages: Sequence[Stage]) -> list[str]:
    deciders = breadth.of_role(MembershipRole.DECISION_MAKER)
    if not deciders:
        return [_("no decision maker is known")]
    at = breadth.by_stage(MembershipRole.DECISION_MAKER)
    customers = _customers(at, stages)
    if customers == deciders:
        return [_("every decision maker is one")] if breadth.people > deciders else []
    if customers:
        said = ngettext("%(n)s of %(all)s decision makers is one", "%(n)s of %(all)s decision makers are", customers)
        return [said % {"n": customers, "all": deciders}]
    furthest = _furthest(at, stages)
    if furthest is None:
        return [_("no decision maker stands on the path")]
    return [_("no decision maker is further than %(stage)s") % {"stage": furthest}]


def _customers(at: Mapping[int | None, int], stages: Sequence[Stage]) -> int:
    return sum(at.get(stage.id, 0) for stage in stages if stage.phase == Phase.CUSTOMER)


def _furthest(at: Mapping[int | None, int], stages: Sequence[Stage]) -> Stage | None:
    return next((stage for stage in reversed(stages) if at.get(stage.id)), None)
