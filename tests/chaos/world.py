"""What happens in a chaos run: people, what is said of them, in which order it is sent, and what is done beside it.

The same seed, size and start make the same world. It is a log as tests/oracle/people.py reads it; each message has
under `wire` what is really sent. Nothing in it depends on the order of arrival, so that the oracle can tell its end:
a name belongs to one person for ever, and two names of one person are said to be one by somebody who may say it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any, NamedTuple

from tests.oracle.oracle import DAY, HOUR, SECOND

Message = dict[str, Any]
Act = dict[str, Any]

SOURCES = {"shop": "trusted", "till": "trusted", "web": "public"}
STAGES = ["prospecting", "retargeting", "lead", "customer", "loyalty", "advocate"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

ASKING = ["newsletter_subscribed", "content_downloaded", "form_submitted", "quote_requested", "message_received"]
NOTICING = ["ad_clicked", "social_reacted", "email_clicked", "event_attended"]
PUBLIC = ["page_viewed"] * 8 + NOTICING * 2 + ASKING + ["ad_viewed"] * 3
BUYING = ["order_completed"] * 6 + ["order_refunded"] * 2
DECIDING = ["stage_set", "postponed", "disqualified", "reopened", "relationship_ended"]
TRUSTED = (
    PUBLIC + BUYING * 3 + DECIDING + ["feedback_given", "review_posted", "referral_made", "note_added", "gong_struck"]
)
CLAIMED = ["order_completed", "review_posted", "stage_set"]


@dataclass(frozen=True, slots=True)
class Shape:
    """How much of what there is in a world; shares are of its events."""

    events: int
    seed: int
    per_person: int = 8
    duplicates: float = 0.20
    late: float = 0.10
    conflicts: float = 0.003
    poison: float = 0.014  # of what trusted sources say is this much: 1 % of everything
    malformed: float = 0.005
    retractions: float = 0.005
    linked: float = 0.10  # of people: two names, said to be one by a message
    merged: float = 0.06  # of people: joined by a person, and some taken apart again
    ties: float = 0.15  # events of the very moment of another one
    long_lives: float = 0.5  # of people: known for years, so that timers fire between their events
    timers: float = 0.05  # of people: a timer of theirs comes due while the run goes on
    due_within: int = 20 * SECOND
    bursts: float = 0.1  # of people: everything happens within a second, so that it is sent at the same time
    hangs: int = 0  # of the poison: the fold never ends
    deadly: tuple[str, ...] = ("raise",) * 16 + ("memory",) * 2 + ("exit", "kill")


class Name(NamedTuple):
    """By what a source calls a contact."""

    contact: str
    kind: str  # email | user_id | anonymous_id | external_id
    value: str
    sources: tuple[str, ...]  # who may call them so


@dataclass
class World:
    shape: Shape
    start: int  # the moment (microseconds) after which nothing of the world happens, but for timers
    names: dict[str, Name] = field(default_factory=dict)  # by contact
    messages: list[Message] = field(default_factory=list)  # each once
    sendings: list[Message] = field(default_factory=list)  # in order, repeated ones too
    conflicts: list[Message] = field(default_factory=list)  # sent when all others have been answered
    links: list[Act] = field(default_factory=list)  # merges that a message brings about
    acts: list[Act] = field(default_factory=list)  # to be done while the messages are sent

    @property
    def due_until(self) -> int:
        return self.start + self.shape.due_within

    def poison(self) -> dict[tuple[str, str], str]:
        return {(m["source"], m["id"]): m["poison"] for m in self.messages if m.get("poison")}


def make_world(shape: Shape, start: int) -> World:
    return _Maker(shape, start).make()


class _Maker:
    def __init__(self, shape: Shape, start: int) -> None:
        self.shape = shape
        self.random = Random(f"world {shape.seed}")
        self.world = World(shape, start)
        self.numbers = dict.fromkeys(SOURCES, 0)
        self.people = 0

    def make(self) -> World:
        world = self.world
        while len(world.messages) < self.shape.events:
            self.person()
        world.sendings = self.arranged(world.messages)
        self.conflicting()
        self.retracting()
        self.hanging()
        self.random.shuffle(world.acts)
        world.acts = in_their_order(world.acts)
        return world

    # People

    def person(self) -> None:
        chance = self.random.random()
        if chance < self.shape.linked:
            self.linked_person()
        elif chance < self.shape.linked + self.shape.merged:
            self.merged_people()
        elif self.random.random() < 0.3:
            self.life([self.name("anonymous_id", "web")])
        else:
            self.life([self.somebody()])

    def somebody(self) -> Name:
        """Somebody whom we know by one name."""
        if self.random.random() < 0.3:
            return self.name("email", *SOURCES)
        kind = self.random.choice(["external_id", "user_id"])
        return self.name(kind, self.random.choice(["shop", "till"]))

    def name(self, kind: str, *sources: str) -> Name:
        contact = f"c{len(self.world.names)}"
        value = f"{contact}@example.com" if kind == "email" else f"{kind[0]}-{contact}"
        self.world.names[contact] = name = Name(contact, kind, value, sources)
        return name

    def linked_person(self) -> None:
        """Two names, which a message says are one: of a browser and its user, or two that a shop knows."""
        if self.random.random() < 0.5:
            one, other, source, types = self.name("user_id", "web"), self.name("anonymous_id", "web"), "web", PUBLIC
        else:
            one, other, source = self.name("external_id", "shop"), self.name("email", *SOURCES), "shop"
            types = ["contact_created", "attributes_changed"]
        moments = self.life([one, other])
        for _ in range(self.random.choice([1, 1, 2])):
            self.say(source, one, self.random.choice(types), self.random.choice(moments), also=other, sound=True)
        self.world.links.append({"act": "merge", "of": [one.contact, other.contact]})

    def merged_people(self) -> None:
        """Some whom a member of staff takes for one person; then perhaps no more; then perhaps again."""
        members = [self.name("external_id", "shop") for _ in range(self.random.choice([2, 2, 3]))]
        for member in members:
            self.life([member])
        pairs = [[a.contact, b.contact] for a, b in pairwise(members)]
        acts: list[Act] = [{"act": "merge", "of": pair} for pair in self.random.sample(pairs, len(pairs))]
        for pair in pairs:
            if self.random.random() < 0.4:
                acts.append({"act": "cut", "of": pair})
                if self.random.random() < 0.4:
                    acts.append({"act": "merge", "of": pair})
        self.world.acts += [act | {"cluster": members[0].contact, "turn": turn} for turn, act in enumerate(acts)]

    # Lives

    def life(self, names: Sequence[Name]) -> list[int]:
        """Say what happened to somebody; return the moments of it."""
        self.people += 1
        is_public = all(name.sources == ("web",) for name in names)
        moments = self.moments(is_public or self.random.random() >= self.shape.long_lives)
        for place, at in enumerate(moments):
            name = self.random.choice(names)
            source = self.random.choice(name.sources)
            if source == "web":
                types = CLAIMED if self.random.random() < 0.03 else PUBLIC
                at = max(at, self.world.start - 20 * HOUR)  # a public source is believed about the last day only
            else:
                types = TRUSTED
            self.say(source, name, self.random.choice(types), at, sound=place == 0)
        trusted = [name for name in names if name.sources != ("web",)]
        if trusted and self.random.random() < self.shape.timers:
            self.coming_due(self.random.choice(trusted))
        return moments

    def moments(self, recent: bool) -> list[int]:
        number = min(1 + int(self.random.expovariate(1 / self.shape.per_person)), 5 * self.shape.per_person)
        reach = 18 * HOUR if recent else self.random.choice([3, 60, 400, 900]) * DAY
        start = self.world.start
        moments = [start - 2 * HOUR - self.random.randrange(reach)]
        is_burst = self.random.random() < self.shape.bursts
        while len(moments) < number:
            if self.random.random() < self.shape.ties:
                moments.append(self.random.choice(moments))
            elif is_burst:
                moments.append(moments[0] + self.random.randrange(SECOND))
            else:
                moments.append(start - 1 - self.random.randrange(reach))
        return sorted(moments)

    def coming_due(self, name: Name) -> None:
        """What lets a timer of theirs come due while the run goes on."""
        due = self.world.start + self.random.randrange(self.shape.due_within)
        source = self.random.choice([source for source in name.sources if source != "web"])
        if self.random.random() < 0.5:
            at = self.world.start - 1 - self.random.randrange(HOUR)
            self.say(source, name, "postponed", at, properties={"until": iso(due)})
        else:  # a first order is followed by silence after 180 days, if it stays the only one
            self.say(source, name, "order_completed", due - 180 * DAY, value=(4200, "EUR"))

    # Messages

    def say(
        self,
        source: str,
        name: Name,
        event_type: str,
        at: int,
        *,
        also: Name | None = None,
        sound: bool = False,  # can be used: there is somebody of this name, or a link is made
        properties: dict[str, Any] | None = None,
        value: tuple[int, str] | None = None,
    ) -> None:
        if properties is None:
            properties = self.properties(event_type, at)
        if value is None and event_type in ("order_completed", "order_refunded"):
            value = self.money(event_type)
        message: Message = {"source": source, "id": self.message_id(source), "contact": name.contact}
        message["body"] = {"type": event_type, "at": at, "properties": properties}
        if value:
            message["body"] |= {"value": value[0], "currency": value[1]}
        message["wire"] = wire(message, name, also)
        chance = self.random.random()
        if chance < self.shape.malformed and not sound:
            spoil(message, self.random)
        elif chance < self.shape.malformed + self.shape.poison and source != "web":
            self.make_poison(message)
        self.world.messages.append(message)

    def message_id(self, source: str) -> str:
        """The same ids in all sources: they are other messages."""
        self.numbers[source] += 1
        return f"m-{self.numbers[source]}"

    def make_poison(self, message: Message) -> None:
        message["poison"] = self.random.choice(self.shape.deadly)
        message["body"]["properties"]["poison"] = True
        message["wire"]["properties"] = message["body"]["properties"]

    def properties(self, event_type: str, at: int) -> dict[str, Any]:
        random = self.random
        match event_type:
            case "order_completed" | "order_refunded":
                return {"order_id": random.choice(["A", "B", "C", 7])} if random.random() < 0.6 else {}
            case "stage_set":
                return {"stage": random.choice(STAGES)}
            case "postponed":
                return {"until": iso(at + random.randrange(-3, 40) * DAY)[:10]}
            case "feedback_given":
                return {"score": random.randrange(11)}
            case "contact_created" | "attributes_changed":
                return random.choice([{"country": "FI"}, {"title": f"No. {random.randrange(9)}"}, {"fit": "B"}])
        return random.choice([{}, {}, {"page": random.randrange(100)}])

    def money(self, event_type: str) -> tuple[int, str] | None:
        if event_type == "order_refunded" and self.random.random() < 0.4:
            return None
        return self.random.choice([4200, 4200, 4200, 2100, 100, 0]), self.random.choice(["EUR"] * 5 + ["USD"])

    # The order of sending

    def arranged(self, messages: list[Message]) -> list[Message]:
        """By when it happened, but for those that come late, and those that come again."""
        count = len(messages)
        places = []
        in_order = sorted(messages, key=lambda message: message["body"]["at"])
        for place, message in enumerate(in_order):
            late = self.random.random() < self.shape.late
            own = place + self.random.random() * (count if late else 20)
            places.append((own, message))
            while self.random.random() < self.shape.duplicates / (1 + self.shape.duplicates):
                places.append((own + self.random.random() * self.random.choice([3, 300, count]), message))
        return [message for _, message in sorted(places, key=lambda pair: pair[0])]

    def conflicting(self) -> None:
        """Other bodies under known ids."""
        for message in self.world.messages:
            if not message.get("malformed") and self.random.random() < self.shape.conflicts:
                other = message | {"body": message["body"] | {"type": "letter_sent"}}
                other["wire"] = message["wire"] | {"type": "letter_sent"}
                self.world.conflicts.append(other)

    def hanging(self) -> None:
        poisonous = [message for message in self.world.messages if message.get("poison")]
        for message in self.random.sample(poisonous, min(self.shape.hangs, len(poisonous))):
            message["poison"] = "hang"

    def retracting(self) -> None:
        for message in self.world.messages:
            is_plain = message["source"] != "web" and not message.get("malformed") and not message.get("poison")
            if is_plain and self.random.random() < self.shape.retractions:
                key = {"source": message["source"], "id": message["id"]}
                self.world.acts.append({"act": "retract", **key, "cluster": " ".join(key.values()), "turn": 0})


def in_their_order(acts: list[Act]) -> list[Act]:
    """The acts mixed as they are, but those of one cluster in the order in which they make sense."""
    by_cluster: dict[str, list[Act]] = {}
    for act in acts:
        by_cluster.setdefault(act["cluster"], []).append(act)
    turns = {cluster: iter(sorted(some, key=lambda act: act["turn"])) for cluster, some in by_cluster.items()}
    return [next(turns[act["cluster"]]) for act in acts]


def iso(moment: int) -> str:
    return (EPOCH + timedelta(microseconds=moment)).isoformat().replace("+00:00", "Z")


def wire(message: Message, name: Name, also: Name | None = None) -> dict[str, Any]:
    """The message as an item of POST /api/v1/events."""
    body = message["body"]
    item: dict[str, Any] = {
        "message_id": message["id"],
        "type": body["type"],
        "occurred_at": iso(body["at"]),
        "contact": {one.kind: one.value for one in (name, also) if one},
        "properties": body["properties"],
    }
    if "value" in body:
        item["value"] = {"amount": f"{body['value'] // 100}.{body['value'] % 100:02}", "currency": body["currency"]}
    return item


def spoil(message: Message, random: Random) -> None:
    """Make of a message one that nobody can use."""
    message["malformed"] = random.choice(["type", "contact", "moment", "field", "future"])
    item = dict(message["wire"])
    match message["malformed"]:
        case "type":
            item["type"] = "Not A Type"
        case "contact":
            item["contact"] = {}
        case "moment":
            item["occurred_at"] = "yesterday"
        case "field":
            item["colour"] = "red"
        case "future":
            item["occurred_at"] = "2999-01-01T00:00:00Z"
    message["wire"] = item


def chunks(sendings: Sequence[Message], random: Random, most: int = 200) -> Iterator[list[Message]]:
    """Batches and singles, cut at random; each is of one source."""
    place = 0
    while place < len(sendings):
        size = random.choice([1, 1, 2, 5, 20, 50, 100, most])
        some = sendings[place : place + size]
        place += size
        for source in SOURCES:
            if mine := [message for message in some if message["source"] == source]:
                yield mine
