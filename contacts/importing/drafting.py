"""From what somebody chose on the page to a mapping: what cannot work is said at the column it stands at. Pure."""

import re
from collections.abc import Mapping as Map
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from .fields import EVENT_FIELDS, SINGLE
from .guessing import Choices
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

PLAIN_NAME: Final = re.compile(r"[^\W\d_][\w \-()/]*")  # a head that can stand in a template
DETAILS: Final = ("name", "company", "title", "country", "language", "team", "fit")
NAME_PARTS: Final = ("first_name", "last_name")
LISTS: Final = ("email", "phone", "tags")
FIELDS: Final = frozenset({*SINGLE, *NAME_PARTS, *LISTS})


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
        return [at for at, chosen in enumerate(self.choices["columns"], 1) if chosen == meaning]

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

    def moment(self, number: int) -> Moment:
        return Moment(column=self.column(number), format=self.choices["dates"], zone=self.choices["zone"])

    def known_by(self) -> str:
        """What tells a row's person apart, as a part of the ids of what is told of them."""
        numbers = [number for name in ("external_id", "user_id", "email") if (number := self.number(name))]
        return "-".join(self.slot(number) for number in numbers)


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
        elif chosen and chosen not in LISTS and chosen in seen:
            words = _("Two columns can't both be this: “%(name)s” is it already.")
            draft.errors[number] = words % {"name": draft.names[seen[chosen] - 1]}
        seen.setdefault(chosen, number)
    if not {"email", "external_id", "user_id"} & seen.keys():
        words = _("Say by what people are recognised: choose the column of their e-mail address, or of an id.")
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
    tags: list[Place] = [draft.place(number) for number in draft.numbers("tags")]
    if tag := draft.choices.get("tag", "").strip():
        tags.append(Cell(constant=tag))
    found: dict[str, Place | None] = {
        name: draft.place(at) if (at := draft.number(name)) else None for name in ("external_id", "user_id")
    }
    return ContactSection(
        external_id=found["external_id"],
        user_id=found["user_id"],
        email=draft.place(emails[0]) if emails else None,
        moment=draft.moment(at) if (at := draft.number("created")) else None,
        phone_country=draft.choices["phone_country"],
        emails=tuple(draft.place(number) for number in emails),
        phones=tuple(draft.place(number) for number in phones),
        tags=tuple(tags),
        attributes=attributes,
    )


def _events(draft: Draft) -> list[EventSection]:
    makers = (_stage_event, _consent_event, _refusal_event, _note_event, _row_event)
    return [event for make in makers if (event := make(draft)) is not None]


def _stage_event(draft: Draft) -> EventSection | None:
    if not (number := draft.number("stage")):
        return None
    stages = {text: stage for text, stage in draft.choices["stages"].items() if stage in draft.stages}
    place = Cell(column=draft.column(number), values=stages, other="blank")
    own = f"stage-{draft.known_by()}"
    return EventSection(message_id=own, type="stage_set", needs=place, per_content=True, properties={"stage": place})


def _consent_event(draft: Draft) -> EventSection | None:
    consent = draft.choices["consent"]
    number = draft.number("consent")
    if not number and not consent["everybody"]:
        return None
    said = {name: Cell(constant=consent[name]) for name in ("channel", "purpose", "basis", "wording")}
    if consent["evidence"].strip():
        said["evidence"] = Cell(constant=consent["evidence"].strip())
    return EventSection(
        message_id=f"consent-{draft.known_by()}",
        type="consent_given",
        per_content=True,
        needs=Cell(column=draft.column(number), kind="yes_no") if number else None,
        properties=dict(said),
    )


def _refusal_event(draft: Draft) -> EventSection | None:
    if not (number := draft.number("refusal")):
        return None
    return EventSection(
        message_id=f"refusal-{draft.known_by()}",
        type="consent_withdrawn",
        needs=Cell(column=draft.column(number), kind="yes_no"),
        properties={"channel": Cell(constant="email"), "evidence": Cell(constant="import")},
    )


def _note_event(draft: Draft) -> EventSection | None:
    if not (number := draft.number("note")):
        return None
    return EventSection(
        message_id=f"note-{draft.known_by()}",
        type="note_added",
        per_content=True,
        needs=draft.column(number),
        properties={"text": draft.column(number)},
    )


def _row_event(draft: Draft) -> EventSection | None:
    chosen = {name: at for name in EVENT_FIELDS if (at := draft.number(name))}
    if not chosen:
        return None
    kind: str | Cell = draft.choices["event"]["type"]
    if "event_type" in chosen:
        kind = Cell(column=draft.column(chosen["event_type"]))
    own = draft.slot(chosen["event_id"]) if "event_id" in chosen else _own_id(draft, chosen)
    return EventSection(
        message_id=f"{kind if isinstance(kind, str) else 'event'}-{own}",
        type=kind,
        moment=draft.moment(chosen["event_moment"]) if "event_moment" in chosen else None,
        optional="event_moment" in chosen,
        value=_value(draft, chosen),
        campaign=draft.column(chosen["event_campaign"]) if "event_campaign" in chosen else None,
        properties={"order_id": draft.column(chosen["event_id"])} if "event_id" in chosen else {},
    )


def _own_id(draft: Draft, chosen: Map[str, int]) -> str:
    numbers = [chosen[name] for name in ("event_type", "event_moment", "event_value") if name in chosen]
    return "-".join([draft.known_by(), *(draft.slot(number) for number in numbers)])


def _value(draft: Draft, chosen: Map[str, int]) -> Value | None:
    if "event_value" not in chosen:
        return None
    column = draft.column(chosen["event_value"])
    if "event_currency" in chosen:
        return Value(column=column, currency_column=draft.column(chosen["event_currency"]))
    return Value(column=column, currency=draft.choices["event"]["currency"])
