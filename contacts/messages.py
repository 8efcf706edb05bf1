"""What somebody says happened, before it is a fact: the shape every door brings its input into. Pure."""

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from hashlib import blake2b
from typing import Any, Final
from uuid import UUID

import msgspec
from babel.numbers import get_currency_precision, list_currencies

from .matching import normal_email

EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
LONGEST_ID: Final = 254
LONGEST_MESSAGE_ID: Final = 255
LONGEST_NAME: Final = 80  # of a type or a campaign
LARGEST: Final = 2**63 - 1
MOST_WORTH: Final = 10**13  # in the smallest unit of a currency: sums of them stay far from the end of 64 bits
LARGEST_MESSAGE: Final = 32 * 1024
# what a public source may say but not decide (law: trust)
CLAIMED_TYPES: Final = frozenset(
    [
        "order_completed",
        "order_delivered",
        "order_refunded",
        "referral_made",
        "referral_converted",
        "review_posted",
        "feedback_given",
        "stage_set",
        "postponed",
        "disqualified",
        "relationship_ended",
        "reopened",
        "owner_changed",
        "consent_given",
        "consent_withdrawn",
    ]
)

_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9_]*")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class ContactRef(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Whom a message is about: an id of ours, or what the sender knows the person by."""

    id: int | None = None
    email: str | None = None
    user_id: str | None = None
    anonymous_id: str | None = None
    external_id: str | None = None


NOBODY: Final = ContactRef()


class Message(msgspec.Struct, kw_only=True, gc=False):
    """One thing that is said to have happened. Without `occurred_at` it happened when we received it."""

    message_id: str
    type: str
    contact: ContactRef
    occurred_at: datetime | None = None
    value_minor: int | None = None
    currency: str | None = None
    campaign: str | None = None
    properties: dict[str, Any] = {}
    sent_at: datetime | None = None  # by the sender's own clock: shows how wrong that clock is
    zone_assumed: bool = False  # `occurred_at` was said without a zone
    by_id: int | None = None  # the member of staff who says so
    body: bytes = b""  # what a repetition says again, where that is not just the fields above
    raw: bytes = b""  # as it came, where that is more than `body`


class Refusal(Exception):
    """Why a message can't be used: a reason for programs, where it lies, and a sentence for people.

    The sentence is English, with places for `values`: who reads it, reads it in their language (`rest.telling`).
    """

    def __init__(self, reason: str, pointer: str, detail: str, /, **values: Any) -> None:
        super().__init__(reason, pointer, detail, values)
        self.reason = reason
        self.pointer = pointer
        self.detail = detail
        self.values = values


class EventValue(msgspec.Struct, forbid_unknown_fields=True):
    amount: str | int | float
    currency: str


class EventBody(msgspec.Struct, forbid_unknown_fields=True):
    """An item as POST /api/v1/events takes it."""

    message_id: str | None = None
    type: str | None = None
    occurred_at: str | None = None
    contact: "EventContact | None" = None
    value: EventValue | None = None
    campaign: str | None = None
    properties: dict[str, Any] | None = None


class EventContact(msgspec.Struct, forbid_unknown_fields=True):
    id: int | None = None
    email: str | None = None
    user_id: str | None = None
    anonymous_id: str | None = None
    external_id: str | None = None


def event_key(source_key: str, message_id: str) -> UUID:
    """The name of an event for ever: one message of one source."""
    return UUID(event_key_digits(source_key, message_id))


def event_key_digits(source_key: str, message_id: str) -> str:
    """The same as 32 hexadecimal digits, where making objects of many would cost."""
    return blake2b(f"{source_key}\0{message_id}".encode(), digest_size=16).hexdigest()


def body_digest(body: bytes) -> int:
    """64 bits of the body, signed: enough to tell a repetition from another message under the same id."""
    return int.from_bytes(blake2b(body, digest_size=8).digest(), "big", signed=True)


def body_of(message: Message) -> bytes:
    """What a repetition of `message` would say again, whatever the order of its names."""
    return message.body or msgspec.json.encode(message, order="sorted")


def message_of(item: object) -> Message:
    """The message in one item of POST /api/v1/events; raises Refusal."""
    if not isinstance(item, dict):
        raise Refusal("wrong-type", "", "An event is a JSON object.")
    try:
        said = msgspec.convert(item, EventBody)
    except msgspec.ValidationError as error:
        raise _refusal_of(error) from None
    body = checked_size(msgspec.json.encode(item, order="sorted"))
    occurred_at, zone_assumed = _moment(said.occurred_at, "/occurred_at")
    value_minor, currency = _value(said.value)
    return Message(
        message_id=checked_message_id(said.message_id),
        type=checked_type(said.type),
        contact=_contact(said.contact),
        occurred_at=occurred_at,
        value_minor=value_minor,
        currency=currency,
        campaign=said.campaign and short_text(said.campaign, "/campaign", LONGEST_NAME),
        properties=said.properties or {},
        zone_assumed=zone_assumed,
        body=body,
    )


def checked_size(body: bytes) -> bytes:
    if len(body) > LARGEST_MESSAGE:
        digest = blake2b(body, digest_size=16).hexdigest()
        raise Refusal(
            "too-large",
            "",
            "An event has at most %(most)d bytes; this one has %(bytes)d (BLAKE2b-128 %(digest)s).",
            most=LARGEST_MESSAGE,
            bytes=len(body),
            digest=digest,
        )
    return body


def checked_message_id(text: str | None, pointer: str = "/message_id") -> str:
    if not text:
        raise Refusal("missing-message-id", pointer, "An event needs a message id: by it we know a repetition.")
    return short_text(text, pointer, LONGEST_MESSAGE_ID)


def checked_type(text: str | None) -> str:
    if not text:
        raise Refusal("missing-type", "/type", "An event needs a type.")
    if len(text) > LONGEST_NAME or not _TYPE.fullmatch(text):
        raise Refusal("bad-type", "/type", "A type is up to 80 small letters a-z, digits and underscores.")
    return text


def short_text(text: str, pointer: str, longest: int) -> str:
    """`text` if it is fit for a name or an id: one line of at most `longest` characters."""
    if len(text) > longest:
        raise Refusal("too-long", pointer, "At most %(longest)d characters can be kept here.", longest=longest)
    if not text.isprintable() and _CONTROL.search(text):
        raise Refusal("invalid-character", pointer, "There is a control character in it.")
    return text


def moment_of(text: str, pointer: str) -> datetime:
    """A moment from ISO 8601 text, in UTC; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refusal("bad-time", pointer, "A moment is written as in 2026-03-01T12:30:00Z (ISO 8601).") from None
    if moment < EARLIEST:
        raise Refusal("before-1900", pointer, "Nothing before the year 1900 can be recorded.")
    return moment


def checked_email(text: str, pointer: str) -> str:
    email = normal_email(text)
    if email is None:
        raise Refusal("bad-email", pointer, "This is not an e-mail address we could write to.")
    return email


def minor_units(amount: str | int | float | Decimal, currency: str, *, rounded: bool = False) -> int:
    """`amount` in the smallest unit of `currency`; raises ValueError where it is more exact, or too much."""
    try:
        exact = Decimal(str(amount)).scaleb(precision_of(currency))
        whole = int(exact.to_integral_value())
    except (InvalidOperation, OverflowError):
        raise ValueError(amount) from None
    if (whole != exact and not rounded) or not 0 <= whole <= MOST_WORTH:
        raise ValueError(amount)
    return whole


def major_units(minor: int, currency: str) -> Decimal:
    """The same the other way: 125050 cents are 1250.50."""
    return Decimal(minor).scaleb(-precision_of(currency))


@cache
def currencies() -> frozenset[str]:
    return frozenset(list_currencies())


@cache
def precision_of(currency: str) -> int:
    return get_currency_precision(currency)


def _contact(said: EventContact | None) -> ContactRef:
    if said is None:
        raise Refusal("missing-identity", "/contact", "Say whom the event is about.")
    ref = ContactRef(
        id=said.id,
        email=checked_email(said.email, "/contact/email") if said.email else None,
        user_id=short_text(said.user_id, "/contact/user_id", LONGEST_ID) if said.user_id else None,
        anonymous_id=short_text(said.anonymous_id, "/contact/anonymous_id", LONGEST_ID) if said.anonymous_id else None,
        external_id=short_text(said.external_id, "/contact/external_id", LONGEST_ID) if said.external_id else None,
    )
    if ref == NOBODY:
        raise Refusal("missing-identity", "/contact", "Say whom the event is about.")
    return ref


def _moment(text: str | None, pointer: str) -> tuple[datetime | None, bool]:
    if text is None:
        return None, False
    moment = moment_of(text, pointer)
    return moment, not text.endswith("Z") and datetime.fromisoformat(text).tzinfo is None


def _value(said: EventValue | None) -> tuple[int | None, str | None]:
    if said is None:
        return None, None
    if said.currency not in currencies():
        raise Refusal("bad-currency", "/value/currency", "A currency is an ISO 4217 code such as EUR.")
    try:
        return minor_units(said.amount, said.currency), said.currency
    except ValueError:
        raise Refusal(
            "bad-amount",
            "/value/amount",
            "An amount in %(currency)s is a number from 0 on with at most %(digits)d decimals.",
            currency=said.currency,
            digits=precision_of(said.currency),
        ) from None


_PATH: Final = re.compile(r"(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?")
_NAME: Final = re.compile(r"`(?P<name>[^`]*)`")
_SORT_WORDS: Final = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "int | float | str": "a number",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "nothing",
}
_SORTS: Final = re.compile(r"Expected `(?P<expected>[^`]*)`, got `(?P<got>[^`]*)`")


def _refusal_of(error: msgspec.ValidationError) -> Refusal:
    """msgspec's words, such as "Expected `str`, got `int` - at `$.contact.email`", as ours."""
    match = _PATH.fullmatch(str(error))
    what, path = (match["what"], match["path"] or "") if match else (str(error), "")
    pointer = path.replace(".", "/")
    name = _NAME.search(what)
    if what.startswith("Object contains unknown field") and name:
        return Refusal("unknown-field", f"{pointer}/{name['name']}", "There is no such field.")
    if what.startswith("Object missing required field") and name:
        return Refusal("missing-field", f"{pointer}/{name['name']}", "This field is needed.")
    sorts = _SORTS.fullmatch(what)
    if sorts:
        said = {name: _SORT_WORDS.get(sort.removesuffix(" | null"), sort) for name, sort in sorts.groupdict().items()}
        return Refusal("wrong-type", pointer, "Here belongs %(expected)s, and there is %(got)s.", **said)
    return Refusal("wrong-type", pointer, f"{what}.")
