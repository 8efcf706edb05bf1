"""The comparison can fail: an oracle with one rule bent is told apart from the true one within the 10,000 logs."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.oracle.comparing import oracle
from tests.oracle.logs import Log, default_log, random_log
from tests.oracle.oracle import DAY, Choice, Condition, Event, Telling, day


class TiesByArrival(Telling):
    def order(self, event: Event) -> tuple[Any, ...]:
        return (event["at"],)


class TiesByKeyAlone(Telling):
    def order(self, event: Event) -> tuple[Any, ...]:
        return event["at"], event["key"]


class OrderOfArrival(Telling):
    def order(self, event: Event) -> tuple[Any, ...]:
        return ()


class TimersSkipped(Telling):
    def look_at(self, moment: int) -> None:
        pass


class TimersOnlyWithEvents(Telling):
    def look_between(self, after: int, before: int) -> None:
        pass


class TimersBeforeTheEventsOfTheirMoment(Telling):
    def look_between(self, after: int, before: int) -> None:
        super().look_between(after, before + 1)


class OneRoundOfTimers(Telling):
    def look_at(self, moment: int) -> None:
        for choice in self.chosen(None, moment):
            self.move(choice, moment)


class SilenceLessThan(Telling):
    """`<` for `<=`: the timer fires a microsecond late."""

    def silence_from(self, condition: Condition) -> int | None:
        due = super().silence_from(condition)
        return None if due is None else due + 1


class RefundsIgnored(Telling):
    def kept_orders(self) -> list[Event]:
        return [event for event in self.seen if event["type"] == "order_completed"]


class EveryRefundInFull(Telling):
    def is_refunded_in_full(self, order: Event, refund: Event, returned: dict[bytes, int]) -> bool:
        return True


class CurrenciesIgnored(Telling):
    def is_refunded_in_full(self, order: Event, refund: Event, returned: dict[bytes, int]) -> bool:
        return super().is_refunded_in_full(order, refund | {"currency": order["currency"]}, returned)


class VisitsNotCounted(Telling):
    def visits(self, dimension: str, target: str | None) -> int:
        return 0


class EachDimensionSeesTheMovesBefore(Telling):
    def happen(self, event: Event) -> None:
        super().happen(event)
        for choice in self.chosen(event, event["at"]):
            self.move(choice, event["at"])


class RuleThatChangesNothingLetsTheNextTry(Telling):
    def matches(self, rule: Any, dimension: str, target: Any, event: Event | None, moment: int) -> bool:
        return self.now(dimension) != target and super().matches(rule, dimension, target, event, moment)


class PublicSourcesTrusted(Telling):
    def may_enter(self, stage: Any, event: Event | None, moment: int) -> bool:
        return super().may_enter(stage, None if event is None else event | {"public": False}, moment)


class WindowADayShort(Telling):
    def counted(self, condition: Condition, moment: int) -> list[Event]:
        first = day(moment) - condition.get("within_days", 10**6)
        return [event for event in super().counted(condition, moment) if day(event["at"]) > first]


class WindowInExactHours(Telling):
    def counted(self, condition: Condition, moment: int) -> list[Event]:
        first = moment - condition.get("within_days", 10**6) * DAY
        return [event for event in super().counted(condition, moment) if event["at"] >= first]


class EventNotCountedForItself(Telling):
    def counted(self, condition: Condition, moment: int) -> list[Event]:
        return [event for event in super().counted(condition, moment) if event["at"] < moment]


class FirstVersionForEver(Telling):
    def version(self, moment: int) -> dict[str, Any]:
        return self.versions[0]


class VersionAMicrosecondLate(Telling):
    def version(self, moment: int) -> dict[str, Any]:
        return super().version(moment - 1)


class ScoreNeverFades(Telling):
    def score(self, moment: int) -> int:
        return super().score(self.seen[-1]["at"]) if self.seen else 0


class NoCauseForTimers(Telling):
    def move(self, choice: Choice, at: int) -> None:
        super().move(choice._replace(cause=None) if choice.rule.get("on") == "time" else choice, at)


VARIANTS = Telling.__subclasses__()


def logs() -> Iterator[Log]:
    for seed in range(5000):
        yield default_log(seed)
        yield random_log(seed)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_bent_rule_is_noticed(variant: type[Telling]) -> None:
    assert any(oracle(log) != oracle(log, variant) for log in logs())
