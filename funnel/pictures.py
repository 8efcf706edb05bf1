"""A picture of the path: as it was at one moment, as it was known on another; and whose contacts are in it."""

import json
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Final, Self

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact
from contacts.prepared import Prepared
from funnel.models import Stage
from funnel.settled import settled_moment
from staff.policy import Principal, sees_every_row, sight_of

EVERYBODY: Final = Q()


@dataclass(frozen=True, slots=True)
class Picture:
    """The moves up to `as_of` as known on `known_on`: whatever is recorded later, its figures stay as they are.

    A live picture is all that is known now, also what younger than the settled moment could still get company.
    """

    as_of: datetime
    known_on: datetime
    settled_at: datetime
    live: bool = False
    knows_now: bool = False  # all that is known now: day by day the roll-ups tell it as well

    @classmethod
    def now(cls) -> Self:
        """A live picture for whom the settled moment is of no matter."""
        now = timezone.now()
        return cls(now, now, now, live=True, knows_now=True)

    @classmethod
    def at_end_of(cls, day: date) -> Self:
        """Of a day that is over, by all that is known now: for whom it is of no matter if that grows."""
        return replace(cls.taken(as_of=end_of_day(day)), knows_now=True)

    @classmethod
    def taken(cls, *, as_of: datetime | None = None, known_on: datetime | None = None) -> Self:
        """Without `as_of` it is of the moment it is known on; without `known_on` all that is settled is known."""
        settled_at = settled_moment()
        if as_of is None and known_on is None:
            now = timezone.now()
            return cls(now, now, settled_at, live=True, knows_now=True)
        known_on = known_on or settled_at
        as_of = as_of or known_on
        if not as_of <= known_on <= settled_at:
            raise ValidationError(
                _("as_of (%(as_of)s) must not be after known_on (%(known_on)s), and that not after %(settled_at)s."),
                code="not_settled",
                params={"as_of": stamp(as_of), "known_on": stamp(known_on), "settled_at": stamp(settled_at)},
            )
        return cls(as_of, known_on, settled_at)


@dataclass(frozen=True, slots=True)
class Path:
    """The order of the stages and the version of the playbook that held in a picture."""

    stages: tuple[Stage, ...]
    version: int
    being_applied: tuple[int, ...]  # versions that not everybody had been folded with

    @property
    def order(self) -> list[int]:
        return [stage.pk for stage in self.stages]

    def stage(self, key: str) -> Stage:
        return next(stage for stage in self.stages if stage.key == key)


# Every version and every stage, also those that are not on the path any more.
VERSIONS: Final = """(SELECT json_agg(one) FROM (SELECT number, since, published_at, applied_at,
    document -> 'stages' AS stages FROM funnel_playbook) one)"""
STAGES: Final = """(SELECT json_agg(one) FROM (SELECT id, key, phase, "order", label_en, label_fi
    FROM funnel_stage) one)"""
_VERSIONS_AND_STAGES: Final = Prepared("versions_and_stages", f"SELECT {VERSIONS}::text, {STAGES}::text")


def path_in(picture: Picture) -> Path:
    """The path that held in a picture."""
    [(versions, stages)] = _VERSIONS_AND_STAGES.rows()
    return path_told(picture, versions, stages)


def path_told(picture: Picture, versions: str, stages: str) -> Path:
    """The same of VERSIONS and STAGES that were asked for beside something else, as text."""
    return path_of(picture, *_told(versions, stages))


@lru_cache(maxsize=20)
def _told(versions: str, stages: str) -> tuple[Sequence[Mapping[str, Any]], Sequence[Stage]]:
    """They seldom change: what was read once need not be read again."""
    return [version_of(one) for one in json.loads(versions)], [Stage(**one) for one in json.loads(stages)]


def version_of(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A row of VERSIONS, as path_of reads it."""
    moments = {
        name: row[name] and datetime.fromisoformat(row[name]) for name in ("since", "published_at", "applied_at")
    }
    return {**row, **moments}


def path_of(picture: Picture, versions: Iterable[Mapping[str, Any]], stages: Iterable[Stage]) -> Path:
    """Stages may be put in another order: figures keep to the one of the version in force at the picture's moment.

    The first version has always been known.
    """
    newest_first = sorted(versions, key=lambda one: -one["number"])
    known = [one for one in newest_first if one["number"] == 1 or one["published_at"] <= picture.known_on]
    in_force = next(one for one in known if one["since"] is None or one["since"] <= picture.as_of)
    being_applied = [
        one["number"]
        for one in known
        if one["published_at"] <= picture.known_on
        and (one["applied_at"] is None or one["applied_at"] > picture.known_on)
    ]
    by_key = {stage.key: stage for stage in stages}
    return Path(
        tuple(by_key[stage["key"]] for stage in in_force["stages"]),
        in_force["number"],
        tuple(sorted(being_applied)),
    )


def end_of_day(day: date) -> datetime:
    """The last microsecond of a day of the organisation."""
    return start_of_day(day + timedelta(days=1)) - timedelta(microseconds=1)


def start_of_day(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min), timezone.get_default_timezone()).astimezone(UTC)


def stamp(moment: datetime) -> str:
    """As the API writes moments."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def sees_everyone(principal: Principal) -> bool:
    return sees_every_row(principal)


def rows_of(picture: Picture) -> Q:
    """The transitions of a picture, as a condition on them."""
    if picture.live:
        return Q(superseded_at=None)
    still_known = Q(superseded_at=None) | Q(superseded_at__gt=picture.known_on)
    return still_known & Q(recorded_at__lte=picture.known_on, occurred_at__lte=picture.as_of)


# A question to the whole log holds some numbers of each contact in memory, and takes seconds where there are millions.
# Sent together with it: that is one transaction, at whose end both are as before.
_ROOM = "SET LOCAL work_mem = '64MB'; SET LOCAL statement_timeout = '20s'"
_LIVE = """
    SELECT * FROM funnel_transition WHERE superseded_at IS NULL {scope}
"""
# Two halves, so that each is served by indexes of its own: what is live still, and what was replaced since.
_EARLIER = """
    SELECT * FROM funnel_transition
     WHERE superseded_at IS NULL AND recorded_at <= %(known_on)s AND occurred_at <= %(as_of)s {scope}
     UNION ALL
    SELECT * FROM funnel_transition
     WHERE superseded_at > %(known_on)s AND recorded_at <= %(known_on)s AND occurred_at <= %(as_of)s {scope}
"""


def ask(
    picture: Picture, principal: Principal, question: str, *, among: Q = EVERYBODY, **parameters: Any
) -> Sequence[tuple[Any, ...]]:
    """The rows of a question to `moves`: the transitions of the picture, of those contacts that `principal` sees.

    Whom it found there it may look up in `everybodys`, which costs no second look at whose they are.
    """
    scope, own = scope_of(principal, among)
    rows = _LIVE if picture.live else _EARLIER
    moves, everybodys = rows.format(scope=scope), rows.format(scope="")
    moments = {"as_of": picture.as_of, "known_on": picture.known_on}
    named = f"everybodys AS NOT MATERIALIZED ({everybodys}), moves AS NOT MATERIALIZED ({moves})"
    return ask_at_length(f"WITH {named} {question}", parameters | moments | own)


def ask_at_length(question: str, values: Mapping[str, Any]) -> Sequence[tuple[Any, ...]]:
    """The rows of a question that may look through everybody."""
    with connection.cursor() as cursor:
        cursor.execute(f"{_ROOM}; {question}", values)
        found: Sequence[tuple[Any, ...]] = cursor.fetchall()
    return found


def scope_of(principal: Principal, among: Q = EVERYBODY, *, few: bool = False) -> tuple[str, dict[str, Any]]:
    """As a condition in SQL on `contact_id`, and its parameters; nothing where everybody is meant.

    `few` people are looked up first, and then what is asked of them.
    """
    if sees_everyone(principal) and not among:
        return "", {}
    sql, values = statement_of(
        "people", lambda: Contact.objects.visible_to(principal).filter(among).values("pk"), sight_of(principal), among
    )
    names = {f"scope_{place}": value for place, value in enumerate(values)}
    sql %= tuple(f"%({name})s" for name in names)
    return f"AND contact_id = ANY(ARRAY({sql}))" if few else f"AND contact_id IN ({sql})", names


MOST_STATEMENTS: Final = 1000
_statements: dict[tuple[Hashable, ...], tuple[str, Sequence[Any]]] = {}


def statement_of(
    name: str, rows: Callable[[], "QuerySet[Any, Any]"], sight: Hashable, among: Q
) -> tuple[str, Sequence[Any]]:
    """How these rows are asked for by whoever has this sight, and with what: to find the words takes longer than the
    answer."""
    key = (name, sight, among)
    known = _statements.get(key)
    if known is None:
        if len(_statements) >= MOST_STATEMENTS:
            _statements.clear()
        known = _statements[key] = rows().query.sql_with_params()
    return known


_TYPES: Final = {int: "bigint", str: "text", bool: "boolean"}


def types_of(values: Mapping[str, Any]) -> dict[str, str]:
    """Of the values of a scope, as a prepared statement wants to know them."""
    return {name: _TYPES[type(value)] for name, value in values.items()}
