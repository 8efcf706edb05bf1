"""What records of the trail are about: what each kind of rows is called, and the name and page of a row."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import F, Model, QuerySet, TextField, Value
from django.db.models.functions import Cast, Coalesce, Concat, NullIf
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, CostFile, Form, Site
from contacts.models import Company, Contact, CustomField, EventType, Import, Membership, SavedView, Source, Task
from crm.models import WebhookEndpoint
from funnel.models import Stage
from staff.models import ApiKey, Invitation, Team, User

Row = tuple[str, int]
_NOTHING: Final = Value("", TextField())


def _text(column: str) -> Cast:
    return Cast(F(column), TextField())


_WHO: Final = Coalesce(NullIf(_text("contact__leader__name"), _NOTHING), _text("contact__leader__emails__0"), _NOTHING)
_PLACE: Final = Concat(_WHO, Value(", ", TextField()), _text("company__name"))  # whom, and where


@dataclass(frozen=True, slots=True)
class Thing:
    """A kind of rows. `name` is what a row is called by: columns, the first that says something."""

    word: Any
    rows: type[Model] | None = None
    name: tuple[Any, ...] = ("name",)
    view: str = ""

    def named(self, kind: str, numbers: Iterable[int]) -> QuerySet[Any, Any]:
        assert self.rows
        columns = [NullIf(_text(name) if isinstance(name, str) else name, _NOTHING) for name in self.name]
        rows: QuerySet[Any, Any] = self.rows._default_manager.filter(pk__in=numbers).order_by()
        return rows.values_list(Value(kind), Cast(F("pk"), TextField()), Coalesce(*columns, _NOTHING))


def _labels() -> tuple[str, ...]:
    return ("label_fi", "label_en", "key") if (get_language() or "").startswith("fi") else ("label_en", "key")


THINGS: Final[Mapping[str, Thing]] = {
    "user": Thing(_("colleague"), User, ("name", "email"), "desk:staff-member"),
    "contact": Thing(_("person"), Contact, ("name", "emails__0"), "desk:contact-page"),
    "company": Thing(_("company"), Company, view="desk:company-page"),
    "team": Thing(_("team"), Team),
    "role": Thing(_("role")),
    "key": Thing(_("key"), ApiKey),
    "invitation": Thing(_("invitation"), Invitation, ("name", "email")),
    "import": Thing(_("import"), Import, ("file_name",), "desk:import-page"),
    "form": Thing(_("form"), Form, view="desk:form-page"),
    "site": Thing(_("website"), Site),
    "campaign": Thing(_("campaign"), Campaign, view="desk:campaign"),
    "cost_file": Thing(_("cost file"), CostFile),
    "job": Thing(_("job"), view="desk:job"),
    "event": Thing(_("fact")),
    "event_type": Thing(_("type of events"), EventType, (), "desk:type-name"),
    "mail": Thing(_("letter")),
    "task": Thing(_("task"), Task, ("title",)),
    "view": Thing(_("saved view"), SavedView),
    "field": Thing(_("field"), CustomField, ("label",)),
    "stage": Thing(_("stage"), Stage, ()),
    "playbook": Thing(_("playbook version"), view="desk:playbook-version"),
    "backtest": Thing(_("backtest"), view="desk:backtest"),
    "target": Thing(_("target")),
    "source": Thing(_("source"), Source),
    "claim": Thing(_("claim")),
    "quarantine": Thing(_("message"), view="desk:quarantine-page"),
    "membership": Thing(_("place in a company"), Membership, (_PLACE,)),
    "sending": Thing(_("sending")),
    "effect": Thing(_("what moves set off")),
    "webhook": Thing(_("webhook"), WebhookEndpoint, ("description", "url"), "desk:webhook-page"),
    "webhook_delivery": Thing(_("delivery")),
}


@dataclass(frozen=True, slots=True)
class Named:
    """A row as the trail shows it: the word for its kind, its name or number, and its page."""

    word: str
    name: str
    url: str


class Things:
    """The names of rows, read in one statement, whatever kinds they are of."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._names: dict[Row, str] = {}
        wanted: dict[str, set[int]] = defaultdict(set)
        for kind, number in rows:
            wanted[kind].add(number)
        asked = [_asked(kind, numbers) for kind, numbers in sorted(wanted.items()) if _is_named(kind)]
        if asked:
            first, *others = asked
            found = first.union(*others, all=True) if others else first
            self._names = {(kind, int(number)): name for kind, number, name in found if name}

    def of(self, kind: str, number: int | None) -> Named:
        thing = THINGS.get(kind) or Thing(kind.replace("_", " "))
        if number is None:
            return Named(str(thing.word), "", "")
        name = self._names.get((kind, number), "")
        is_there = bool(name) or not _is_named(kind)
        url = reverse(thing.view, args=[number]) if thing.view and is_there else ""
        return Named(str(thing.word), name or str(number), url)


def _is_named(kind: str) -> bool:
    return kind in THINGS and THINGS[kind].rows is not None


def _asked(kind: str, numbers: set[int]) -> QuerySet[Any, Any]:
    thing = THINGS[kind]
    return Thing(thing.word, thing.rows, thing.name or _labels()).named(kind, numbers)
