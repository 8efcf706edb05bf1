"""What more can be asked about people: what they did or did not do, their tags, their own fields.

"Did" looks at the events of a whole person, merged contacts and all. It is one set, read from the index of events by
type: only how often somebody did something is counted person by person.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from staff.policy import Principal

from .attributes import FITS, normal_tag
from .filtering import (
    CONTACT_FILTERS,
    EQUALITY,
    ORDER,
    Field,
    Filters,
    Operator,
    read_yes_no,
    short_text,
)
from .matching import search_query
from .models import Company, CustomField, EventType, FieldKind, Membership, Task
from .models.people import Mentions

MOST_DAYS: Final = 3650
MOST_TIMES: Final = 1000
CUSTOM: Final = "custom."


@dataclass(frozen=True, slots=True)
class Deed:
    """Something people do: an event of this type, so many times, in the last so many days (always, without)."""

    type_id: int
    times: int = 1
    days: int | None = None


def read_deed(value: Any) -> Deed:
    """{"type": "order_completed", "times": 2, "days": 30}"""
    if not isinstance(value, dict) or set(value) - {"type", "times", "days"}:
        raise ValueError(value)
    times, days = value.get("times", 1), value.get("days")
    for number, most in ((times, MOST_TIMES), (days or 1, MOST_DAYS)):
        if not isinstance(number, int) or isinstance(number, bool) or not 0 < number <= most:
            raise ValueError(value)
    type_id = EventType.objects.filter(key=short_text(value.get("type"))).values_list("pk", flat=True).first()
    if type_id is None:
        raise ValueError(value)
    return Deed(type_id, times, days)


class Did(Func):
    """Whether a person did a deed."""

    output_field = models.BooleanField()

    def __init__(self, deed: Deed) -> None:
        super().__init__(F("id"))
        self.deed = deed

    def as_sql(self, compiler: Any, connection: Any, *_how: Any, **_context: Any) -> tuple[str, tuple[Any, ...]]:
        [column] = self.get_source_expressions()
        who, parameters = compiler.compile(column)
        assert not parameters  # a column has none
        since, moments = _since(self.deed)
        sql = _DID.format(who=who, since=since)
        values = [self.deed.type_id, *moments, self.deed.type_id, *moments]
        if self.deed.times > 1:
            sql += _SO_OFTEN.format(who=who, since=since)
            values += [self.deed.type_id, *moments, self.deed.times]
        return f"({sql})", tuple(values)


def _since(deed: Deed) -> tuple[str, list[datetime]]:
    if deed.days is None:
        return "", []
    return " AND e.occurred_at >= %s", [datetime.now(UTC) - timedelta(days=deed.days)]


_DID: Final = """EXISTS (SELECT 1 FROM (
    SELECT e.contact_id AS who FROM contacts_event e
     WHERE e.type_id = %s AND e.retracted_at IS NULL{since}
    UNION ALL
    SELECT m.leader_id FROM contacts_contact m JOIN contacts_event e ON e.contact_id = m.id
     WHERE NOT m.leader_id = m.id AND e.type_id = %s AND e.retracted_at IS NULL{since}) deed WHERE deed.who = {who})"""
_SO_OFTEN: Final = """ AND (SELECT count(*) FROM contacts_event e
    WHERE e.contact_id = ANY(ARRAY(
          SELECT m.id FROM contacts_contact m WHERE m.leader_id = {who} AND NOT m.leader_id = m.id
          UNION ALL SELECT {who}))
      AND e.type_id = %s AND e.retracted_at IS NULL{since}) >= %s"""


def _by_deed(operator: Operator, deed: Deed) -> Q:
    found = Q(Did(deed))
    return ~found if operator == Operator.DID_NOT else found


def _by_tag(operator: Operator, value: Any) -> Q:
    values = value if operator == Operator.IN else [value]
    found = Q(tags__overlap=values) if len(values) > 1 else Q(tags__contains=values)
    found &= ~Q(tags=[])  # the index holds no empty ones
    return ~found if operator == Operator.IS_NOT else found


def _one_of(kinds: Mapping[str, Callable[[], Q]]) -> tuple[Callable[[Any], str], Callable[[Operator, Any], Q]]:
    """How one of these words is read, and whom it means."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in kinds:
            raise ValueError(value)
        return str(value)

    def rows(operator: Operator, value: Any) -> Q:
        found = Q(pk=None)
        for one in value if operator == Operator.IN else [value]:
            found |= kinds[one]()
        return ~found if operator == Operator.IS_NOT else found

    return read, rows


def _with_tasks(**which: Any) -> Q:
    return Q(pk__in=Task.objects.filter(done_at=None, **which).values("contact__leader_id"))


_TASKS: Final[Mapping[str, Callable[[], Q]]] = {
    "planned": _with_tasks,
    "overdue": lambda: _with_tasks(due_at__lt=Now()),
    "none": lambda: ~_with_tasks(),
}
_KNOWN: Final[Mapping[str, Callable[[], Q]]] = {
    "email": lambda: ~Q(emails=[]),
    "phone": lambda: ~Q(phones=[]),
    "company": lambda: Q(pk__in=Membership.objects.current().values("contact__leader_id")),
}
_FITS: Final[Mapping[str, Callable[[], Q]]] = {letter: partial(Q, custom__fit=letter) for letter in sorted(FITS)}


def _by_words(_operator: Operator, typed: str) -> Q:
    query = search_query(typed)
    return Q(Mentions(query)) if query else Q(pk=None)


def _by_company_name(_operator: Operator, typed: str) -> Q:
    current = Membership.objects.current().filter(company__in=Company.objects.mentioning(typed))
    return Q(pk__in=current.values("contact__leader_id"))


# --- The fields an organisation has declared --------------------------------------------------------------------------

_FITTING: Final = {
    FieldKind.TEXT: EQUALITY,
    FieldKind.CHOICE: EQUALITY,
    FieldKind.NUMBER: (Operator.IS, *ORDER),
    FieldKind.DATE: ORDER,
    FieldKind.YES_NO: (Operator.IS,),
}
_LOOKUPS: Final = {
    Operator.IS: "",
    Operator.IN: "__in",
    Operator.AT_LEAST: "__gte",
    Operator.AT_MOST: "__lte",
    Operator.LESS_THAN: "__lt",
    Operator.MORE_THAN: "__gt",
}


def custom_field(name: str) -> Field | None:
    """The declared field `custom.plan`, as it can be asked about."""
    declared = CustomField.objects.filter(of="contact", key=name.removeprefix(CUSTOM)).first()
    return custom_filter(declared) if declared else None


def custom_filter(declared: CustomField) -> Field:
    path, kind = f"custom__{declared.key}", FieldKind(declared.kind)

    def rows(operator: Operator, value: Any) -> Q:
        if operator == Operator.IS_NOT:
            return ~Q(**{path: value})
        return Q(**{f"{path}{_LOOKUPS[operator]}": value})

    read = {FieldKind.NUMBER: _read_number, FieldKind.YES_NO: read_yes_no, FieldKind.DATE: _read_date}
    meaning = {
        FieldKind.NUMBER: gettext_lazy("a number"),
        FieldKind.YES_NO: gettext_lazy("true or false"),
        FieldKind.DATE: gettext_lazy("a date such as 2026-03-01"),
    }
    return Field(
        f"{CUSTOM}{declared.key}",
        read.get(kind, short_text),
        rows,
        _FITTING[kind],
        meaning.get(kind, gettext_lazy("a text")),
    )


def _read_number(value: Any) -> float | int:
    if isinstance(value, bool):
        raise ValueError(value)
    number = float(value)
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError(value)
    return int(number) if number.is_integer() else number


def _read_date(value: Any) -> str:
    return datetime.strptime(value, "%Y-%m-%d").date().isoformat()  # noqa: DTZ007  (a day has no zone)


# --- Who asks ---------------------------------------------------------------------------------------------------------

ME: Final = "me"


def meant_by(document: Any, principal: Principal) -> Any:
    """The document with whoever asks in the place of `me`: a shared view shows each their own."""
    if isinstance(document, list):
        return [meant_by(part, principal) for part in document]
    if not isinstance(document, dict):
        return document
    if document.get("field") == "owner":
        return {name: _meant(value, principal) for name, value in document.items()}
    return {name: meant_by(value, principal) for name, value in document.items()}


def _meant(value: Any, principal: Principal) -> Any:
    if isinstance(value, list):
        return [_meant(part, principal) for part in value]
    if value != ME:
        return value
    if principal.user is None:
        raise ValidationError(_("A key is nobody: say whose."), code="invalid_filter", params={"field": "owner"})
    return principal.user.pk


def register(filters: Filters = CONTACT_FILTERS) -> None:
    filters.add(
        Field("tag", normal_tag, _by_tag, EQUALITY, gettext_lazy("a tag")),
        Field("company_name", short_text, _by_company_name, (Operator.IS,), gettext_lazy("words of its name")),
        Field("task", *_one_of(_TASKS), EQUALITY, gettext_lazy("one of: planned, overdue, none (what is to be done)")),
        Field(
            "known", *_one_of(_KNOWN), EQUALITY, gettext_lazy("one of: email, phone, company (what is known of them)")
        ),
        Field("fit", *_one_of(_FITS), EQUALITY, gettext_lazy("a letter from A to F")),
        Field("words", short_text, _by_words, (Operator.IS,), gettext_lazy("words, as in the search")),
        Field(
            "event",
            read_deed,
            _by_deed,
            (Operator.DID, Operator.DID_NOT),
            gettext_lazy('what is done, such as {"type": "order_completed", "times": 2, "days": 30}'),
        ),
    )
    filters.families[CUSTOM] = custom_field
