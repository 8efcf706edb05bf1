"""The larger oracle, on a log small enough to answer by hand."""

from typing import Any

from tests.oracle.cases import NEW_YEAR, at, version
from tests.oracle.people import event_key, merged, people, rank_of
from tests.oracle.playbook import DESIGNED


def message(message_id: str, contact: str, event_type: str, day: float, source: str = "shop", **flags: Any) -> Any:
    body = {"type": event_type, "at": at(day), "properties": flags.pop("properties", {})}
    return {"source": source, "id": message_id, "contact": contact, "body": body} | flags


def log(messages: list[Any], *acts: Any) -> Any:
    return {
        "contacts": ["old", "new", "other"],
        "sources": {"shop": "trusted", "web": "public"},
        "messages": messages,
        "acts": [*acts],
        "versions": [version(DESIGNED)],
        "until": at(9),
    }


def act(name: str, message_id: str, source: str = "shop") -> Any:
    return {"act": name, "source": source, "id": message_id}


def link(name: str, one: str, other: str) -> Any:
    return {"act": name, "of": [one, other]}


ORDER = message("1", "new", "order_completed", 1)
ORDER_AGAIN = message("2", "old", "order_completed", 2)


def stages(given: Any) -> dict[str, str | None]:
    return {leader: person["answer"].stage for leader, person in people(given)["people"].items()}


def test_the_first_body_under_a_message_id_wins() -> None:
    told = people(
        log([ORDER, ORDER, message("1", "new", "ad_clicked", 2), message("1", "other", "ad_clicked", 1, "web")])
    )

    assert (told["duplicates"], told["conflicts"]) == (1, 1)
    assert told["recorded"] == {("shop", "1"): "new", ("web", "1"): "other"}
    assert {leader: person["answer"].stage for leader, person in told["people"].items()} == {
        "old": None,
        "new": "customer",
        "other": "retargeting",
    }


def test_merged_contacts_are_one_person_and_cut_ones_two_again() -> None:
    together = [link("merge", "old", "new")]

    assert stages(log([ORDER, ORDER_AGAIN], *together)) == {"old": "loyalty", "other": None}
    assert stages(log([ORDER, ORDER_AGAIN], *together, link("cut", "new", "old"))) == {
        "old": "customer",
        "new": "customer",
        "other": None,
    }


def test_joining_two_that_are_already_one_is_refused() -> None:
    chain = [link("merge", "other", "new"), link("merge", "new", "old"), link("merge", "old", "other")]

    assert merged(log([], *chain)) == {"old": ["old", "new", "other"]}
    assert merged(log([], *chain, link("cut", "old", "other"))) == {"old": ["old", "new", "other"]}
    assert merged(log([], *chain, link("cut", "old", "new"))) == {"old": ["old"], "new": ["new", "other"]}


def test_retracted_events_are_recorded_and_move_nobody() -> None:
    told = people(log([ORDER, ORDER_AGAIN], act("retract", "1")))

    assert set(told["recorded"]) == {("shop", "1"), ("shop", "2")}
    assert [person["answer"].stage for person in told["people"].values()] == ["customer", None, None]


def test_poison_waits_in_quarantine_until_replayed_and_malformed_for_ever() -> None:
    sent = [ORDER | {"poison": True}, ORDER_AGAIN | {"malformed": True}]
    held, replayed = people(log(sent)), people(log(sent, act("replay", "1")))

    assert (held["quarantine"], replayed["quarantine"]) == ([("shop", "1"), ("shop", "2")], [("shop", "2")])
    assert (held["recorded"], held["effects"]) == ({("shop", "1"): "new"}, {})
    assert replayed["people"]["new"]["answer"].stage == "customer"


def test_a_public_order_is_a_claim_until_confirmed() -> None:
    sent = [message("1", "new", "order_completed", 1, "web"), message("2", "new", "form_submitted", 2, "web")]

    assert people(log(sent))["claims"] == {("web", "1")}
    assert stages(log(sent))["new"] == "lead"
    assert people(log(sent, act("confirm", "1", "web")))["claims"] == set()


def test_each_live_transition_has_one_effect() -> None:
    assert people(log([ORDER]))["effects"] == {
        ("new", "stage", "prospecting", 1): at(1),
        ("new", "stage", "customer", 1): at(1),
        ("new", "health", "active", 1): at(1),
    }


def test_keys_and_ranks_are_those_of_the_design() -> None:
    assert event_key("shop", "m-1").hex() == "025031bfad1b98adf5053edfec40af31"
    assert [rank_of(name) for name in ["owner_changed", "ad_viewed", "unheard_of", "order_refunded", "reopened"]] == [
        0,
        1,
        1,
        4,
        6,
    ]
    assert at(0) == NEW_YEAR
