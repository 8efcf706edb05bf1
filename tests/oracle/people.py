"""The larger oracle: from everything that was sent to what must stand in the database.

`people(log)` reads the generator's own list, never the database. A log is a dict:

    {"contacts": ["c1", "c2", ...],          # names of the identities, the oldest contact first
     "sources": {"shop": "trusted", "web": "public"},
     "messages": [MESSAGE, ...],             # in the order sent; repeated sendings are simply there again
     "acts": [ACT, ...],                     # in the order done
     "versions": [{"number": 1, "since": None, "document": {...}}],
     "until": 1767225600000000}              # microseconds; everybody is folded until then

    MESSAGE = {"source": "shop", "id": "m-17", "contact": "c1",
               "body": {"type": "order_completed", "at": 1764547200000000,
                        "value": 4200, "currency": "EUR", "properties": {...}},   # value and currency may be left out
               "poison": True,               # recorded, but held after three attempts: it moves nobody
               "malformed": True}            # refused on arrival into quarantine: never recorded

    ACT = {"act": "merge" | "cut", "of": ["c1", "c2"]}
        | {"act": "retract" | "confirm" | "replay", "source": "shop", "id": "m-17"}

`confirm` is of a claim. `replay` is of a poisoned event after the cause was mended, and lets it stand where it belongs.
Of a message id sent twice with different bodies the first in the list wins, so send the second only after the first
was answered. An untrusted source's claims are told by type here; attribute changes from public sources are not covered.

The answer is a dict:

    {"recorded": {("shop", "m-17"): contact}, # every event in the log, claims, poison and retracted ones included
     "duplicates": 12, "conflicts": 3,       # how many sendings were answered so
     "claims": {(source, id), ...},          # not confirmed
     "quarantine": [(source, id), ...],      # sorted: malformed, and poison not replayed
     "people": {leader: {"contacts": [...], "answer": Answer}},
     "effects": {(leader, dimension, target, visit): moment}}  # one for each live transition

The leader of merged contacts is the first of them in `contacts`.
"""

from collections import defaultdict
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

from tests.oracle.oracle import Answer, Event, answer

Log = dict[str, Any]
Message = dict[str, Any]
MessageKey = tuple[str, str]
Neighbours = dict[str, set[str]]

RANKS = {
    0: "contact_created attributes_changed owner_changed",
    2: "content_downloaded newsletter_subscribed form_submitted quote_requested message_received support_requested "
    "complaint_made consent_given consent_withdrawn unsubscribed",
    3: "order_completed order_delivered",
    4: "order_refunded",
    5: "feedback_given review_posted referral_made referral_converted",
    6: "stage_set postponed disqualified relationship_ended reopened",
}
CLAIMS = ("order_", "referral_", "consent_", "review_posted", "feedback_given", "stage_set")


def people(log: Log) -> dict[str, Any]:
    accepted, duplicates, conflicts = received(log["messages"])
    claims = {key for key, message in accepted.items() if is_claim(message, log)} - named(log, "confirm")
    poisoned = {key for key, message in accepted.items() if message.get("poison")} - named(log, "replay")
    malformed = {key_of(message) for message in log["messages"] if message.get("malformed")}
    standing = standing_by_contact(accepted, claims | poisoned | named(log, "retract"))
    groups = merged(log)
    answers = {}
    for leader, group in groups.items():
        events = [event_of(message, log) for contact in group for message in standing[contact]]
        answers[leader] = answer(events, log["versions"], log["until"])
    return {
        "recorded": {key: message["contact"] for key, message in accepted.items()},
        "duplicates": duplicates,
        "conflicts": conflicts,
        "claims": claims,
        "quarantine": sorted(malformed | poisoned),
        "people": {leader: {"contacts": groups[leader], "answer": told} for leader, told in answers.items()},
        "effects": {key: at for leader, told in answers.items() for key, at in effects(leader, told)},
    }


def key_of(message: Message) -> MessageKey:
    return message["source"], message["id"]


def named(log: Log, act: str) -> set[MessageKey]:
    return {key_of(done) for done in log["acts"] if done["act"] == act}


def received(messages: list[Message]) -> tuple[dict[MessageKey, Message], int, int]:
    """The messages recorded, and how many later ones with a known key had the same body and how many another."""
    accepted: dict[MessageKey, Message] = {}
    duplicates = conflicts = 0
    for message in messages:
        if message.get("malformed"):
            continue
        first = accepted.get(key_of(message))
        if first is None:
            accepted[key_of(message)] = message
        else:
            is_same = (first["contact"], first["body"]) == (message["contact"], message["body"])
            duplicates += is_same
            conflicts += not is_same
    return accepted, duplicates, conflicts


def is_claim(message: Message, log: Log) -> bool:
    event_type: str = message["body"]["type"]
    return log["sources"][message["source"]] == "public" and event_type.startswith(CLAIMS)


def merged(log: Log) -> dict[str, list[str]]:
    """The contacts that are one person, under the oldest of them, each group the oldest first."""
    neighbours: Neighbours = defaultdict(set)
    for done in log["acts"]:
        if done["act"] in ("merge", "cut"):
            one, other = done["of"]
            link(one, other, done["act"], neighbours)
    age = {contact: place for place, contact in enumerate(log["contacts"])}
    groups: dict[str, list[str]] = {}
    grouped: set[str] = set()
    for contact in log["contacts"]:
        if contact not in grouped:
            groups[contact] = sorted(joined_with(contact, neighbours), key=age.__getitem__)
            grouped.update(groups[contact])
    return groups


def link(one: str, other: str, act: str, neighbours: Neighbours) -> None:
    """Joining two that are already one is refused; cutting takes away exactly the link that was made."""
    if act == "merge" and other not in joined_with(one, neighbours):
        neighbours[one].add(other)
        neighbours[other].add(one)
    elif act == "cut":
        neighbours[one].discard(other)
        neighbours[other].discard(one)


def joined_with(contact: str, neighbours: Neighbours) -> set[str]:
    group: set[str] = set()
    found = [contact]
    while found:
        contact = found.pop()
        if contact not in group:
            group.add(contact)
            found += neighbours[contact]
    return group


def standing_by_contact(accepted: dict[MessageKey, Message], idle: set[MessageKey]) -> dict[str, list[Message]]:
    standing: dict[str, list[Message]] = defaultdict(list)
    for key, message in accepted.items():
        if key not in idle:
            standing[message["contact"]].append(message)
    return standing


def event_of(message: Message, log: Log) -> Event:
    body = message["body"]
    return {
        "at": body["at"],
        "rank": rank_of(body["type"]),
        "key": event_key(message["source"], message["id"]),
        "type": body["type"],
        "value": body.get("value"),
        "currency": body.get("currency"),
        "properties": body.get("properties", {}),
        "public": log["sources"][message["source"]] == "public",
    }


def event_key(source: str, message_id: str) -> bytes:
    return blake2b(source.encode() + b"\0" + message_id.encode(), digest_size=16).digest()


def rank_of(event_type: str) -> int:
    ranks = [rank for rank, types in RANKS.items() if event_type in types.split()]
    return ranks[0] if ranks else 1


def effects(leader: str, told: Answer) -> Iterator[tuple[tuple[str, str, str | None, int], int]]:
    for dimension, _, target, at, _, _, _, visit in told.moves:
        yield (leader, dimension, target, visit), at
