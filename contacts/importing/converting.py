"""What a row says, in our words: by whom it is known, what is true of them, what happened."""

import re
from collections.abc import Callable
from collections.abc import Mapping as Map
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec
from django.utils.translation import gettext as _

from ..attributes import ATTRIBUTE_TYPES, BUILT_IN, MOST_OF_A_KIND, normal_tag
from ..matching import normal_email, normal_phone
from ..messages import (
    LONGEST_ID,
    LONGEST_NAME,
    ContactRef,
    Message,
    Refusal,
    body_digest,
    checked_email,
    checked_message_id,
    checked_type,
    currencies,
    event_key_digits,
    minor_units,
    short_text,
)
from ..models import CustomField
from ..placing import Name
from ..projecting import fits
from .cells import Columns, RowRefused, label_of, moment_reader, place_reader, plain_number, template_reader
from .mapping import Cell, EventSection, Mapping, OriginSection, Place, Value
from .reading import Cells

NOT_IN_A_KEY = re.compile(r"[^a-z0-9_.]+")
LONGEST_SOURCE_KEY = 40
BETWEEN_VALUES = re.compile(r"[;,\n]| ::: ")  # of several addresses, numbers or tags in one cell
REMEMBERED = 4096  # values of a column that were found sound lately
OFTEN_THE_SAME = frozenset({"title", "country", "language", "time_zone", "company", "owner", "team", "fit"})
DETAILS = frozenset(
    ["name", "email", "phone", "title", "country", "language", "time_zone", "company", "owner", "team", "fit"]
)

CALLED = {"email": "e-mail", "time_zone": "time zone"}  # others are called what they are

in_order = msgspec.json.Encoder(order="sorted").encode

Check = Callable[[Any], Any]  # gives the value as it is kept, or raises Refusal
ReadChecked = Callable[[int, Cells], Any]
ReadEvent = Callable[[int, Cells, ContactRef], Message | None]


class Fact(NamedTuple):
    """An event as a row tells it, with what the log knows it by."""

    key: str
    digest: int
    message: Message


@dataclass(slots=True)
class Said:
    """What one row says. `origin` is the key of the source its contact came from, empty for the import's own."""

    row: int
    line: int
    cells: Cells
    contact: ContactRef
    attributes: dict[str, Any]
    since: datetime | None
    origin: str
    facts: list[Fact]
    names: list[Name] | None = None  # by which its contact is called, once it was asked for


class Converter:
    """A mapping fitted to the columns of a file: rows in, what they say out. Refused where it does not fit."""

    def __init__(self, mapping: Mapping, names: tuple[str, ...], fields: Map[str, CustomField]) -> None:
        columns = Columns(names, mapping.file.decimal)
        contact = mapping.contact
        self.identities = [
            (name, checked(place, columns, IDENTITY_CHECKS[name])) for name, place in contact.identities.items()
        ]
        self.attributes = [
            (name, detail_reader(name, place, columns, fields, contact.phone_country))
            for name, place in contact.attributes.items()
        ]
        self.lists = [
            (name, [list_reader(place, columns, LIST_CHECKS[name](contact.phone_country)) for place in places])
            for name, places in (("emails", contact.emails), ("phones", contact.phones), ("tags", contact.tags))
            if places
        ]
        self.since = moment_reader(contact.moment, columns) if contact.moment else None
        self.origin = origin_reader(mapping.origin, columns)
        self.events = [event_reader(section, columns) for section in mapping.events]
        self.source_key = mapping.source.key
        columns.refuse_problems()

    def __call__(self, row: int, line: int, cells: Cells) -> Said:
        """What the row numbered `row` says; raises RowRefused."""
        known_by = {name: value for name, read in self.identities if (value := read(row, cells)) is not None}
        if not known_by:
            raise RowRefused("", "missing-identity", "The row does not say whom it is about.")
        contact = ContactRef(**known_by)
        attributes = {name: value for name, read in self.attributes if (value := read(row, cells)) is not None}
        for name, reads in self.lists:
            if values := [value for read in reads for value in read(row, cells)]:
                attributes[name] = list(dict.fromkeys(values))[:MOST_OF_A_KIND]
        return Said(
            row,
            line,
            cells,
            contact,
            attributes,
            self.since(cells) if self.since else None,
            self.origin(row, cells),
            [
                fact_of(message, self.source_key)
                for read in self.events
                if (message := read(row, cells, contact)) is not None
            ],
        )


def fact_of(message: Message, source_key: str) -> Fact:
    return Fact(event_key_digits(source_key, message.message_id), body_digest(event_body(message)), message)


def detail_reader(
    name: str, place: Place, columns: Columns, fields: Map[str, CustomField], phone_country: str
) -> ReadChecked:
    """Read a detail of the contact: a built-in one, or a declared field by its kind."""
    if name in DETAILS:
        return checked(place, columns, built_in_check(name, phone_country))
    if name not in fields:
        columns.problems.append(_("contacts have no detail “%(name)s” (declare a field first)") % {"name": name})
        return lambda _row, _cells: None
    field = fields[name]
    cell = place if isinstance(place, Cell) else Cell(column=place)
    if cell.kind == "text" and field.kind in {"number", "yes_no", "date"} and cell.constant is None:
        cell = msgspec.structs.replace(cell, kind=field.kind)
    return checked(cell, columns, field_check(field))


def built_in_check(name: str, phone_country: str) -> Check:
    normal = BUILT_IN[name]

    def check(value: Any) -> Any:
        try:
            return normal(value)
        except ValueError:
            raise not_kept(name, value) from None

    def check_phone(value: Any) -> Any:
        return normal_phone(str(value), phone_country) or check(value)

    if name == "phone":
        return check_phone
    return lru_cache(REMEMBERED, typed=True)(check) if name in OFTEN_THE_SAME else check


def field_check(field: CustomField) -> Check:
    def check(value: Any) -> Any:
        if not fits(field, value):
            raise not_kept(field.key, value)
        return value

    return check


def not_kept(name: str, value: Any) -> Refusal:
    reason, kept_as = f"bad-{name.replace('_', '-')}", CALLED.get(name, name)
    return Refusal(reason, "", "“%(value)s” can't be kept as %(kept_as)s.", value=str(value), kept_as=kept_as)


def built_in(name: str) -> Callable[[str], Check]:
    return lambda phone_country: built_in_check(name, phone_country)


LIST_CHECKS: dict[str, Callable[[str], Check]] = {
    "emails": built_in("email"),
    "phones": built_in("phone"),
    "tags": lambda _phone_country: tag_check,
}


def tag_check(value: Any) -> str:
    try:
        return normal_tag(value)
    except ValueError:
        raise not_kept("tag", value) from None


def list_reader(place: Place, columns: Columns, check: Check) -> Callable[[int, Cells], list[Any]]:
    """Read several values that one cell may hold; what can't be kept is refused, or left out where the mapping says."""
    read, label = place_reader(place, columns), label_of(place, columns)
    is_lenient = isinstance(place, Cell) and place.wrong == "blank"

    def read_list(row: int, cells: Cells) -> list[Any]:
        found = []
        for text in BETWEEN_VALUES.split(str(read(row, cells) or "")):
            try:
                if text.strip():
                    found.append(check(text.strip()))
            except Refusal as refusal:
                if not is_lenient:
                    raise _refused(label, refusal) from None
        return found

    return read_list


def _refused(label: str, refusal: Refusal) -> RowRefused:
    return RowRefused(label, refusal.reason, refusal.detail, **refusal.values)


def checked_id(text: str) -> str:
    return short_text(text, "", LONGEST_ID)


IDENTITY_CHECKS: dict[str, Check] = {
    "external_id": checked_id,
    "user_id": checked_id,
    "anonymous_id": checked_id,
    "email": lambda text: normal_email(text) or checked_email(BETWEEN_VALUES.split(text, maxsplit=1)[0].strip(), ""),
}


def checked(place: Place, columns: Columns, check: Check) -> ReadChecked:
    """Read a place and hold it to `check`; the report names its column."""
    read, label = place_reader(place, columns), label_of(place, columns)
    is_lenient = isinstance(place, Cell) and place.wrong == "blank"

    def read_checked(row: int, cells: Cells) -> Any:
        value = read(row, cells)
        if value is None:
            return None
        try:
            return check(value)
        except Refusal as refusal:
            if is_lenient:
                return None
            raise _refused(label, refusal) from None

    return read_checked


def origin_reader(origin: OriginSection | None, columns: Columns) -> Callable[[int, Cells], str]:
    if origin is None or origin.column is None:
        return lambda _row, _cells: ""
    read = place_reader(origin.column, columns)
    known: dict[str, str] = {}

    def source_key(row: int, cells: Cells) -> str:
        text = str(read(row, cells) or "")
        if text and text not in known:
            name = origin.values.get(text, text)
            known[text] = NOT_IN_A_KEY.sub("-", f"{origin.prefix}{name}".lower()).strip("-._")[:LONGEST_SOURCE_KEY]
        return known[text] if text else ""

    return source_key


def event_reader(section: EventSection, columns: Columns) -> ReadEvent:
    """The event of a row, with all that is to be checked without looking at the log."""
    message_id = message_id_reader(section.message_id, columns)
    kind = checked(
        Cell(constant=section.type) if isinstance(section.type, str) else section.type, columns, checked_event_type
    )
    moment = moment_reader(section.moment, columns) if section.moment else None
    moment_label = " ".join(columns.label(part) for part in section.moment.parts) if section.moment else ""
    needed = place_reader(section.needs, columns) if section.needs is not None else None
    value = value_reader(section.value, columns)
    campaign = checked(section.campaign, columns, checked_campaign) if section.campaign is not None else None
    properties = [(name, place_reader(place, columns)) for name, place in section.properties.items()]

    def read(row: int, cells: Cells, contact: ContactRef) -> Message | None:
        if needed and needed(row, cells) in (None, False):
            return None
        occurred_at = moment(cells) if moment else None
        if moment and occurred_at is None:
            if section.optional:
                return None
            raise RowRefused(moment_label, "missing-moment", "The row does not say when it happened.")
        event_type = kind(row, cells)
        if event_type is None:
            raise RowRefused(label_of(section.type, columns), "missing-type", "The row does not say what happened.")
        minor, currency = value(row, cells)
        said = {name: found for name, read in properties if (found := read(row, cells)) is not None}
        name = message_id(row, cells)
        return Message(
            message_id=f"{name}-{digest_of(said)}" if section.per_content else name,
            type=event_type,
            contact=contact,
            occurred_at=occurred_at,
            value_minor=minor,
            currency=currency,
            campaign=campaign(row, cells) if campaign else None,
            properties=said,
        )

    return read


def digest_of(said: Map[str, Any]) -> str:
    return blake2b(in_order(said), digest_size=6).hexdigest()


def message_id_reader(template: str, columns: Columns) -> Callable[[int, Cells], str]:
    read = template_reader(template, columns)

    def message_id(row: int, cells: Cells) -> str:
        text = read(row, cells)
        if text is None:
            raise RowRefused(template, "missing-message-id", "The columns that make the message id are blank.")
        try:
            return checked_message_id(str(text))
        except Refusal as refusal:
            raise _refused(template, refusal) from None

    return message_id


def checked_event_type(text: Any) -> str:
    if text in ATTRIBUTE_TYPES:
        raise Refusal("bad-type", "", "Details of contacts are given under contact.attributes, not as events.")
    return checked_type(str(text))


def checked_campaign(text: Any) -> str:
    return short_text(str(text), "", LONGEST_NAME)


def value_reader(value: Value | None, columns: Columns) -> Callable[[int, Cells], tuple[int | None, str | None]]:
    if value is None:
        return lambda _row, _cells: (None, None)
    read = place_reader(value.column, columns)
    label, decimal = str(value.column), columns.decimal
    currency_of = place_reader(
        Cell(constant=value.currency) if value.currency_column is None else value.currency_column, columns
    )

    def read_value(row: int, cells: Cells) -> tuple[int | None, str | None]:
        amount = read(row, cells)
        if amount is None:
            return None, None
        currency = str(currency_of(row, cells) or "").upper()
        if currency not in currencies():
            column = str(value.currency_column or label)
            raise RowRefused(column, "bad-currency", "“%(code)s” is not a currency code such as EUR.", code=currency)
        try:
            return minor_units(plain_number(str(amount), decimal), currency), currency
        except ValueError:
            raise RowRefused(
                label,
                "bad-amount",
                "“%(amount)s” is not an amount from 0 on in %(code)s.",
                amount=str(amount),
                code=currency,
            ) from None

    return read_value


def event_body(message: Message) -> bytes:
    """What a repetition of the row would say again of the event. By whom the contact is known is not part of it:
    a mapping may learn to read another identity, and the event stays the same."""
    return in_order(
        (
            message.type,
            message.occurred_at,
            message.value_minor,
            message.currency,
            message.campaign,
            message.properties,
        )
    )
