"""The page of hours and goals: when the organisation and each team work, their holidays, and how soon they answer."""

from datetime import date
from typing import Any, Final
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST

from crm.desk.doors import for_staff
from crm.desk.house.forms import HouseForm
from crm.desk.house.rooms import shown
from crm.desk.toasts import toast
from crm.templatetags.companies import country_name
from staff.holidays import COUNTRIES, public_holidays
from staff.hours import drop_work_week, set_work_week, week_of
from staff.models import Team, WorkWeek
from staff.policy import Principal
from staff.worktime import Span, span_of, span_text


class SpansField(forms.CharField):
    """Hours of a day as people write them: 9-17, or 8-12, 13-16:30; nothing is a day off."""

    def to_python(self, value: Any) -> list[list[int]]:  # type: ignore[override]
        text = super().to_python(value) or ""
        try:
            return [list(span_of(part)) for part in text.replace(";", ",").split(",") if part.strip()]
        except ValueError:
            words = _("Write hours as 9-17, or 8-12, 13-16:30. Leave it empty for a day off.")
            raise ValidationError(words, code="bad_hours") from None

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(span_text(_span(one)) for one in value) if isinstance(value, list) else value


# Days off that most have, kept under their English names and shown in the reader's language.
KNOWN: Final = (
    gettext_noop("New Year's Day"),
    gettext_noop("Epiphany"),
    gettext_noop("Maundy Thursday"),
    gettext_noop("Good Friday"),
    gettext_noop("Easter Sunday"),
    gettext_noop("Easter Monday"),
    gettext_noop("May Day"),
    gettext_noop("Ascension Day"),
    gettext_noop("Constitution Day"),
    gettext_noop("Whit Sunday"),
    gettext_noop("Whit Monday"),
    gettext_noop("National Day"),
    gettext_noop("Victory Day"),
    gettext_noop("Midsummer Eve"),
    gettext_noop("Midsummer Day"),
    gettext_noop("Day of Restoration of Independence"),
    gettext_noop("Day of German Unity"),
    gettext_noop("All Saints' Day"),
    gettext_noop("Independence Day"),
    gettext_noop("Christmas Eve"),
    gettext_noop("Christmas Day"),
    gettext_noop("Boxing Day"),
    gettext_noop("New Year's Eve"),
)


# Which country's days off are offered first, by the time zone.
HOMES: Final = {
    "Europe/Helsinki": "FI",
    "Europe/Stockholm": "SE",
    "Europe/Oslo": "NO",
    "Europe/Copenhagen": "DK",
    "Europe/Tallinn": "EE",
    "Europe/Berlin": "DE",
}


class HolidaysField(forms.CharField):
    """A day a line, and its name: 2026-12-24 Christmas Eve."""

    widget = forms.Textarea(attrs={"rows": 12})

    def to_python(self, value: Any) -> dict[str, str]:  # type: ignore[override]
        found, known = {}, {_(name): name for name in KNOWN}
        for line in (super().to_python(value) or "").splitlines():
            day, _blank, name = line.strip().partition(" ")
            if not day:
                continue
            try:
                found[date.fromisoformat(day).isoformat()] = known.get(name.strip(), name.strip()[:80])
            except ValueError:
                words = _("A line begins with a day such as 2026-12-24: %(line)s") % {"line": line.strip()[:60]}
                raise ValidationError(words, code="bad_day") from None
        return found

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return "\n".join(_day_line(day, name) for day, name in value.items())


def _day_line(day: str, name: str) -> str:
    return f"{day} {_(name) if name in KNOWN else name}".strip()


def with_public_holidays(typed: str, country: str) -> str:
    """What was typed, and the country's days off of this year and the next that it does not name, in order."""
    lines = [line.strip() for line in typed.splitlines() if line.strip()]
    named, year = {line.partition(" ")[0] for line in lines}, timezone.localdate().year
    days = public_holidays(country, year) | public_holidays(country, year + 1)
    lines += [_day_line(day.isoformat(), name) for day, name in days.items() if day.isoformat() not in named]
    return "\n".join(sorted(lines))


class HoursForm(HouseForm):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        zones = [(zone, zone) for zone in sorted(available_timezones()) if "/" in zone or zone == "UTC"]
        self.fields["time_zone"] = forms.ChoiceField(label=_("Time zone"), choices=zones)
        for number, name in WEEKDAYS.items():
            self.fields[f"day_{number}"] = SpansField(label=str(name).capitalize(), required=False)
        self.fields["target_minutes"] = forms.IntegerField(
            label=_("Answer within, minutes of working time"), min_value=1, max_value=60 * 24 * 60
        )
        self.fields["holidays"] = HolidaysField(
            label=_("Days off"),
            required=False,
            help_text=_("A day a line: %s") % f"{timezone.localdate().year}-12-24 {_('Christmas Eve')}",
        )
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", "in")

    def said(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "time_zone": data["time_zone"],
            "week": [data[f"day_{number}"] for number in WEEKDAYS],
            "holidays": data["holidays"],
            "target_minutes": data["target_minutes"],
        }


@for_staff("hours:manage")
def hours(request: HttpRequest, principal: Principal, team_id: int = 0) -> HttpResponseBase:
    """The calendar of the organisation, or of a team."""
    team = get_object_or_404(Team, pk=team_id) if team_id else None
    typed = request.POST.copy()
    country = request.POST.get("country", "")
    takes = "take" in typed and country in COUNTRIES
    if takes:
        typed["holidays"] = with_public_holidays(request.POST.get("holidays", ""), country)
    form = HoursForm(typed or None, initial=_initial(week_of(team)))
    if form.is_valid() and not takes:
        try:
            set_work_week(team=team, by=principal, **form.said())
        except ValidationError as error:
            form.add_error(None, " ".join(error.messages))
        else:
            words = _("Saved. The times of those who wait now follow it.")
            return toast(request, redirect("desk:hours", team.pk) if team else redirect("desk:hours"), words)
    own = set(WorkWeek.objects.filter(team__isnull=False).values_list("team", flat=True))
    teams = [{"team": one, "has_own": one.pk in own} for one in Team.objects.order_by("name")]
    context = {
        "form": form,
        "team": team,
        "teams": teams,
        "has_own": bool(team and team.pk in own),
        "countries": sorted((country_name(code), code) for code in COUNTRIES),
        "country": country or HOMES.get(form["time_zone"].value(), "FI"),
        "this_year": timezone.localdate().year,
        "takes": takes,
    }
    return _page(request, principal, context, form)


@require_POST
@for_staff("hours:manage")
def hours_drop(request: HttpRequest, principal: Principal, team_id: int) -> HttpResponseBase:
    team = get_object_or_404(Team, pk=team_id)
    drop_work_week(team=team, by=principal)
    return toast(request, redirect("desk:hours"), _("%(team)s works as the organisation does.") % {"team": team})


def _page(request: HttpRequest, principal: Principal, context: dict[str, Any], form: HoursForm) -> HttpResponse:
    return shown(request, principal, "hours.html", context, form)


def _initial(week: WorkWeek) -> dict[str, Any]:
    days = {f"day_{number}": [list(span) for span in day] for number, day in enumerate(week.week)}
    return days | {name: getattr(week, name) for name in ("time_zone", "target_minutes", "holidays")}


def _span(one: Any) -> Span:
    return (one[0], one[1])
