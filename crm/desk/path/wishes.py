"""What somebody wants to see of the path: the period, whose, and of which past; read from the address and put back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.models import Campaign
from campaigns.year import month_named
from contacts.messages import EARLIEST
from contacts.models import Source
from crm.desk.finding import day_said, number_said
from funnel.pacing import Whose
from funnel.pictures import Picture, end_of_day
from funnel.rolling import WITHIN
from funnel.walks import PERIODS, WINDOW_OF
from staff.models import Team, User
from staff.policy import Principal

PERIOD_LABELS: Final = {
    7: gettext_lazy("7 d"),
    30: gettext_lazy("30 d"),
    90: gettext_lazy("90 d"),
    365: gettext_lazy("12 mo"),
}
DEFAULT_DAYS: Final = 30
NOBODY: Final = "none"
NAMES: Final = ("days", "within", "source", "campaign", "owner", "team", "as_of", "known_on", "view")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A narrowing that is on, as it is shown: what it is, and the address without it."""

    label: str
    value: str
    without: str
    url: str = ""  # of what narrows it, where that has a page


@dataclass(frozen=True, slots=True)
class Wish:
    """Nothing wished for is empty. `fault` says why a past can't be shown."""

    days: int = DEFAULT_DAYS
    within: int = 0
    source: Source | None = None
    campaign: str = ""
    owner: User | None = None
    without_owner: bool = False
    team: Team | None = None
    as_of: date | None = None
    known_on: date | None = None
    view: str = ""
    month: date | None = None  # whose plan is shown; that of the picture where none is said
    fault: str = ""

    @property
    def window(self) -> int:
        return self.within or WINDOW_OF[self.days]

    @property
    def is_past(self) -> bool:
        return bool(self.as_of or self.known_on) and not self.fault

    def picture(self) -> Picture:
        if not self.is_past:
            return Picture.now()
        if self.as_of and not self.known_on:
            return Picture.at_end_of(self.as_of)
        as_of, known_on = (None if day is None else end_of_day(day) for day in (self.as_of, self.known_on))
        return Picture.taken(as_of=as_of, known_on=known_on)

    def whose(self, principal: Principal) -> Whose:
        return Whose(principal, self.source.pk if self.source else None, self.campaign, self._hands())

    def _hands(self) -> Q:
        found = Q()
        if self.owner or self.without_owner:
            found &= Q(owner=self.owner)
        if self.team:
            found &= Q(team=self.team)
        return found

    def parameters(self) -> dict[str, str]:
        named: dict[str, Any] = {
            "days": "" if self.days == DEFAULT_DAYS else self.days,
            "within": self.within or "",
            "source": self.source.key if self.source else "",
            "campaign": self.campaign,
            "owner": NOBODY if self.without_owner else self.owner.pk if self.owner else "",
            "team": self.team.pk if self.team else "",
            "as_of": self.as_of or "",
            "known_on": self.known_on or "",
            "month": f"{self.month:%Y-%m}" if self.month else "",
            "view": self.view,
        }
        return {name: str(value) for name, value in named.items() if value != ""}

    def address(self, **changes: Any) -> str:
        """The address of this wish, changed."""
        return "?" + urlencode(replace(self, **changes).parameters())

    @property
    def query(self) -> str:
        return urlencode(self.parameters())

    def chosen(self) -> Iterator[Chosen]:
        """What narrows the page, beside the period."""
        if self.source:
            yield Chosen(_("Source"), str(self.source), self.address(source=None))
        if self.campaign:
            yield self._campaign()
        if self.owner or self.without_owner:
            owner = str(self.owner or _("nobody"))
            yield Chosen(_("Owner"), owner, self.address(owner=None, without_owner=False))
        if self.team:
            yield Chosen(_("Team"), str(self.team), self.address(team=None))

    def _campaign(self) -> Chosen:
        known = Campaign.objects.filter(key=self.campaign).first()
        url = reverse("desk:campaign", args=[known.pk]) if known else ""
        return Chosen(_("Campaign"), str(known or self.campaign), self.address(campaign=""), url)

    def past(self) -> Iterator[Chosen]:
        """Which past is shown."""
        if self.as_of and not self.fault:
            yield Chosen(_("As it stood on"), _day(self.as_of), self.address(as_of=None))
        if self.known_on and not self.fault:
            yield Chosen(_("as known on"), _day(self.known_on), self.address(known_on=None))


def _day(day: date) -> str:
    return date_format(day, "SHORT_DATE_FORMAT")


def wish_of(request: HttpRequest) -> Wish:
    """What cannot be read is as if it was not wished for; what is not there is not found."""
    given = request.GET
    wish = Wish(
        days=_among(given, "days", PERIODS) or DEFAULT_DAYS,
        within=_among(given, "within", WITHIN),
        source=get_object_or_404(Source, key=given["source"]) if given.get("source") else None,
        campaign=given.get("campaign", "")[:80],
        owner=_row(given, "owner", User),
        without_owner=given.get("owner") == NOBODY,
        team=_row(given, "team", Team),
        as_of=_date(given, "as_of"),
        known_on=_date(given, "known_on"),
        month=month_named(given.get("month", "")),
        view="table" if given.get("view") == "table" else "",
    )
    return _checked(wish)


def _checked(wish: Wish) -> Wish:
    if wish.as_of and wish.known_on and wish.as_of > wish.known_on:
        return replace(wish, fault=_("What came after the day it was known on was not known: choose an earlier day."))
    try:
        if wish.is_past:
            wish.picture()
    except ValidationError:
        return replace(wish, fault=_("That day is not over yet: the latest past is that of yesterday."))
    return wish


def _among(given: Mapping[str, str], name: str, allowed: tuple[int, ...]) -> int:
    number = number_said(given.get(name, ""))
    return number if number in allowed else 0


def _row(given: Mapping[str, str], name: str, model: Any) -> Any:
    number = number_said(given.get(name, ""))
    return None if number is None else get_object_or_404(model, pk=number)


def _date(given: Mapping[str, str], name: str) -> date | None:
    """A day of which there can be a picture: nothing is older than EARLIEST, and the last of all days has no end."""
    day = day_said(given.get(name, ""))
    return day if day and EARLIEST.date() <= day < date.max else None
