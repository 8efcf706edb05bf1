"""Random small playbooks with every measure and every operator, sensible or not."""

from random import Random
from typing import Any

from tests.oracle.oracle import Condition, Rule
from tests.oracle.playbook import ASKING, DESIGNED, NOTICING

Document = dict[str, Any]

STAGES = [(stage["key"], stage["phase"]) for stage in DESIGNED["stages"]] + [("trial", "friend")]
HEALTHS = [None, "active", "cooling", "lapsed"]
STANDINGS = ["open", "not_now", "closed"]
DECIDING = ["stage_set", "stage_set", "postponed", "postponed", "disqualified", "relationship_ended", "reopened"]
FACTS = ["contact_created", "attributes_changed", "owner_changed"]
PRAISING = ["feedback_given", "review_posted", "referral_made"]
OTHERS = ["email_sent", "note_added", "order_delivered", "unheard_of", "consent_given", "meeting_held"]
ORDERS = ["order_completed"] * 14 + ["order_refunded"] * 9
TYPES = (
    ORDERS + ["page_viewed"] * 6 + ASKING + NOTICING + DECIDING + FACTS + ["attributes_changed"] * 2 + PRAISING + OTHERS
)
SOME_TYPES = [["order_completed"], ["page_viewed"], ["order_refunded", "order_completed"], ASKING, FACTS, ["postponed"]]
COMPARING = ["at_least", "at_most", "less_than", "more_than"]
GIVEN: dict[str, list[Any]] = {
    "size": [1, 1.0, True, "1", 2, -1.5, 10, 250],
    "country": ["FI", "SE", "Finland"],
    "tags": [["vip", 1], ["vip", True], ["vip", 1.0], [], [[1]], {"vip": 1}, {"vip": 1.0}, {"vip": True}],
    "fit": ["A", "B", "C", "F", "G", "a", "AB", 1],
    "score": [8, 9, 10, 9.5, 8.99, "9", True, [9]],
    "kind": ["guide", "price list", ["guide", 1]],
    "order_id": ["A", "A", "A", "B", "7", 7, 7.0, 7.5, True, "", ["A"]],
}
PARTS: list[Any] = [1, True, "1", "vip", "in", "F", [1], [True]]


def amended(playbook: Document, random: Random) -> Document:
    """The same playbook with other points and half-life, and a rule or two left out."""
    left_out = random.sample(range(len(playbook["rules"])), random.choice([0, 1, 2]))
    return playbook | {
        "half_life_days": random.choice([7, 30, 90]),
        "points": {name: points + random.choice([0, 0, 1, -points]) for name, points in playbook["points"].items()},
        "rules": [rule for place, rule in enumerate(playbook["rules"]) if place not in left_out],
    }


def random_playbook(random: Random) -> Document:
    stages = random.sample(STAGES, random.choice([2, 3, 4, 7]))
    keys = [key for key, _ in stages]
    return {
        "stages": [{"key": key, "phase": phase} for key, phase in stages],
        "half_life_days": random.choice([1, 2, 3, 7, 30]),
        "points": {name: random.choice([0, 1, 2, 5, 50, -3]) for name in random.sample(sorted(set(TYPES)), 9)},
        "rules": [random_rule(f"rule {place}", keys, random) for place in range(random.randrange(1, 15))],
    }


def random_rule(name: str, stages: list[str], random: Random) -> Rule:
    dimension = random.choice(["stage", "health", "standing"])
    values = values_of(dimension, stages)
    target = random.choice(values)
    rule: Rule = {"name": name, "to": target if dimension == "stage" else {dimension: target}}
    on_time = random.random() < 0.5
    rule["on"] = "time" if on_time else sorted(set(random.sample(TYPES, 20)))
    if not on_time and dimension == "stage" and random.random() < 0.15:
        rule["to"] = {"property": "stage"}
    if random.random() < (0.75 if on_time else 0.5):
        others = [value for value in values if value != target]
        rule["from"] = random.sample(others, random.randrange(1, len(others) + 1))
    if on_time or random.random() < 0.5:
        rule["when"] = [random_condition(on_time, stages, random) for _ in range(random.choice([1, 1, 1, 2, 3]))]
    return rule


def values_of(dimension: str, stages: list[str]) -> list[Any]:
    values: dict[str, list[Any]] = {"stage": [*stages], "health": HEALTHS, "standing": STANDINGS}
    return values[dimension]


def random_condition(on_time: bool, stages: list[str], random: Random) -> Condition:
    moving = [random_days, random_days, random_window, random_window, random_score]
    if on_time and random.random() < 0.75:
        return random.choice([random_silence, random_recall, *moving])(random)
    if random.random() < 0.2:
        return random_present(stages, random)
    given = [random_property, random_property, random_attribute, random_attribute, random_fit]
    return random.choice([*given, random_orders, *moving])(random)


def random_silence(random: Random) -> Condition:
    min_days = random.choice([0, 1, 2, 5])
    max_days = min_days + random.choice([0, 1, 10, 90])
    return {"measure": "silence", "usual_intervals": random.randrange(1, 5), "min_days": min_days, "max_days": max_days}


def random_recall(random: Random) -> Condition:
    return {"measure": "recall"}


def random_days(random: Random) -> Condition:
    days_since = {"measure": "days_since", "of": random.choice(SOME_TYPES)}
    measures: list[Condition] = [{"measure": "days_in_stage"}, days_since]
    return random.choice(measures) | number_test([1, 1, 2, 3, 7, 10], random)


def random_window(random: Random) -> Condition:
    window: Condition = {"of": random.choice(SOME_TYPES)}
    if random.random() < 0.7:
        window["within_days"] = random.choice([0, 1, 2, 3, 7, 10])
    if random.random() < 0.4:
        currency = random.choice(["EUR", "EUR", "USD"])
        return {"measure": "sum", "currency": currency} | window | number_test([0, 1, 50, 100, 200], random)
    if random.random() < 0.5:
        window["distinct_days"] = random.random() < 0.8
    return {"measure": "count"} | window | number_test([0, 1, 2, 3], random)


def random_score(random: Random) -> Condition:
    return {"measure": "score"} | number_test([0, 1, 2, 5, 10, 50], random)


def random_orders(random: Random) -> Condition:
    return {"measure": "kept_orders"} | number_test([0, 1, 2], random)


def random_property(random: Random) -> Condition:
    name = random.choice(["size", "size", "tags", "tags"] * 3 + [*GIVEN])
    return {"measure": "property", "name": name} | value_test(GIVEN[name], random)


def random_attribute(random: Random) -> Condition:
    name = random.choice(["country", "size", "tags", "fit"])
    return {"measure": "attribute", "name": name} | value_test(GIVEN[name], random)


def random_fit(random: Random) -> Condition:
    letter = random.choice("ABCEF")
    compare = {random.choice(COMPARING): letter}
    tests: list[Condition] = [compare, compare, {"is": letter}, {"is_not": letter}, {"in": ["A", letter]}]
    return {"measure": "fit"} | random.choice([*tests, {"contains": letter}, {"exists": random.random() < 0.5}])


def random_present(stages: list[str], random: Random) -> Condition:
    dimension = random.choice(["stage", "health", "standing"])
    values = {"stage": stages, "health": ["active", "cooling"], "standing": STANDINGS}[dimension]
    value = random.choice(values)
    tests: list[Condition] = [{"is": value}, {"is_not": value}, {"in": values[:2]}, {"exists": random.random() < 0.5}]
    return {"measure": dimension} | random.choice(tests)


def number_test(numbers: list[int], random: Random) -> Condition:
    number = random.choice(numbers)
    compare = {random.choice(COMPARING): number}
    odd: list[Condition] = [{"is": number}, {"is_not": number}, {"in": random.sample(numbers, 2)}, {"contains": number}]
    return random.choice([compare] * 12 + [*odd, {"exists": random.random() < 0.5}])


def value_test(given: list[Any], random: Random) -> Condition:
    value = random.choice(random.choice([given, given, PARTS]))
    equal: list[Condition] = [{"is": value}, {"is_not": value}, {"in": ["FI", value]}]
    if isinstance(value, list | dict) or random.random() < 0.3:
        return random.choice([*equal, {"contains": random.choice(PARTS)}])
    return random.choice([*equal, {random.choice(COMPARING): value}, {"exists": random.random() < 0.5}])
