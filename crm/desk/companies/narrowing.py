"""What the list of companies can be narrowed by, each a word of its address: choices, and the filter they mean."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final

from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from contacts.asking import ME, meant_by
from contacts.company_filtering import company_filters
from contacts.models import CompanyQuerySet
from crm.desk.people.vocabulary import Named, Stage, Words
from funnel.company_people import stands_at, stands_of_health, stands_of_stage
from funnel.filters import somebody_stands
from funnel.models import Health
from funnel.names import HEALTH_OF, stage_ids
from staff.policy import Principal, sees_every_row

DAYS_QUIET: Final = (30, 90, 180, 365)
Option = tuple[str, str]  # what is sent, what is read


@dataclass(frozen=True, slots=True)
class Narrowing:
    """A choice of the list: its name in the address, what it says while nothing is chosen, and what there is."""

    name: str
    label: str
    options: tuple[Option, ...]


def narrowings(principal: Principal, known: Words) -> tuple[Narrowing, ...]:
    every = known.all
    staff = tuple(one for one in every.users if one.is_active)
    stages, teams = tuple(every.stages), tuple(every.teams)
    return _narrowings(get_language() or "", stages, staff, teams, sees_every_row(principal))


@lru_cache(maxsize=32)
def _narrowings(
    _language: str, stages: Sequence[Stage], staff: Sequence[Named], teams: Sequence[Named], everybody: bool
) -> tuple[Narrowing, ...]:
    """The same ones whenever the same is known, so that they need not be written again."""
    found = {
        "stage": (_("In any stage"), [(one.key, _("Somebody in %s") % one) for one in stages]),
        "health": (_("In any health"), [(one.name.lower(), _IN_HEALTH[one]()) for one in Health]),
        "owner": (_("Of any owner"), [(ME, _("Mine")), ("none", _("Nobody's")), *_named(staff)]),
    }
    if teams:
        found["team"] = _("Of any team"), [("none", _("No team")), *_named(teams)]
    if everybody:  # when one heard last is counted of everybody
        found["quiet"] = _("Heard of at any time"), [(str(days), _silent(days)) for days in DAYS_QUIET]
    return tuple(Narrowing(name, label, tuple(options)) for name, (label, options) in found.items())


def _named(rows: Sequence[Named]) -> list[Option]:
    return [(str(one.id), one.name) for one in rows]


_IN_HEALTH: Final[Mapping[Health, Callable[[], str]]] = {
    Health.ACTIVE: lambda: _("An active customer"),
    Health.COOLING: lambda: _("A cooling customer"),
    Health.LAPSED: lambda: _("A lapsed customer"),
}


def _silent(days: int) -> str:
    return ngettext("Nothing heard for %d day", "Nothing heard for %d days", days) % days


def narrowed(companies: CompanyQuerySet, principal: Principal, said: Mapping[str, str]) -> CompanyQuerySet:
    """Those that fit what was chosen; a stage and a health are asked of one and the same person."""
    parts: list[Any] = [{"field": name, "is": said[name]} for name in ("owner", "team") if said[name]]
    if sees_every_row(principal):
        companies = _where_somebody_stands(companies, said["stage"], said["health"])
    elif path := [{"field": name, "is": said[name]} for name in ("stage", "health") if said[name]]:
        living = {"field": "standing", "is_not": "closed"}  # whoever is closed stands on no path
        parts.append({"field": "somebody", "is": {"all": [*path, living]}})
    if said["quiet"]:
        day = timezone.localdate() - timedelta(days=int(said["quiet"]))
        parts.append({"field": "heard_on", "less_than": day.isoformat()})
    if not parts:
        return companies
    tree = company_filters(principal).from_document(meant_by({"all": parts}, principal))
    return companies.filter(tree.q())


def _where_somebody_stands(companies: CompanyQuerySet, stage: str, health: str) -> CompanyQuerySet:
    """By what is kept with each company, for whoever sees everybody."""
    if stage and health:
        return companies.filter(somebody_stands([stands_at(stage=stage_ids()[stage], health=HEALTH_OF[health])]))
    if stage:
        return companies.filter(somebody_stands(stands_of_stage(stage_ids()[stage])))
    return companies.filter(somebody_stands(stands_of_health(HEALTH_OF[health]))) if health else companies
