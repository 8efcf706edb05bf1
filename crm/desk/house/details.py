"""What records of the trail say beside their deeds: each detail's label, and its value as people write it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any, Final

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from contacts.models import Shared, Trust
from crm.desk.campaigns.words import money
from crm.desk.house.things import THINGS, Row, Things
from crm.desk.today.spans import worked
from crm.models import AssignmentMethod
from staff.models import AuditRecord, Role
from staff.policy import DEEDS
from staff.worktime import span_text

# Numbers of rows that have no name, and what another detail says better.
HIDDEN: Final = frozenset({"cost", "tie", "link", "rule", "currency", "version"})
# Of these the value is the number of a row, or a list of such: its kind.
ROWS: Final = {
    "contact": "contact",
    "contacts": "contact",
    "other": "contact",
    "newer": "contact",
    "company": "company",
    "to": "user",
    "owner": "user",
    "new": "key",
    "sources": "source",
}
LABELS: Final[Mapping[str, Any]] = {
    "added": gettext_lazy("added"),
    "also_changed": gettext_lazy("also what was changed since"),
    "archived": gettext_lazy("put away"),
    "changed": gettext_lazy("changed"),
    "choice": gettext_lazy("of whom"),
    "choices": gettext_lazy("choices"),
    "company": gettext_lazy("company"),
    "contact": gettext_lazy("person"),
    "contacts": gettext_lazy("people"),
    "countries": gettext_lazy("countries"),
    "deed": gettext_lazy("what"),
    "deliveries": gettext_lazy("webhooks"),
    "despite": gettext_lazy("despite examples that differ"),
    "email": gettext_lazy("e-mail"),
    "events": gettext_lazy("facts"),
    "fields": gettext_lazy("changed"),
    "file": gettext_lazy("file"),
    "format": gettext_lazy("file"),
    "holidays": gettext_lazy("days off"),
    "is_active": gettext_lazy("may sign in"),
    "is_away": gettext_lazy("on leave"),
    "key": gettext_lazy("key"),
    "label": gettext_lazy("name"),
    "label_en": gettext_lazy("name in English"),
    "label_fi": gettext_lazy("name in Finnish"),
    "language": gettext_lazy("language"),
    "letters": gettext_lazy("letters"),
    "method": gettext_lazy("how"),
    "month": gettext_lazy("month"),
    "name": gettext_lazy("name"),
    "new": gettext_lazy("the new one"),
    "newer": gettext_lazy("with"),
    "number": gettext_lazy("how many"),
    "of": gettext_lazy("of"),
    "order": gettext_lazy("place in the order"),
    "other": gettext_lazy("with"),
    "owner": gettext_lazy("owner"),
    "people": gettext_lazy("people"),
    "place": gettext_lazy("place in the order"),
    "reason": gettext_lazy("reason"),
    "role": gettext_lazy("role"),
    "same_as": gettext_lazy("the same as"),
    "scope": gettext_lazy("needs"),
    "scopes": gettext_lazy("may"),
    "shared": gettext_lazy("shared with"),
    "source": gettext_lazy("source"),
    "sources": gettext_lazy("sources"),
    "stage": gettext_lazy("stage"),
    "sum_minor": gettext_lazy("sum"),
    "tag": gettext_lazy("tag"),
    "target_minutes": gettext_lazy("goal"),
    "team": gettext_lazy("team"),
    "time_zone": gettext_lazy("time zone"),
    "to": gettext_lazy("to"),
    "total": gettext_lazy("people"),
    "trust": gettext_lazy("trust"),
    "url": gettext_lazy("address"),
    "wants_morning_mail": gettext_lazy("morning mail"),
    "wants_notice_mail": gettext_lazy("news by mail"),
    "wants_reminder_mail": gettext_lazy("reminders by mail"),
    "week": gettext_lazy("hours"),
    "what": gettext_lazy("what"),
    "went": gettext_lazy("it went"),
}
JOBS: Final = {
    "tag": gettext_lazy("tag"),
    "untag": gettext_lazy("take a tag away"),
    "retag": gettext_lazy("rename a tag"),
    "assign": gettext_lazy("give an owner"),
    "move": gettext_lazy("move on the path"),
    "replay": gettext_lazy("replay from quarantine"),
}
FEW: Final = 3  # permissions that are told in a line
_SENTENCES: Final = {deed.scope: deed.sentence for deed in DEEDS}


@dataclass(frozen=True, slots=True)
class Detail:
    """A line: what it is of, what it says now and said before, and each thing of a longer list."""

    label: str
    said: str
    before: str = ""
    each: tuple[str, ...] = ()


def rows_in(record: AuditRecord) -> Iterator[Row]:
    """The rows that a record tells of."""
    if record.object_id is not None:
        yield record.object_kind, record.object_id
    for name, kind in ROWS.items():
        value = record.detail.get(name)
        for number in value if isinstance(value, list) else [value]:
            if isinstance(number, int) and not isinstance(number, bool):
                yield kind, number


def details_of(record: AuditRecord, things: Things) -> list[Detail]:
    detail = dict(record.detail)
    lines = list(_changes(detail.pop("before", None), detail.pop("after", None), things))
    detail |= detail.pop("changes", {})
    for name, value in detail.items():
        if name in HIDDEN or value in ("", None, []):
            continue
        each = tuple(_permissions(value)) if name == "scopes" and len(value) > FEW else ()
        said = _many(each) if each else _said(name, value, detail, things)
        lines.append(Detail(_label(name), said, each=each))
    return lines


def _changes(before: Any, after: Any, things: Things) -> Iterator[Detail]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in before:
            yield Detail(
                _label(name), _said(name, after.get(name), after, things), _said(name, before[name], before, things)
            )
    elif before is not None or after is not None:
        yield Detail("", _plain(after), _plain(before))


def _label(name: str) -> str:
    return str(LABELS.get(name, name.replace("_", " ")))


def _said(name: str, value: Any, beside: Mapping[str, Any], things: Things) -> str:
    if value is None or value == "":
        return "–"
    if name in ROWS:
        return _plain([things.of(ROWS[name], one).name for one in (value if isinstance(value, list) else [value])])
    if name == "sum_minor":
        return money(value, beside.get("currency", "EUR"))
    return _TELLERS.get(name, _plain)(value)


def _plain(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    if isinstance(value, dict):
        return ", ".join(f"{str(name).replace('_', ' ')} {_plain(one)}" for name, one in value.items())
    return number_format(value) if isinstance(value, int | float) else str(value)


def _permissions(scopes: Any) -> list[str]:
    return [str(_SENTENCES.get(scope, scope)) for scope in scopes]


def _many(each: tuple[str, ...]) -> str:
    return ngettext("%(n)s thing", "%(n)s things", len(each)) % {"n": len(each)}


def _fields(value: Any) -> str:
    if not isinstance(value, list):
        return _plain(value)
    return ", ".join(_label(name.removesuffix("_minor").removesuffix("_id")) for name in value)


def _week(value: Any) -> str:
    days = [(str(WEEKDAYS_ABBR[number]), ", ".join(map(span_text, spans))) for number, spans in enumerate(value)]
    told = []
    for hours, same in groupby(days, key=lambda day: day[1]):
        names = [name for name, _hours in same]
        if hours:
            told.append(f"{names[0]}–{names[-1]} {hours}" if len(names) > 1 else f"{names[0]} {hours}")
    return "; ".join(told)


def _choice(value: Any) -> str:
    ids = value.get("ids") if isinstance(value, dict) else None
    if ids is None:
        return _("whom a filter finds")
    return ngettext("%(n)s person", "%(n)s people", len(ids)) % {"n": len(ids)}


def _days(value: Any) -> str:
    return ngettext("%(n)s day", "%(n)s days", len(value)) % {"n": len(value)}


_TELLERS: Final[Mapping[str, Callable[[Any], str]]] = {
    "changed": _fields,
    "choice": _choice,
    "deed": lambda value: str(JOBS.get(value, value)),
    "events": lambda value: number_format(len(value)),
    "fields": _fields,
    "holidays": _days,
    "method": lambda value: _of(AssignmentMethod, value),
    "month": lambda value: date_format(date.fromisoformat(value), "YEAR_MONTH_FORMAT"),
    "of": lambda value: str(THINGS[value].word) if value in THINGS else str(value),
    "role": lambda value: _of(Role, value),
    "scope": lambda value: str(_SENTENCES.get(value, value)),
    "scopes": lambda value: "; ".join(_permissions(value)),
    "shared": lambda value: _of(Shared, value),
    "target_minutes": lambda value: worked(timedelta(minutes=value)),
    "trust": lambda value: _of(Trust, value),
    "week": _week,
}


def _of(choices: Any, value: Any) -> str:
    return str(dict(choices.choices).get(value, value))
