"""The language of filters: a closed, typed tree over registered fields, never SQL from outside.

A condition is a field, an operator and a value; a group joins conditions or groups by `all`, `any` or `none`. Fields
are registered here and by the packages that stand on ours (`CONTACT_FILTERS.add(...)` in their AppConfig.ready).
An address says the same in a flat way: `?owner=3&created_at__gte=2026-01-01`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .matching import normal_email, normal_phone, search_tokens
from .models import Company, Identity, IdentityKind, Membership, Source
from .models.people import Mentions

MOST_CONDITIONS: Final = 50
DEEPEST: Final = 5
MOST_VALUES: Final = 100
LONGEST_TEXT: Final = 254


class Operator(StrEnum):
    IS = "is"
    IS_NOT = "is_not"
    IN = "in"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    LESS_THAN = "less_than"
    MORE_THAN = "more_than"
    DID = "did"
    DID_NOT = "did_not"


_LOOKUPS: Final = {
    Operator.AT_LEAST: "gte",
    Operator.AT_MOST: "lte",
    Operator.LESS_THAN: "lt",
    Operator.MORE_THAN: "gt",
}
# what an address puts behind the name of a field: owner__in=3,4
_SUFFIXES: Final = {"": Operator.IS, "not": Operator.IS_NOT, "in": Operator.IN} | {
    suffix: operator for operator, suffix in _LOOKUPS.items()
}
EQUALITY: Final = (Operator.IS, Operator.IS_NOT, Operator.IN)
ORDER: Final = tuple(_LOOKUPS)


@dataclass(frozen=True, slots=True)
class Field:
    """What can be asked about: how a value is read (ValueError: not one), which operators fit, and the rows meant."""

    name: str
    read: Callable[[Any], Any]
    rows: Callable[[Operator, Any], Q]
    operators: tuple[Operator, ...]
    meaning: str | Promise

    def parameters(self) -> list[str]:
        """As an address names it, with each operator that fits."""
        fitting = [suffix for suffix, operator in _SUFFIXES.items() if operator in self.operators]
        return [f"{self.name}__{suffix}" if suffix else self.name for suffix in fitting]


@dataclass(frozen=True, slots=True)
class Condition:
    field: Field
    operator: Operator
    value: Any

    def q(self) -> Q:
        return self.field.rows(self.operator, self.value)


@dataclass(frozen=True, slots=True)
class Group:
    joined_by: str  # all | any | none
    parts: tuple["Condition | Group", ...]

    def q(self) -> Q:
        whole = Q()
        for part in self.parts:
            whole = whole & part.q() if self.joined_by == "all" else whole | part.q()
        return ~whole if self.joined_by == "none" else whole


Tree = Condition | Group


class Filters:
    """The fields one may filter a kind of row by."""

    def __init__(self, *fields: Field) -> None:
        self.fields = {field.name: field for field in fields}
        # beginnings of names that an organisation makes itself, and what finds the field
        self.families: dict[str, Callable[[str], Field | None]] = {}
        self._parameters: list[str] | None = None

    def add(self, *fields: Field) -> None:
        self.fields |= {field.name: field for field in fields}
        self._parameters = None

    def parameters(self) -> list[str]:
        """The names an address may use: `owner`, `owner__in`, ..."""
        if self._parameters is None:
            self._parameters = [name for field in self.fields.values() for name in field.parameters()]
        return self._parameters

    def field(self, name: str) -> Field | None:
        family = name[: name.find(".") + 1]
        return self.families[family](name) if family in self.families else self.fields.get(name)

    def condition(self, name: str, operator: str, value: Any) -> Condition:
        """Raises ValidationError (code `invalid_filter`) that names what is known."""
        field = self.field(name)
        if field is None:
            raise _refusal(name, gettext("There is no such field. Fields are: %s.") % ", ".join(sorted(self.fields)))
        if operator not in field.operators:
            raise _refusal(name, gettext("Its operators are: %s.") % ", ".join(field.operators))
        return Condition(field, Operator(operator), _read(field, Operator(operator), value))

    def from_parameters(self, parameters: Mapping[str, str]) -> Group:
        """The conditions of an address, all of which must hold; they are among `parameters()`, or not ours."""
        conditions = []
        for parameter, value in parameters.items():
            name, _mark, suffix = parameter.partition("__")
            if name in self.fields:
                conditions.append(self.condition(name, _SUFFIXES[suffix], value))
        return Group("all", tuple(conditions))

    def from_document(self, document: Any, *, most: int = MOST_CONDITIONS) -> Tree:
        """A tree such as {"all": [{"field": "country", "is": "FI"}, {"any": [...]}]}, of at most so many parts."""
        return self._tree(document, _Budget(most), 1)

    def _tree(self, document: Any, budget: "_Budget", depth: int) -> Tree:
        budget.spend(depth)
        if not isinstance(document, dict):
            raise _refusal("", gettext("A filter is an object."))
        names = set(document)
        if len(names) == 1 and (joined_by := names.pop()) in {"all", "any", "none"}:
            parts = document[joined_by]
            if not isinstance(parts, list) or not parts:
                raise _refusal(joined_by, gettext("A group is a list of at least one filter."))
            return Group(joined_by, tuple(self._tree(part, budget, depth + 1) for part in parts))
        operators = set(document) - {"field"}
        if not isinstance(document.get("field"), str) or len(operators) != 1:
            raise _refusal("", gettext("A condition is a field with one operator, or a group: all, any or none."))
        [operator] = operators
        return self.condition(document["field"], operator, document[operator])


class _Budget:
    def __init__(self, most: int) -> None:
        self.most = self.left = most

    def spend(self, depth: int) -> None:
        self.left -= 1
        if self.left < 0 or depth > DEEPEST:
            words = gettext("A filter has at most %(most)d parts, %(depth)d deep.")
            raise _refusal("", words % {"most": self.most, "depth": DEEPEST})


def _read(field: Field, operator: Operator, value: Any) -> Any:
    if operator == Operator.IN:
        return [_read_one(field, part) for part in _several(field, value)]
    return _read_one(field, value)


def _several(field: Field, value: Any) -> Iterable[Any]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list) or not 0 < len(parts) <= MOST_VALUES:
        raise _refusal(field.name, gettext("It takes 1 to %d values.") % MOST_VALUES)
    return parts


def _read_one(field: Field, value: Any) -> Any:
    try:
        return field.read(value)
    except (ValueError, TypeError, OverflowError):
        raise _refusal(field.name, gettext("It takes %s.") % field.meaning) from None


def _refusal(name: str, words: str) -> ValidationError:
    return ValidationError(words, code="invalid_filter", params={"field": name})


# --- Kinds of fields --------------------------------------------------------------------------------------------------


def choice(name: str, path: str, values: Iterable[str]) -> Field:
    """One of fixed words, kept as they are under `path`."""
    known = tuple(values)

    def read(value: Any) -> str:
        if value not in known:
            raise ValueError(value)
        return str(value)

    return Field(name, read, _equal_to(path), EQUALITY, format_lazy(_("one of: {known}"), known=", ".join(known)))


def text(name: str, path: str, meaning: str | Promise, normal: Callable[[str], str] = str) -> Field:
    """Exactly this text."""
    return Field(name, lambda value: normal(short_text(value)), _equal_to(path), EQUALITY, meaning)


def moment(name: str, path: str) -> Field:
    """A moment; a date is the beginning of that day in UTC, {"days_ago": 30} moves along with the days."""
    return Field(name, _read_moment, compared(path), ORDER, _("a date or moment such as 2026-03-01T12:00:00Z"))


def number(name: str, path: str) -> Field:
    return Field(name, read_whole, compared(path), (Operator.IS, *ORDER), _("a whole number"))


def row(name: str, path: str, *, may_be_none: bool = False) -> Field:
    """A row of ours by id; `none` where there may be none."""

    def read(value: Any) -> int | None:
        return None if may_be_none and value in {"none", None} else read_whole(value)

    meaning = _("an id, or none") if may_be_none else _("an id")
    return Field(name, read, _equal_to(path), EQUALITY, meaning)


def yes_no(name: str, path: str) -> Field:
    return Field(name, read_yes_no, _equal_to(path), (Operator.IS,), _("true or false"))


def _equal_to(path: str) -> Callable[[Operator, Any], Q]:
    def rows(operator: Operator, value: Any) -> Q:
        values = value if operator == Operator.IN else [value]
        given = [each for each in values if each is not None]
        found = Q(**{f"{path}__in": given}) if len(given) > 1 else Q(**{path: given[0]}) if given else Q(pk=None)
        if len(given) < len(values):
            found |= Q(**{f"{path}__isnull": True})
        return ~found if operator == Operator.IS_NOT else found

    return rows


def compared(path: str) -> Callable[[Operator, Any], Q]:
    return lambda operator, value: Q(**{f"{path}__{_LOOKUPS[operator]}" if operator in _LOOKUPS else path: value})


def short_text(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TEXT:
        raise ValueError(value)
    return value


def read_whole(value: Any) -> int:
    """A whole number of at most 18 digits, as a number or as text."""
    digits = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(digits, str) or not digits.isascii() or not digits.removeprefix("-").isdigit():
        raise ValueError(value)
    if len(digits) > 18:
        raise ValueError(value)
    return int(digits)


def read_yes_no(value: Any) -> bool:
    if value in (True, "true"):
        return True
    if value in (False, "false"):
        return False
    raise ValueError(value)


MOST_DAYS_AGO: Final = 36_500


def _read_moment(value: Any) -> datetime:
    if not isinstance(value, dict):
        return read_moment(value)
    if set(value) != {"days_ago"} or not 0 <= read_whole(value["days_ago"]) <= MOST_DAYS_AGO:
        raise ValueError(value)
    return datetime.now(UTC) - timedelta(days=read_whole(value["days_ago"]))


def read_moment(value: Any) -> datetime:
    found = datetime.fromisoformat(value)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


# --- The fields of our own rows ---------------------------------------------------------------------------------------


def _by_identity(kind: IdentityKind) -> Callable[[Operator, Any], Q]:
    """Whoever is recognised by one of these values, in whatever source."""

    def rows(operator: Operator, value: Any) -> Q:
        values = value if operator == Operator.IN else [value]
        namespaces = [""] if kind == IdentityKind.EMAIL else Source.objects.values("key")
        owners = Identity.objects.live().filter(kind=kind, namespace__in=namespaces, value__in=values)
        return Q(pk__in=owners.values("contact__leader_id"))

    return rows


def _by_phone(operator: Operator, value: Any) -> Q:
    [digits, *_rest] = search_tokens(phones=[value])
    return Q(Mentions(f"'{digits}'"), phones__contains=[value])


def _by_company(operator: Operator, value: Any) -> Q:
    values = value if operator == Operator.IN else [value]
    return Q(pk__in=Membership.objects.current().filter(company__in=_now(values)).values("contact__leader_id"))


def _now(company_ids: Sequence[int]) -> list[int]:
    """The companies themselves, and of those that turned out to be another, the other."""
    gone = Company.objects.filter(pk__in=company_ids).exclude(merged_into=None)
    others = list(gone.values_list("merged_into_id", flat=True))
    return [*company_ids, *(_now(others) if others else ())]


def _by_source(operator: Operator, value: Any) -> Q:
    if operator == Operator.IS:
        return Q(origin_source=Source.objects.filter(key=value).values("pk")[:1])
    found = Q(origin_source__in=Source.objects.filter(key__in=value if operator == Operator.IN else [value]))
    return ~found if operator == Operator.IS_NOT else found


def _email(value: Any) -> str:
    found = normal_email(short_text(value))
    if found is None:
        raise ValueError(value)
    return found


def _phone(value: Any) -> str:
    found = normal_phone(short_text(value))
    if found is None:
        raise ValueError(value)
    return found


_HAVING: Final = (Operator.IS, Operator.IN)

CONTACT_FILTERS: Final = Filters(
    moment("created_at", "created_at"),
    moment("updated_at", "updated_at"),
    row("owner", "owner_id", may_be_none=True),
    row("team", "team_id", may_be_none=True),
    text("country", "country", _("a country such as FI"), str.upper),
    text("language", "language", _("a language such as fi")),
    text("campaign", "origin_campaign", _("the key of a campaign")),
    Field("source", short_text, _by_source, EQUALITY, _("the key of a source")),
    Field("email", _email, _by_identity(IdentityKind.EMAIL), _HAVING, _("an e-mail address")),
    Field("external_id", short_text, _by_identity(IdentityKind.EXTERNAL), _HAVING, _("an id of another system")),
    Field("user_id", short_text, _by_identity(IdentityKind.USER_ID), _HAVING, _("a user id of another system")),
    Field("phone", _phone, _by_phone, (Operator.IS,), _("a number such as +358401234567")),
    Field("company", read_whole, _by_company, _HAVING, _("the id of a company")),
)

COMPANY_FILTERS: Final = Filters(
    moment("created_at", "created_at"),
    moment("updated_at", "updated_at"),
    row("owner", "owner_id", may_be_none=True),
    row("team", "team_id", may_be_none=True),
    text("country", "country", _("a country such as FI"), str.upper),
    text("external_id", "external_id", _("an id of another system")),
    Field(
        "domain",
        lambda value: short_text(value).lower(),
        lambda operator, value: Q(domains__contains=[value]),
        (Operator.IS,),
        _("a domain such as example.com"),
    ),
)

MEMBERSHIP_FILTERS: Final = Filters(
    row("contact", "contact_id"),
    row("company", "company_id"),
)
