"""What positions and transitions can be asked for, and what the path adds to the filters of contacts."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.utils.functional import lazystr
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiParameter

from contacts.asking import MOST_DAYS
from contacts.company_filtering import OF_ALL_ITS_PEOPLE, OF_ITS_PEOPLE
from contacts.filtering import (
    CONTACT_FILTERS,
    EQUALITY,
    ORDER,
    Field,
    Filters,
    Operator,
    moment,
    number,
    read_whole,
    row,
)
from contacts.ordering import add_order
from funnel.company_people import stands_of_health, stands_of_stage
from funnel.models import CompanyBreadth, Health, Playbook, Standing
from funnel.names import DIMENSION_OF, HEALTH_OF, NONE, RULE_OF, STANDING_OF, Values, source_ids, stage_ids
from funnel.scores import rank_of
from funnel.topmost import quickly_by
from rest.schema import query_parameter


def named(name: str, path: str, values: Callable[[], Values], meaning: Any = "") -> Field:
    """One of some words that stand for what is kept under `path`."""

    def read(value: Any) -> tuple[int | None]:
        known = values()
        if not isinstance(value, str) or value not in known:
            raise ValueError(value)
        return (known[value],)

    return Field(name, read, _among(path), EQUALITY, meaning or lazystr(_Words(values)))


class _Words:
    """The words there are, told only when somebody is to read them: stages and sources are rows."""

    def __init__(self, values: Callable[[], Values]) -> None:
        self.values = values

    def __str__(self) -> str:
        return _("one of: %s") % ", ".join(self.values())


def _among(path: str) -> Callable[[Operator, Any], Q]:
    def rows(operator: Operator, value: Any) -> Q:
        values = [one for (one,) in (value if operator == Operator.IN else [value])]
        given = [one for one in values if one is not None]
        found = Q(**{f"{path}__in": given} if len(given) > 1 else {path: given[0]}) if given else Q(pk=None)
        if None in values:
            found |= Q(**{f"{path}__isnull": True})
        return ~found if operator == Operator.IS_NOT else found

    return rows


def score(path: str) -> Field:
    """Points as they have faded by now. Sorted and compared by a number that does not change as time passes."""

    def read(value: Any) -> int:
        if not (
            isinstance(value, int | str) and str(value).isascii() and str(value).isdigit() and len(str(value)) < 10
        ):
            raise ValueError(value)
        return int(value)

    def rows(operator: Operator, value: int) -> Q:
        inclusive = operator in (Operator.AT_LEAST, Operator.LESS_THAN)  # the value itself is on the upper side
        side = "gte" if operator in (Operator.AT_LEAST, Operator.MORE_THAN) else "lt"
        return Q(**{f"{path}__{side}": rank_of(value, or_a_thousandth_more=not inclusive)})

    return Field("score", read, rows, ORDER, gettext_lazy("a whole number of points"))


POSITION_FILTERS: Final = Filters(
    named("stage", "stage_id", stage_ids),
    named("health", "health", lambda: HEALTH_OF),
    named("standing", "standing", lambda: STANDING_OF),
    named("source", "source_id", source_ids),
    row("owner", "contact__owner_id", may_be_none=True),
    row("team", "contact__team_id", may_be_none=True),
    moment("entered_at", "entered_at"),
    moment("recall_at", "recall_at"),
    moment("last_event_at", "last_event_at"),
    score("score_rank"),
)


def _of_dimension(dimension: str) -> Values:
    return {"stage": {**stage_ids(), NONE: None}, "health": HEALTH_OF, "standing": STANDING_OF}[dimension]


def _value(name: str, path: str) -> Field:
    """A stage, a health or a standing, whichever has the name; `none` is no stage or no health."""

    def read(value: Any) -> Q:
        found = Q(pk__in=[])
        for dimension, number_ in DIMENSION_OF.items():
            known = _of_dimension(dimension)
            if value in known:
                found |= Q(dimension=number_, **{path: known[value]})
        if found == Q(pk__in=[]):
            raise ValueError(value)
        return found

    return Field(name, read, _joined, EQUALITY, lazystr(_Words(_all_values)))


def _all_values() -> Values:
    return {name: None for dimension in DIMENSION_OF for name in _of_dimension(dimension)}


def _joined(operator: Operator, value: Any) -> Q:
    found = Q(pk__in=[])
    for one in value if operator == Operator.IN else [value]:
        found |= one
    return ~found if operator == Operator.IS_NOT else found


def _rule(value: Any) -> Q:
    """The moves of a rule by its name, whatever its place in each version."""
    if value in RULE_OF:
        return Q(rule=RULE_OF[value])
    found = Q(pk__in=[])
    for version, rules in Playbook.objects.values_list("number", "document__rules"):
        for place in [place for place, rule in enumerate(rules) if rule["name"] == value]:
            found |= Q(version=version, rule=place)
    if found == Q(pk__in=[]):
        raise ValueError(value)
    return found


TRANSITION_FILTERS: Final = Filters(
    named("dimension", "dimension", lambda: DIMENSION_OF),
    _value("from", "from_value"),
    _value("to", "to_value"),
    Field("rule", _rule, _joined, EQUALITY, gettext_lazy("the name of a rule, start or erased")),
    number("version", "version"),
    named("source", "source_id", source_ids),
    moment("occurred_at", "occurred_at"),
    moment("recorded_at", "recorded_at"),
)


# What words there are for these stands in the database: the description of the API only says what kind they are.
_KINDS: Final = {
    "stage": gettext_lazy("the key of a stage"),
    "source": gettext_lazy("the key of a source"),
    "from": gettext_lazy("a stage, a health or a standing; none is no stage or no health"),
    "to": gettext_lazy("a stage, a health or a standing; none is no stage or no health"),
}


def filter_parameters(filters: Filters) -> list[OpenApiParameter]:
    """The filters of a list, as the API describes them."""
    return [
        query_parameter(parameter, _KINDS.get(name, field.meaning))
        for name, field in filters.fields.items()
        for parameter in field.parameters()
    ]


_NEVER: Final = datetime(1900, 1, 1, tzinfo=UTC)  # sorts before everything that is recorded


def _read_days(value: Any) -> int:
    days = read_whole(value)
    if not 0 < days <= MOST_DAYS:
        raise ValueError(value)
    return days


def _by_cooling(_operator: Operator, days: int) -> Q:
    """Customers who are active and, if nothing happens, are not in so many days."""
    until = datetime.now(UTC) + timedelta(days=days)
    return Q(position__health=Health.ACTIVE, position__standing=Standing.OPEN, position__wake_at__lte=until)


def _living(field: Field) -> Field:
    """Of those who are not closed: the others stand on no path."""
    is_living = Q(position__standing__in=[Standing.OPEN, Standing.NOT_NOW])
    return replace(field, rows=lambda operator, value: field.rows(operator, value) & is_living)


def somebody_stands(numbers: Sequence[int]) -> Q:
    """The companies where somebody does, as it is kept with them: of everybody, as it was some seconds ago."""
    return Q(pk__in=CompanyBreadth.objects.filter(stands__overlap=list(numbers)).values("company"))


def _kept(field: Field, numbers_of: Callable[[int | None], Sequence[int]]) -> Field:
    def rows(operator: Operator, value: Any) -> Q:
        asked = value if operator == Operator.IN else [value]
        found = somebody_stands([number for (one,) in asked for number in numbers_of(one)])
        return ~found if operator == Operator.IS_NOT else found

    return replace(field, rows=rows)


def register() -> None:
    """Let contacts be filtered and sorted by where they stand, and companies be filtered by where their people do."""
    stage = named("stage", "position__stage_id", stage_ids, gettext_lazy("the key of a stage"))
    health = named("health", "position__health", lambda: HEALTH_OF)
    OF_ITS_PEOPLE.add(_living(stage), _living(health))
    OF_ALL_ITS_PEOPLE.add(_kept(stage, stands_of_stage), _kept(health, stands_of_health))
    CONTACT_FILTERS.add(
        stage,
        health,
        named("standing", "position__standing", lambda: STANDING_OF),
        moment("stage_entered_at", "position__entered_at"),
        moment("last_event_at", "position__last_event_at"),
        score("position__score_rank"),
        Field("cools_within", _read_days, _by_cooling, (Operator.IS,), gettext_lazy("a number of days")),
    )
    for order, column, none in (
        ("score", "score_rank", 0.0),
        ("stage_entered_at", "entered_at", _NEVER),
        ("last_event_at", "last_event_at", _NEVER),
    ):
        add_order(order, Coalesce(F(f"position__{column}"), Value(none)), quickly_by(column))
