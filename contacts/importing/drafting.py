"""From what somebody chose on the page to a mapping: what cannot work is said at the column it stands at. Pure."""

import re
from collections.abc import Mapping as Map
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from .fields import EVENT_FIELDS, SEVERAL, SINGLE
from .guessing import Choices, preset_named
from .mapping import (
    SOURCE_KEY,
    Cell,
    Column,
    ContactSection,
    EventSection,
    FileSection,
    Mapping,
    Moment,
    Place,
    SourceSection,
    Value,
    as_json,
    mapping_of,
)
from .presets import rank_in

PLAIN_NAME: Final = re.compile(r"[^\W\d_][\w \-()/]*")  # a head that can stand in a template
DETAILS: Final = ("name", "company", "title", "country", "language", "team", "fit")
NAME_PARTS: Final = ("first_name", "last_name")
FIELDS: Final = frozenset({*SINGLE, *NAME_PARTS, *SEVERAL})


@dataclass(frozen=True)
class Known:
    """What tells people apart, as a part of the ids of what is told of them, and which rows know them by it."""

    by: str
    when: Map[str, Any] = field(default_factory=dict)  # conditions of a cell


@dataclass
class Draft:
    """The columns of a file with what was chosen for each, and what is wrong: by number of column, 0 for all."""

    names: Sequence[str]
    choices: Choices
    owners: Map[str, str] = field(default_factory=dict)  # what a file may call a member of staff: their address
    custom: frozenset[str] = frozenset()
    stages: frozenset[str] = frozenset()
    errors: dict[int, str] = field(default_factory=dict)

    def number(self, meaning: str) -> int:
        """The number of the column that means this, or 0."""
        return next((at for at, chosen in enumerate(self.choices["columns"], 1) if chosen == meaning), 0)

    def numbers(self, meaning: str) -> list[int]:
        """Those of all columns that mean this; where we know the export, the main one first."""
        preset = preset_named(self.choices.get("preset", ""))
        found = [at for at, chosen in enumerate(self.choices["columns"], 1) if chosen == meaning]
        return sorted(found, key=lambda at: rank_in(preset, self.names[at - 1])) if preset else found

    def column(self, number: int) -> Column:
        """By its name where that is clear, so that the list of refused rows can be read by the same mapping."""
        name = self.names[number - 1]
        return name if name and list(self.names).count(name) == 1 else number

    def owner_of_text(self) -> dict[str, str]:
        """Which colleague is meant where the column of owners says this."""
        said = {**self.owners, **self.choices.get("owners", {})}
        return {text: email for text, email in said.items() if email in self.owners}

    def slot(self, number: int) -> str:
        column = self.column(number)
        return f"{{{column if isinstance(column, str) and PLAIN_NAME.fullmatch(column) else number}}}"

    def place(self, number: int, **more: Any) -> Place:
        lenient = self.choices.get("lenient", [])
        if number <= len(lenient) and lenient[number - 1]:
            more["wrong"] = "blank"
        return Cell(column=self.column(number), **more) if more else self.column(number)

    def first_of(self, numbers: Sequence[int]) -> Place:
        """The first of these columns that says something; lenient where one of them is."""
        if len(numbers) == 1:
            return self.place(numbers[0])
        lenient = self.choices.get("lenient", [])
        is_lenient = any(number <= len(lenient) and lenient[number - 1] for number in numbers)
        places = tuple(self.column(number) for number in numbers)
        return Cell(columns=places, wrong="blank" if is_lenient else "refuse")

    def moment(self, number: int) -> Moment:
        return Moment(column=self.column(number), format=self.choices["dates"], zone=self.choices["zone"])

    def columns(self, meaning: str) -> list[Column]:
        return [self.column(number) for number in self.numbers(meaning)]

    def known_by(self) -> str:
        numbers = [number for name in ("external_id", "user_id") if (number := self.number(name))]
        return "-".join(self.slot(number) for number in numbers + self.numbers("email")[:1])

    @property
    def by_phone(self) -> str:
        """What tells people apart who have no e-mail address: their name and numbers, where no column has an id."""
        names = [number for name in ("name", *NAME_PARTS) if (number := self.number(name))]
        phones = self.numbers("phone")
        if self.number("external_id") or self.number("user_id") or not names or not phones:
            return ""
        return " ".join(self.slot(number) for number in names + phones)

    @property
    def when_by_phone(self) -> Map[str, Any]:
        return {"needs": self.columns("phone"), "unless": self.columns("email")}

    def ways(self) -> list[Known]:
        """By what the rows of this file may know people: by an id, the first address that stands there, or a number."""
        if self.number("external_id") or self.number("user_id"):
            return [Known(self.known_by())]
        emails = self.numbers("email")
        columns = [self.column(number) for number in emails]
        found = [
            Known(self.slot(number), {"needs": columns[at : at + 1], "unless": columns[:at]})
            for at, number in enumerate(emails)
        ]
        found += [Known(self.by_phone, self.when_by_phone)] if self.by_phone else []
        return found if len(found) > 1 else [Known(one.by) for one in found]


def mapping_from(draft: Draft) -> Mapping:
    """The mapping that was meant; raises ValidationError by column where it cannot be (`draft.errors` has them too)."""
    _check(draft)
    if not draft.errors:
        try:
            return mapping_of(as_json(_mapping(draft)))
        except ValidationError as error:
            draft.errors[0] = " ".join(error.messages)
        except ValueError as error:  # what a program chose, and no form offers
            draft.errors[0] = str(error)
    raise ValidationError([f"{_at(draft, at)}{words}" for at, words in sorted(draft.errors.items())], code="mapping")


def _at(draft: Draft, number: int) -> str:
    return f"{draft.names[number - 1]}: " if number else ""


def _check(draft: Draft) -> None:
    draft.errors.clear()
    columns = draft.choices["columns"]
    seen: dict[str, int] = {}
    for number, chosen in enumerate(columns, 1):
        known = chosen in FIELDS or chosen.removeprefix("custom:") in draft.custom or not chosen
        if not known:
            draft.errors[number] = _("There is no such field.")
        elif chosen and chosen not in SEVERAL and chosen in seen:
            words = _("Two columns can't both be this: “%(name)s” is it already.")
            draft.errors[number] = words % {"name": draft.names[seen[chosen] - 1]}
        seen.setdefault(chosen, number)
    if not {"email", "external_id", "user_id"} & seen.keys() and not draft.by_phone:
        words = _(
            "Say by what people are recognised: choose the column of their e-mail address, of an id, or of a name "
            "and a phone number."
        )
        draft.errors[0] = words
    _check_events(draft, seen)
    if not SOURCE_KEY.fullmatch(draft.choices["source"]):
        draft.errors[0] = _("The source is small letters, digits, _, - and ., at most 40.")
    if "stage" in seen and not any(draft.choices["stages"].values()):
        draft.errors[seen["stage"]] = _("Say which stage its texts mean, or leave the column out.")
    _check_consent(draft, seen)


def _check_events(draft: Draft, seen: Map[str, int]) -> None:
    first = next((seen[name] for name in EVENT_FIELDS if name in seen), 0)
    if first and not (draft.choices["event"]["type"] or "event_type" in seen):
        draft.errors[first] = _("Say what kind of event the row tells.")
    elif first and "event_moment" not in seen and "event_id" not in seen:
        draft.errors[first] = _("An event needs the column that says when it happened, or one with its number.")
    if "event_value" in seen and "event_currency" not in seen and not draft.choices["event"]["currency"]:
        draft.errors[seen["event_value"]] = _("Say the currency.")


def _check_consent(draft: Draft, seen: Map[str, int]) -> None:
    consent = draft.choices["consent"]
    if (consent["everybody"] or "consent" in seen) and not consent["wording"].strip():
        words = _("Say what they agreed to, in the words they read: without them it is no consent.")
        draft.errors[seen.get("consent", 0)] = words


def _mapping(draft: Draft) -> Mapping:
    choices = draft.choices
    return Mapping(
        file=FileSection(
            encoding=choices.get("encoding", ""),
            delimiter=choices.get("delimiter", ""),
            header=choices.get("header", True),
            skip=choices.get("skip", 0),
            columns=() if choices.get("header", True) else tuple(draft.names),
            decimal=choices["decimal"],
        ),
        source=SourceSection(key=choices["source"]),
        contact=_contact(draft),
        events=tuple(_events(draft)),
        duplicates=choices["duplicates"],
    )


def _contact(draft: Draft) -> ContactSection:
    emails, phones = draft.numbers("email"), draft.numbers("phone")
    attributes: dict[str, Place] = {name: draft.place(at) for name in DETAILS if (at := draft.number(name))}
    if parts := [draft.slot(number) for name in NAME_PARTS if (number := draft.number(name))]:
        attributes["name"] = Cell(template=" ".join(parts))
    if owner := draft.number("owner"):
        attributes["owner"] = Cell(column=draft.column(owner), values={**draft.owner_of_text()}, other="blank")
    for number, chosen in enumerate(draft.choices["columns"], 1):
        if chosen.startswith("custom:"):
            attributes[chosen.removeprefix("custom:")] = draft.place(number, format=draft.choices["dates"])
    preset = preset_named(draft.choices.get("preset", ""))
    noise = {"without": preset.noise} if preset and preset.noise else {}
    tags: list[Place] = [draft.place(number, **noise) for number in draft.numbers("tags")]
    if tag := draft.choices.get("tag", "").strip():
        tags.append(Cell(constant=tag))
    found: dict[str, Place | None] = {
        name: draft.place(at) if (at := draft.number(name)) else None for name in ("external_id", "user_id")
    }
    if draft.by_phone:
        found["external_id"] = Cell(template=draft.by_phone, **draft.when_by_phone)
    return ContactSection(
        external_id=found["external_id"],
        user_id=found["user_id"],
        email=draft.first_of(emails) if emails else None,
        moment=draft.moment(at) if (at := draft.number("created")) else None,
        phone_country=draft.choices["phone_country"],
        emails=tuple(draft.place(number) for number in emails),
        phones=tuple(draft.place(number) for number in phones),
        tags=tuple(tags),
        attributes=attributes,
    )


def _events(draft: Draft) -> list[EventSection]:
    makers = (_stage_event, _consent_event, _note_event, _row_event)
    told = [event for who in draft.ways() for make in makers if (event := make(draft, who)) is not None]
    return [*told, *(event for who in draft.ways() for event in _refusal_events(draft, who))]


def _stage_event(draft: Draft, who: Known) -> EventSection | None:
    if not (number := draft.number("stage")):
        return None
    stages = {text: stage for text, stage in draft.choices["stages"].items() if stage in draft.stages}
    place = Cell(column=draft.column(number), values=stages, other="blank", **who.when)
    own = f"stage-{who.by}"
    return EventSection(message_id=own, type="stage_set", needs=place, per_content=True, properties={"stage": place})


def _consent_event(draft: Draft, who: Known) -> EventSection | None:
    consent = draft.choices["consent"]
    number = draft.number("consent")
    if not number and not consent["everybody"]:
        return None
    said = {name: Cell(constant=consent[name]) for name in ("channel", "purpose", "basis", "wording")}
    if consent["evidence"].strip():
        said["evidence"] = Cell(constant=consent["evidence"].strip())
    agreed = Cell(column=draft.column(number), kind="yes_no", **who.when) if number else None
    everybody = Cell(constant=True, **who.when) if who.when else None
    return EventSection(
        message_id=f"consent-{who.by}",
        type="consent_given",
        per_content=True,
        needs=agreed or everybody,
        properties=dict(said),
    )


def _refusal_events(draft: Draft, who: Known) -> list[EventSection]:
    """One for each column that may say no: HubSpot has one for each kind of its letters."""
    preset = preset_named(draft.choices.get("preset", ""))
    read: dict[str, Any] = {"kind": "yes_no"}
    if preset and preset.refusing:
        read = {"values": dict(preset.refusing), "other": "blank"}
    said = {"channel": Cell(constant="email"), "evidence": Cell(constant="import")}
    return [
        EventSection(
            message_id=f"refusal-{f'{at}-' if at > 1 else ''}{who.by}",
            type="consent_withdrawn",
            needs=Cell(column=draft.column(number), **read, **who.when),
            properties=dict(said),
        )
        for at, number in enumerate(draft.numbers("refusal"), 1)
    ]


def _note_event(draft: Draft, who: Known) -> EventSection | None:
    if not (number := draft.number("note")):
        return None
    return EventSection(
        message_id=f"note-{who.by}",
        type="note_added",
        per_content=True,
        needs=Cell(column=draft.column(number), **who.when) if who.when else draft.column(number),
        properties={"text": draft.column(number)},
    )


def _row_event(draft: Draft, who: Known) -> EventSection | None:
    chosen = {name: at for name in EVENT_FIELDS if (at := draft.number(name))}
    if not chosen:
        return None
    kind: str | Cell = draft.choices["event"]["type"]
    if "event_type" in chosen:
        kind = Cell(column=draft.column(chosen["event_type"]))
    has_id = "event_id" in chosen
    if has_id and who != draft.ways()[0]:
        return None
    own = draft.slot(chosen["event_id"]) if has_id else _own_id(draft, chosen, who)
    return EventSection(
        message_id=f"{kind if isinstance(kind, str) else 'event'}-{own}",
        type=kind,
        moment=draft.moment(chosen["event_moment"]) if "event_moment" in chosen else None,
        optional="event_moment" in chosen,
        needs=Cell(constant=True, **who.when) if who.when and not has_id else None,
        value=_value(draft, chosen),
        campaign=draft.column(chosen["event_campaign"]) if "event_campaign" in chosen else None,
        properties={"order_id": draft.column(chosen["event_id"])} if has_id else {},
    )


def _own_id(draft: Draft, chosen: Map[str, int], who: Known) -> str:
    numbers = [chosen[name] for name in ("event_type", "event_moment", "event_value") if name in chosen]
    return "-".join([who.by, *(draft.slot(number) for number in numbers)])


def _value(draft: Draft, chosen: Map[str, int]) -> Value | None:
    if "event_value" not in chosen:
        return None
    column = draft.column(chosen["event_value"])
    if "event_currency" in chosen:
        return Value(column=column, currency_column=draft.column(chosen["event_currency"]))
    return Value(column=column, currency=draft.choices["event"]["currency"])
