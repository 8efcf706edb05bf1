"""The Segment spec in our words: what its calls mean as messages. Pure."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

import msgspec

from .attributes import ATTRIBUTE_TYPES, normal_attribute
from .messages import (
    LONGEST_ID,
    LONGEST_MESSAGE_ID,
    LONGEST_NAME,
    NOBODY,
    ContactRef,
    Message,
    Refusal,
    body_digest,
    checked_email,
    checked_size,
    currencies,
    minor_units,
    moment_of,
    short_text,
)

# What a path calls by one letter.
LETTERS: Final = {"t": "track", "i": "identify", "p": "page", "s": "screen", "g": "group", "a": "alias"}
KINDS: Final = frozenset(LETTERS.values())

# Names of the spec (folded) for what we call otherwise.
ALIASES: Final = {
    "email_link_clicked": "email_clicked",
    "email_delivered": "email_sent",
    "email_marked_as_spam": "unsubscribed",
    "signed_up": "form_submitted",
    "lead_generated": "form_submitted",
    "order_cancelled": "order_refunded",
    "order_canceled": "order_refunded",
    "product_reviewed": "review_posted",
    "invite_sent": "referral_made",
    "invite_accepted": "referral_converted",
}
# What only we decide about a person; a trait of that name is another thing.
_OURS: Final = frozenset({"owner", "team", "fit"})
# What changes from one attempt to send to the next.
_OF_THE_ATTEMPT: Final = frozenset({"sentAt", "receivedAt", "writeKey"})

Json = Mapping[str, Any]


def message_of(item: object, *, kind: str | None = None, sent_at: object = None) -> Message:
    """The message in one call of the spec; `kind` and `sent_at` are what its envelope says. Raises Refusal."""
    if not isinstance(item, dict):
        raise Refusal("wrong-type", "", "A call is a JSON object.")
    kind = kind or _text(item, "type")
    if kind not in KINDS:
        reason = "bad-type" if kind else "missing-type"
        raise Refusal(reason, "/type", "A call is one of %(kinds)s.", kinds=", ".join(sorted(KINDS)))
    said = {name: value for name, value in item.items() if name not in _OF_THE_ATTEMPT}
    body = checked_size(msgspec.json.encode(said | {"type": kind}, order="sorted"))
    sent = item.get("sentAt") or sent_at
    event, properties = _event(kind, item)
    value_minor, currency = _value(properties)
    return Message(
        message_id=_message_id(item, body),
        type=event,
        contact=_contact(kind, item),
        occurred_at=_stated_at(item),
        value_minor=value_minor,
        currency=currency,
        campaign=_campaign(item),
        properties=properties,
        sent_at=_sent_at(sent),
        body=body,
        raw=msgspec.json.encode({**item, "type": kind, "sentAt": sent}),
    )


def kept_message(raw: bytes) -> Message:
    """The message in a call that was kept; raises Refusal."""
    try:
        item = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal("malformed-json", "", str(error)) from None
    return message_of(item)


def folded(name: str) -> str:
    """A name such as "Order Completed" or orderCompleted as order_completed."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return "_".join(_WORD.findall(plain)).lower()


_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def _event(kind: str, item: Json) -> tuple[str, dict[str, Any]]:
    """The type and the properties of what happened."""
    match kind:
        case "track":
            return _tracked(item), dict(_object(item, "properties"))
        case "identify":
            return "attributes_changed", _details(_object(item, "traits"))
        case "group":
            return "attributes_changed", _company(item)
        case "alias":
            return "attributes_changed", {}
    seen = {name: item[name] for name in ("name", "category") if item.get(name)}
    return "page_viewed", {**seen, **_object(item, "properties")}


def _tracked(item: Json) -> str:
    name = _text(item, "event")
    if not name:
        raise Refusal("missing-type", "/event", "A track call names its event.")
    event = ALIASES.get(folded(name), folded(name))
    if not event or len(event) > LONGEST_NAME:
        raise Refusal("bad-type", "/event", "The name of an event has 1 to 80 letters or digits.")
    return f"tracked_{event}" if event in ATTRIBUTE_TYPES else event


def _contact(kind: str, item: Json) -> ContactRef:
    traits = {**_object(_object(item, "context"), "traits"), **_object(item, "traits")}
    email = _text(traits, "email") if kind != "group" else None
    ref = ContactRef(
        email=checked_email(email, "/traits/email") if email else None,
        user_id=_id(item, "userId"),
        anonymous_id=_id(item, "previousId" if kind == "alias" else "anonymousId"),
    )
    if ref == NOBODY:
        raise Refusal("missing-identity", "/userId", "A call says whom it is about: userId or anonymousId.")
    return ref


def _details(traits: Json) -> dict[str, Any]:
    """Traits as details of a person: those the spec reserves under our names, all others as they are, folded."""
    details = {_trait_name(name): value for name, value in traits.items() if name not in _RESERVED}
    first, last = (_text(traits, name) or "" for name in ("firstName", "lastName"))
    name = _text(traits, "name") or f"{first} {last}".strip()
    company = traits.get("company")
    address = _object(traits, "address")
    reserved = {
        "name": name or None,
        "email": _text(traits, "email"),
        "phone": _text(traits, "phone"),
        "title": _text(traits, "title"),
        "company": _text(company, "name") if isinstance(company, dict) else company,
        "country": _text(address, "country") or _text(traits, "country"),
    }
    for detail, value in reserved.items():
        if value is not None:
            details[detail] = _usable(detail, value)
    return details | {f"address_{folded(part)}": value for part, value in address.items() if part != "country"}


_RESERVED: Final = frozenset(
    {"name", "firstName", "lastName", "email", "phone", "title", "company", "address", "country"}
)


def _trait_name(name: str) -> str:
    plain = folded(name)
    return f"trait_{plain}" if plain in _OURS or not plain else plain


def _usable(detail: str, value: Any) -> Any:
    """As we keep it where we can; else as it was said, for the log forgets nothing."""
    try:
        return normal_attribute(detail, value)
    except ValueError:
        return value


def _company(item: Json) -> dict[str, Any]:
    group = _id(item, "groupId")
    if not group:
        raise Refusal("missing-identity", "/groupId", "A group call says which group.")
    return {"company": _text(_object(item, "traits"), "name") or group, "company_id": group}


def _message_id(item: Json, body: bytes) -> str:
    """The sender's id; without one, the same words at the same moment are the same message."""
    given = _text(item, "messageId")
    if given:
        return short_text(given, "/messageId", LONGEST_MESSAGE_ID)
    return f"body:{body_digest(body):x}" if item.get("timestamp") else f"made:{uuid4()}"


def _id(item: Json, name: str) -> str | None:
    given = item.get(name)
    if isinstance(given, int) and not isinstance(given, bool):
        given = str(given)
    if given is not None and not isinstance(given, str):
        raise Refusal("wrong-type", f"/{name}", "An id is text.")
    return short_text(given, f"/{name}", LONGEST_ID) if given else None


def _stated_at(item: Json) -> datetime | None:
    name = "originalTimestamp" if item.get("originalTimestamp") else "timestamp"
    given = item.get(name)
    if given is None:
        return None
    return moment_of(given if isinstance(given, str) else "", f"/{name}")


def _sent_at(given: object) -> datetime | None:
    """When the sender's clock said it sent this; what can't be read corrects nothing."""
    try:
        return moment_of(given, "/sentAt") if isinstance(given, str) else None
    except Refusal:
        return None


def _value(properties: Json) -> tuple[int | None, str | None]:
    """The money in it, if it says how much and of which currency."""
    currency = properties.get("currency")
    amount = next((properties[name] for name in ("revenue", "total", "value") if _is_amount(properties, name)), None)
    if amount is None or not isinstance(currency, str) or currency.upper() not in currencies():
        return None, None
    try:
        return minor_units(amount, currency.upper(), rounded=True), currency.upper()
    except ValueError:
        raise Refusal("bad-amount", "/properties", "The value is not an amount from 0 on.") from None


def _is_amount(properties: Json, name: str) -> bool:
    value = properties.get(name)
    return isinstance(value, int | float | str) and not isinstance(value, bool) and value != ""


def _campaign(item: Json) -> str | None:
    name = _text(_object(_object(item, "context"), "campaign"), "name")
    return " ".join(name.split())[:LONGEST_NAME] or None if name else None


def _object(item: Json, name: str) -> Json:
    value = item.get(name)
    return value if isinstance(value, dict) else {}


def _text(item: Json, name: str) -> str | None:
    value = item.get(name)
    return value if isinstance(value, str) and value else None
