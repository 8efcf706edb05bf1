"""The mapping: which column of a file says what. A text file (TOML); every mistake in it is named by its key."""

import re
from datetime import time
from string import Formatter
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

SOURCE_KEY = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")
MOST_SKIPPED = 100  # rows above a header
ROW = "row"  # in a template: the number of the data row

Column = str | int
Scalar = str | int | float | bool


class Section(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, frozen=True, kw_only=True):
    pass


class FileSection(Section, frozen=True):
    """What kind of file it is; what is left out is guessed."""

    format: Literal["csv", "blank"] = "csv"
    encoding: str = ""
    delimiter: str = ""
    header: bool | None = None
    columns: tuple[str, ...] = ()
    skip: int = 0  # rows with titles, above the one that names the columns
    decimal: Literal[".", ","] = "."

    def __post_init__(self) -> None:
        if len(self.delimiter) > 1 or self.delimiter in {'"', "\r", "\n"}:
            raise ValueError(_("delimiter must be one character"))
        if self.columns and self.header:
            raise ValueError(_("columns names the columns of a file without a header: leave header out"))
        if not 0 <= self.skip <= MOST_SKIPPED:
            raise ValueError(_("skip must be a number of rows from 0 to %(most)s") % {"most": MOST_SKIPPED})

    @property
    def has_header(self) -> bool:
        return self.header if self.header is not None else not self.columns and self.format == "csv"


class SourceSection(Section, frozen=True):
    """The source that the rows speak for: events are deduplicated and external ids are known within it."""

    key: str
    name: str = ""
    trust: Literal["trusted", "public"] = "trusted"

    def __post_init__(self) -> None:
        if not SOURCE_KEY.fullmatch(self.key):
            words = _("key must be small letters, digits, _, - and ., at most 40; it is “%(key)s”")
            raise ValueError(words % {"key": self.key})


class OriginSection(Section, frozen=True):
    """Where the contacts that a row makes came from, when the row knows it better than the source."""

    column: Column | None = None
    prefix: str = ""
    values: dict[str, str] = {}
    note: str = ""


class Cell(Section, frozen=True):
    """What a row says in one place: a column, the first of several that says something, a template, or always the same.

    Blank where none of the columns `needs` says something, or one of `unless` does.
    """

    column: Column | None = None
    columns: tuple[Column, ...] = ()
    template: str | None = None
    constant: Scalar | None = None
    values: dict[str, Scalar] | None = None
    other: Literal["refuse", "keep", "blank"] = "refuse"
    kind: Literal["text", "number", "yes_no", "date"] = "text"
    format: str = "iso"
    wrong: Literal["refuse", "blank"] = "refuse"  # what becomes of what can't be kept
    without: tuple[str, ...] = ()  # marks of the system it comes from, which are no part of the text
    needs: tuple[Column, ...] = ()
    unless: tuple[Column, ...] = ()

    def __post_init__(self) -> None:
        if sum(map(_is_given, (self.column, self.columns, self.template, self.constant))) != 1:
            raise ValueError(_("give one of column, columns, template and constant"))
        if self.template is not None:
            placeholders(self.template)
        if self.constant is not None and self.values is not None:
            raise ValueError(_("values is a table for a column or a template, not for a constant"))


def _is_given(value: object) -> bool:
    return value not in (None, ())


Place = Column | Cell


class Moment(Section, frozen=True):
    """When: a column (or several, joined by blanks), how it is written, and what a date alone means."""

    column: Column | None = None
    columns: tuple[Column, ...] = ()
    format: str = "iso"
    time: str = "00:00"
    zone: str = "UTC"

    def __post_init__(self) -> None:
        if (self.column is None) == (not self.columns):
            raise ValueError(_("give column, or columns"))
        try:
            if time.fromisoformat(self.time).tzinfo:
                raise ValueError
        except ValueError:
            words = _("time must be a time of day such as 12:00; it is “%(time)s”")
            raise ValueError(words % {"time": self.time}) from None
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            words = _("zone must be a zone such as Europe/Helsinki; it is “%(zone)s”")
            raise ValueError(words % {"zone": self.zone}) from None

    @property
    def parts(self) -> tuple[Column, ...]:
        return self.columns if self.column is None else (self.column,)


class Value(Section, frozen=True):
    """What it was worth, and in which currency."""

    column: Column
    currency: str = ""
    currency_column: Column | None = None

    def __post_init__(self) -> None:
        if bool(self.currency) == (self.currency_column is not None):
            raise ValueError(_("give currency, or currency_column"))


class ContactSection(Section, frozen=True):
    """By what the contact of a row is recognised, and what the row says about them."""

    external_id: Place | None = None
    email: Place | None = None
    user_id: Place | None = None
    anonymous_id: Place | None = None
    moment: Moment | None = None
    phone_country: str = ""  # of numbers without a country code
    emails: tuple[Place, ...] = ()  # further addresses; a cell may hold several
    phones: tuple[Place, ...] = ()
    tags: tuple[Place, ...] = ()  # added to those a person has
    attributes: dict[str, Place] = {}

    def __post_init__(self) -> None:
        if not self.identities:
            raise ValueError(_("give at least one of external_id, email, user_id and anonymous_id"))

    @property
    def identities(self) -> dict[str, Place]:
        named = {
            "external_id": self.external_id,
            "email": self.email,
            "user_id": self.user_id,
            "anonymous_id": self.anonymous_id,
        }
        return {name: place for name, place in named.items() if place is not None}


class EventSection(Section, frozen=True):
    """One event a row. Its message id is made of the row's own columns: the same row is the same event, for ever.

    With `needs`, only rows have it in which that place says something (and does not say no).
    """

    message_id: str
    type: str | Cell
    moment: Moment | None = None
    optional: bool = False
    needs: Place | None = None
    per_content: bool = False  # what it says is part of its id: told otherwise, it is another event
    value: Value | None = None
    campaign: Place | None = None
    properties: dict[str, Place] = {}

    def __post_init__(self) -> None:
        if not placeholders(self.message_id):
            words = _("message_id must name a column, such as order-{id}; it is “%(template)s”")
            raise ValueError(words % {"template": self.message_id})
        if self.optional and self.moment is None:
            raise ValueError(_("optional leaves out the event of a row whose moment is blank: give moment"))


class Mapping(Section, frozen=True):
    source: SourceSection
    contact: ContactSection
    file: FileSection = FileSection()
    origin: OriginSection | None = None
    events: tuple[EventSection, ...] = ()
    # Of rows about somebody we know, or who stands further up in the file: take what they say, only what we did not
    # know, or nothing at all.
    duplicates: Literal["overwrite", "fill", "skip"] = "overwrite"

    def __post_init__(self) -> None:
        ids = [event.message_id for event in self.events]
        if len(set(ids)) < len(ids):
            raise ValueError(_("events: two have the same message_id; each needs its own"))


def placeholders(template: str) -> list[str]:
    """The columns a template names; '{{' is a brace. Nothing but names may stand between braces."""
    found = []
    for _literal, name, spec, conversion in Formatter().parse(template):
        if name is None:
            continue
        if not name or spec or conversion:
            words = _("“%(template)s”: a template names columns in braces, such as {id}")
            raise ValueError(words % {"template": template})
        found.append(name)
    return found


def read_mapping(text: str | bytes) -> Mapping:
    """Read a mapping, or refuse it with a sentence that begins with the key at fault."""
    try:
        return mapping_of(msgspec.toml.decode(text))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValidationError(_("The mapping is not TOML: %(error)s") % {"error": error}, code="mapping") from error


def mapping_of(values: Any) -> Mapping:
    """A mapping from plain values, as `as_json` gives them."""
    try:
        return msgspec.convert(values, Mapping)
    except msgspec.ValidationError as error:
        raise ValidationError(named_by_key(str(error)), code="mapping") from error


def with_source(mapping: Mapping, key: str) -> Mapping:
    """The same mapping, speaking for another source."""
    values = as_json(mapping)
    return mapping_of(values | {"source": values["source"] | {"key": key}})


def named_by_key(message: str) -> str:
    sentence, _at, path = message.rpartition(" - at ")
    key = path.strip("`").removeprefix("$.").removeprefix("$") if sentence else ""
    return f"{key}: {sentence}" if key else sentence or message


def as_json(mapping: Mapping) -> Any:
    """The mapping as plain values, for storing and comparing."""
    return msgspec.to_builtins(mapping)
