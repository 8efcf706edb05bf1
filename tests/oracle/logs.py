"""Random logs and random playbooks, the same for the same seed, crowded with the moments at which folds go wrong."""

from datetime import UTC, datetime
from random import Random
from typing import Any, NamedTuple

from tests.oracle.oracle import DAY, HOUR, SECOND, Event, Version
from tests.oracle.people import rank_of
from tests.oracle.playbook import DESIGNED
from tests.oracle.random_playbooks import FACTS, GIVEN, ORDERS, STAGES, TYPES, amended, random_playbook

START = 1_735_689_600 * SECOND  # 2025-01-01


class Log(NamedTuple):
    events: list[Event]
    versions: list[Version]
    until: int


def default_log(seed: int, playbook: dict[str, Any] = DESIGNED) -> Log:
    """A log for a given playbook; in a quarter of them newer versions of it come into force."""
    random = Random(f"default {seed}")
    moments = random_moments(random, [30, 60, 90, 120, 180, 360, 365])
    documents = [playbook] + [amended(playbook, random) for _ in range(random.choice([0, 0, 0, 1, 2]))]
    return whole_log(moments, documents, random)


def random_log(seed: int) -> Log:
    random = Random(f"random {seed}")
    moments = random_moments(random, [0, 1, 1, 2, 3, 7, 10])
    documents = [random_playbook(random) for _ in range(random.choice([1, 1, 2, 3]))]
    return whole_log(moments, documents, random)


def whole_log(moments: list[int], documents: list[dict[str, Any]], random: Random) -> Log:
    some_types = random.sample(TYPES, random.choice([3, 6, 12]))
    types = random.choice([TYPES, ORDERS, [*some_types, "order_completed"], [*some_types, *FACTS]])
    events = [random_event(at, random.choice(types), random) for at in moments]
    random.shuffle(events)
    versions = [
        {"number": place + 1, "since": random_moment_near(moments, random) if place else None, "document": document}
        for place, document in enumerate(documents)
    ]
    return Log(events, versions, random_until(moments, random))


# Moments


def random_moments(random: Random, days: list[int]) -> list[int]:
    """Moments in clusters, and exact numbers of days from one another, give or take a microsecond."""
    moments = [START + random.randrange(40 * DAY)]
    for _ in range(random.choice([0, 2, 5, 9, 13, 17])):
        last, any_before = moments[-1], random.choice(moments)
        moments.append(
            random.choice(
                [
                    last,
                    last,
                    last + random.randrange(5),
                    last + random.randrange(3 * HOUR),
                    last + random.randrange(max(days) * DAY // 3),
                    (last // DAY + random.choice([0, 1, 2])) * DAY + random.choice([-1, 0, 0, 1]),
                    any_before + random.choice(days) * DAY + random.choice([-1, 0, 0, 1]),
                    any_before + 2 * random.choice(days) * DAY + random.choice([-1, 0, 0, 1]),
                ]
            )
        )
    return moments


def random_moment_near(moments: list[int], random: Random) -> int:
    near = random.choice(moments)
    return near + random.choice(
        [0, 0, 1, -1, random.randrange(-9 * DAY, 9 * DAY), random.randrange(-99 * DAY, 99 * DAY)]
    )


def random_until(moments: list[int], random: Random) -> int:
    last = max(moments)
    return last + random.choice(
        [0, 0, random.randrange(9 * DAY), 30 * DAY, 2 * (last - min(moments)), -random.randrange(DAY)]
    )


# Events


def random_event(at: int, event_type: str, random: Random) -> Event:
    has_money = event_type in ("order_completed", "order_refunded") or random.random() < 0.1
    return {
        "at": at,
        "rank": rank_of(event_type),
        "key": random_key(random),
        "type": event_type,
        "value": random.choice([None, 0, 100, 100, 50, 50, 150, 1, 30]) if has_money else None,
        "currency": random.choice(["EUR", "EUR", "EUR", "EUR", "USD", None]) if has_money else None,
        "properties": random_given(["size", "tags"], random) | random_properties(event_type, at, random),
        "public": random.random() < 0.15,
    }


def random_key(random: Random) -> bytes:
    """Keys that often share their beginnings, with bytes on both sides of the sign."""
    return bytes(random.choice([0, 127, 128, 255]) for _ in range(2)) + random.randbytes(14)


def random_properties(event_type: str, at: int, random: Random) -> dict[str, Any]:
    match event_type:
        case "order_completed" | "order_refunded":
            return random_given(["order_id"], random) if random.random() < 0.8 else {}
        case "feedback_given":
            return random_given(["score"], random)
        case "stage_set":
            stages = [key for key, _ in STAGES]
            return random.choice(
                [{"stage": random.choice(stages)}] * 6 + [{}, {"stage": "gone"}, {"stage": None}, {"stage": 1}]
            )
        case "postponed":
            return random.choice([{"until": random_recall(at, random)}] * 6 + [{}])
        case "contact_created" | "attributes_changed" | "owner_changed":
            return random_given(["fit", "country", "size", "tags"], random)
        case "content_downloaded":
            return random_given(["kind"], random)
    return {}


def random_recall(at: int, random: Random) -> Any:
    day = random.randrange(-3, 40)
    date = str(moment_text(at + day * DAY))[:10]
    whole = moment_text(at + day * DAY + random.randrange(DAY))
    other = [f"{date}T00:00:00Z", f"{date}T12:30:00+02:00", f"{date} 23:59", whole, whole[:19], whole + "-05:30"]
    garbage = ["soon", "", 20260301, None, "2025-02-30", date + "T25:00", [date]]
    return random.choice([date, date, random.choice(other), random.choice(garbage)])


def moment_text(moment: int) -> str:
    return datetime.fromtimestamp(moment // SECOND, UTC).replace(tzinfo=None, microsecond=moment % SECOND).isoformat()


def random_given(names: list[str], random: Random) -> dict[str, Any]:
    chosen = random.sample(names, random.randrange(1, len(names) + 1))
    return {name: random.choice([None, random.choice(GIVEN[name]), random.choice(GIVEN[name])]) for name in chosen}
