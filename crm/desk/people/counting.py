"""How many are asked for, and where they stand: exact where that is cheap, and honest where it is not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import OperationalError, connection, transaction
from django.db.models import Count
from psycopg2.errors import QueryCanceled

from contacts.models import Contact, ContactQuerySet
from crm.desk.people.vocabulary import Stage, Words

EXACT_WITHIN_MS: Final = 400
BOUND: Final = 10_000


@dataclass(frozen=True, slots=True)
class Share:
    stage: Stage
    n: int
    width: int  # of 80, beside the largest


@dataclass(frozen=True, slots=True)
class Counted:
    """`total` people, or more than that; where they stand, of those that were counted."""

    total: int
    is_more: bool
    shares: list[Share]


def count_people(people: ContactQuerySet, words: Words) -> Counted:
    """Count them all if that takes a moment; otherwise only see whether they are more than the bound."""
    try:
        return _counted(_split(people), words, is_more=False)
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
    some = people.order_by().values("pk")[: BOUND + 1]
    split = _split(Contact.objects.filter(pk__in=some), within_ms=10 * EXACT_WITHIN_MS)
    is_more = sum(split.values()) > BOUND
    return _counted(split, words, is_more=is_more)


VIEW_BOUND: Final = 1_000
VIEWS_WITHIN_MS: Final = 800


def count_views(views: Sequence[ContactQuerySet]) -> list[int]:
    """How many each finds, to VIEW_BOUND + 1, in one statement; nothing at all where that takes too long."""
    parts: list[str] = []
    values: list[Any] = []
    for people in views:
        sql, its = people.order_by().values("pk")[: VIEW_BOUND + 1].query.sql_with_params()
        parts.append(f"(SELECT count(*) FROM ({sql}) one)")  # noqa: S608  (of ours)
        values += its
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(VIEWS_WITHIN_MS)])
            cursor.execute("SELECT " + ", ".join(parts), values)
            return list(cursor.fetchone())
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
    return []


def _split(people: ContactQuerySet, within_ms: int = EXACT_WITHIN_MS) -> dict[int | None, int]:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(within_ms)])
        return dict(people.order_by().values_list("position__stage_id").annotate(n=Count("pk")))


def _counted(split: dict[int | None, int], words: Words, *, is_more: bool) -> Counted:
    total = sum(split.values())
    largest = max([n for stage, n in split.items() if stage in words.stages], default=1)
    shares = [
        Share(stage, n, max(2, round(80 * n / largest))) for stage in words.all.stages if (n := split.get(stage.id, 0))
    ]
    return Counted(BOUND if is_more else total, is_more, shares)
