"""What somebody agreed to, by channel and purpose: read from the log whenever it is asked, so it is never behind it.

`consent_given`, `consent_withdrawn` and `unsubscribed` say so. A withdrawal without a channel, or without a purpose, is
for all of them.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from .models import Event

CONSENT_TYPES: Final = ("consent_given", "consent_withdrawn", "unsubscribed")
MARKETING: Final = "marketing"
CORRESPONDENCE: Final = "correspondence"
EMAIL: Final = "email"


@dataclass(frozen=True, slots=True)
class Consent:
    """The last word on one channel and purpose, with what it stands on."""

    channel: str
    purpose: str
    given: bool
    at: datetime
    basis: str
    wording: str
    evidence: str
    event_id: int


@dataclass(frozen=True, slots=True)
class Said:
    """One standing event of consent, oldest first among its kind."""

    type: str
    at: datetime
    properties: Mapping[str, Any]
    event_id: int


def consents_of(contact_ids: Collection[int]) -> list[Consent]:
    """The permissions of the person whose contacts these are."""
    events = Event.objects.standing().filter(contact_id__in=contact_ids, type__key__in=CONSENT_TYPES).in_order()
    rows = events.values_list("type__key", "occurred_at", "properties", "pk")
    return consents_in(Said(*row) for row in rows)


def refused_since(contact_ids: Collection[int]) -> datetime | None:
    """When the person first said no to e-mail, where they have not said yes since."""
    events = Event.objects.standing().filter(contact_id__in=contact_ids, type__key__in=CONSENT_TYPES).in_order()
    first = None
    for said in (Said(*row) for row in events.values_list("type__key", "occurred_at", "properties", "pk")):
        if _text(said, "channel") in ("", EMAIL):
            first = None if said.type == "consent_given" else first or said.at
    return first


def consents_in(said: Iterable[Said]) -> list[Consent]:
    """The last word on each channel and purpose, in the order of its first mention. Pure."""
    words: dict[tuple[str, str], Consent] = {}
    for one in said:
        for key in _meant(one, words):
            words[key] = _consent(one, *key)
    return list(words.values())


def _meant(one: Said, words: Mapping[tuple[str, str], Consent]) -> list[tuple[str, str]]:
    channel, purpose = _text(one, "channel"), _text(one, "purpose")
    if one.type != "consent_withdrawn":
        return [(channel or EMAIL, purpose or MARKETING)]
    known = [key for key in words if channel in ("", key[0]) and purpose in ("", key[1])]
    asked = [(channel or EMAIL, each) for each in ([purpose] if purpose else [MARKETING, CORRESPONDENCE])]
    return list(dict.fromkeys([*known, *asked]))


def _consent(one: Said, channel: str, purpose: str) -> Consent:
    given = one.type == "consent_given"
    return Consent(
        channel=channel,
        purpose=purpose,
        given=given,
        at=one.at,
        basis=_text(one, "basis") or ("consent" if given else ""),
        wording=_text(one, "wording") or _text(one, "wording_version"),
        evidence=_text(one, "evidence"),
        event_id=one.event_id,
    )


def _text(one: Said, name: str) -> str:
    said = one.properties.get(name)
    return str(said)[:500] if isinstance(said, str | int) and not isinstance(said, bool) else ""
