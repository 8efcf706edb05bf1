"""The product's playbook, read as data, does what the design says of it."""

import json
from pathlib import Path
from typing import Any

import funnel
from tests.oracle.comparing import disagreement, oracle
from tests.oracle.logs import Log, default_log
from tests.oracle.oracle import Answer
from tests.oracle.playbook import DESIGNED

PRODUCT: dict[str, Any] = json.loads(Path(funnel.__path__[0], "default_playbook.json").read_text())


def with_playbook(log: Log, document: dict[str, Any]) -> Any:
    told = oracle(log._replace(versions=[{"number": 1, "since": None, "document": document}]))
    assert isinstance(told, Answer)
    unnamed = [(*move[:4], *move[5:]) for move in told.moves]  # all but the rule's name, which the design leaves open
    return *told[:4], unnamed


def test_stages_points_and_half_life_are_those_of_the_design() -> None:
    assert {key: PRODUCT[key] for key in PRODUCT if key not in ("rules", "examples")} == {
        key: DESIGNED[key] for key in DESIGNED if key != "rules"
    }


def test_each_rule_of_the_product_is_one_of_the_design() -> None:
    def unnamed(document: dict[str, Any]) -> list[str]:
        rules = [{"when": []} | rule | {"name": ""} for rule in document["rules"]]
        for rule in rules:
            rule["on"] = rule["on"] if rule["on"] == "time" else sorted(set(rule["on"]))
        return sorted(json.dumps(rule, sort_keys=True) for rule in rules)

    assert unnamed(PRODUCT) == unnamed(DESIGNED)


def test_it_tells_the_same_as_the_design_on_random_logs() -> None:
    logs = (default_log(seed) for seed in range(1000))

    assert disagreement(lambda log: with_playbook(log, DESIGNED), lambda log: with_playbook(log, PRODUCT), logs) == ""
