"""The drawer that narrows the path: whose, within how long, and of which past."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.models import Campaign
from contacts.models import Source
from crm.desk.path.wishes import NOBODY, Wish
from funnel.rolling import WITHIN
from staff.models import Team, User


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Question:
    name: str
    label: str
    choices: list[Choice]


def questions(wish: Wish) -> Iterator[Question]:
    given = wish.parameters()

    def question(name: str, label: str, any_label: str, options: list[tuple[Any, str]]) -> Question:
        all_options = [("", any_label), *((str(value), text) for value, text in options)]
        return Question(name, label, [Choice(value, text, value == given.get(name, "")) for value, text in all_options])

    yield question("source", _("Source"), _("any source"), _rows(Source.objects.order_by("name"), "key"))
    yield question("campaign", _("Campaign"), _("any campaign"), _rows(Campaign.objects.order_by("name"), "key"))
    owners = _rows(User.objects.filter(is_active=True).order_by("name", "email"), "pk")
    yield question("owner", _("Owner"), _("anybody"), [(NOBODY, _("nobody")), *owners])
    yield question("team", _("Team"), _("any team"), _rows(Team.objects.order_by("name"), "pk"))
    windows = [(days, ngettext("%(n)s day", "%(n)s days", days) % {"n": days}) for days in WITHIN]
    yield question("within", _("Moved on within"), _("as long as usual"), windows)


def _rows(rows: QuerySet[Any], key: str) -> list[tuple[Any, str]]:
    return [(getattr(row, key), str(row)) for row in rows[:500]]
