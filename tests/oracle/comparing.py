"""Holding two tellers of the same logs against each other, and cutting a disagreement down to its smallest log."""

from collections.abc import Callable, Iterable, Iterator
from pprint import pformat
from typing import Any

from tests.oracle.logs import Log
from tests.oracle.oracle import Answer, EndlessRulesError, Telling

Told = Answer | str
Teller = Callable[[Log], Any]
ENDLESS = "endless"


def oracle(log: Log, telling: type[Telling] = Telling) -> Told:
    try:
        return telling(log.versions).told(log.events, log.until)
    except EndlessRulesError:
        return ENDLESS


def disagreement(one: Teller, other: Teller, logs: Iterable[Log]) -> str:
    """The smallest log to be had from the first of `logs` on which the two differ, with both answers; empty if none."""
    for log in logs:
        if one(log) != other(log):
            log = smallest(log, lambda smaller: one(smaller) != other(smaller))
            return f"\n{pformat(log, width=150)}\none:\n{pformat(one(log))}\nother:\n{pformat(other(log))}"
    return ""


def smallest(log: Log, differs: Callable[[Log], bool]) -> Log:
    while smaller := next(filter(differs, smaller_logs(log)), None):
        log = smaller
    return log


def smaller_logs(log: Log) -> Iterator[Log]:
    for events in one_less(log.events):
        yield log._replace(events=events)
    for later_versions in one_less(log.versions[1:]):
        yield log._replace(versions=[log.versions[0], *later_versions])
    for place, version in enumerate(log.versions):
        for document in smaller_documents(version["document"]):
            versions = [*log.versions]
            versions[place] = version | {"document": document}
            yield log._replace(versions=versions)


def smaller_documents(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for rules in one_less(document["rules"]):
        yield document | {"rules": rules}
    for place, rule in enumerate(document["rules"]):
        for conditions in one_less(rule.get("when", [])):
            rules = [*document["rules"]]
            rules[place] = rule | {"when": conditions}
            yield document | {"rules": rules}


def one_less(things: list[Any]) -> Iterator[list[Any]]:
    for place in range(len(things)):
        yield things[:place] + things[place + 1 :]
