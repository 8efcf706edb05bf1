"""What came in last and what became of it: recorded, sent again, claimed, in quarantine.."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from contacts.connecting import OURS
from contacts.models import Contact, Source
from contacts.prepared import Prepared
from contacts.repeats import repeats_of
from staff.policy import Principal, sees_every_row

SHOWN: Final = 25
LOOKED_THROUGH: Final = 20_000  # events; a source that wrote longer ago than these has nothing in the list
LATELY: Final = 5_000  # events among which each source's last one is sought
CONFLICT: Final = "duplicate-conflict"
WORDS: Final = {
    "recorded": _("recorded"),
    "again": _("sent again"),
    "claim": _("claim"),
    "conflict": _("conflict"),
    "quarantine": _("in quarantine"),
}


class Kind(NamedTuple):
    """A type of events as it is stored."""

    key: str
    label_en: str
    label_fi: str


class Who(NamedTuple):
    id: int
    name: str


class Arrival(NamedTuple):
    """Something that came in: an event of a kind, or what could not be used and why not.

    `who` only where whoever looks may see them; `row` of a claim or of the quarantine.
    """

    at: datetime
    result: str
    source: str
    kind: Kind | None = None
    who: Who | None = None
    reason: str = ""
    pointer: str = ""
    row: int = 0

    @property
    def word(self) -> Promise:
        return WORDS[self.result]


# Each of the four is found by its own index; only the newest of all are told who and what they are.
_CAME: Final = Prepared(
    "intake_arrivals",
    f"""
WITH came AS (
    (SELECT 'recorded' AS result, recorded_at AS at, source_id, contact_id, type_id, '' AS reason, '' AS pointer,
            0::bigint AS row
       FROM contacts_event
      WHERE id > (SELECT max(id) FROM contacts_event) - {LOOKED_THROUGH} AND source_id = ANY(%(sources)s)
      ORDER BY id DESC LIMIT {SHOWN})
    UNION ALL
     SELECT 'again', said.at, source_id, contact_id, type_id, '', '', 0
       FROM unnest(%(again)s::bigint[], %(moments)s::timestamptz[]) AS said (id, at) JOIN contacts_event USING (id)
      WHERE source_id = ANY(%(sources)s)
    UNION ALL
    (SELECT 'claim', received_at, source_id, contact_id, type_id, '', '', id
       FROM contacts_claim
      WHERE confirmed_at IS NULL AND refused_at IS NULL AND source_id = ANY(%(sources)s)
      ORDER BY id DESC LIMIT {SHOWN})
    UNION ALL
    (SELECT CASE reason WHEN '{CONFLICT}' THEN 'conflict' ELSE 'quarantine' END, received_at, source_id, NULL, NULL,
            reason, pointer, id
       FROM contacts_quarantine
      WHERE replayed_at IS NULL AND event_id IS NULL AND source_id = ANY(%(sources)s)
      ORDER BY id DESC LIMIT {SHOWN})
), newest AS (
    SELECT * FROM came WHERE %(result)s IN ('', result) ORDER BY at DESC LIMIT {SHOWN})
SELECT newest.at, result, source.name, type.key, type.label_en, type.label_fi, leader.id,
       coalesce(nullif(leader.name, ''), leader.emails[1], '#' || leader.id), reason, pointer, row
  FROM newest JOIN contacts_source source ON source.id = source_id
  LEFT JOIN contacts_eventtype type ON type.id = type_id
  LEFT JOIN contacts_contact contact ON contact.id = contact_id
  LEFT JOIN contacts_contact leader ON leader.id = contact.leader_id AND leader.erased_at IS NULL
 ORDER BY newest.at DESC
""",  # noqa: S608  (words and numbers of ours)
    sources="smallint[]",
    again="bigint[]",
    moments="timestamptz[]",
    result="text",
)


def arrivals(principal: Principal, source_ids: Sequence[int], result: str = "") -> list[Arrival]:
    """The newest of these sources first, in one statement; two for those who do not see everybody.

    With a `result` only those it became of; all alike are as far back as one source alone is looked through.
    """
    repeats = repeats_of(source_ids)[:SHOWN]
    rows = _CAME.rows(
        sources=list(source_ids),
        again=[one.event_id for one in repeats],
        moments=[one.at for one in repeats],
        result=result,
    )
    seen = None if sees_every_row(principal) else _seen(principal, {row[6] for row in rows if row[6]})
    return [_arrival(row, seen) for row in rows]


def _seen(principal: Principal, ids: set[int]) -> set[int]:
    return set(Contact.objects.visible_to(principal).filter(pk__in=ids).values_list("pk", flat=True))


def _arrival(row: Sequence[Any], seen: set[int] | None) -> Arrival:
    at, result, source, key, label_en, label_fi, who, name, reason, pointer, number = row
    kind = Kind(key, label_en, label_fi) if key else None
    is_seen = who is not None and (seen is None or who in seen)
    return Arrival(at, result, source, kind, Who(who, name) if is_seen else None, reason, pointer, number)


# --- Who speaks from outside ------------------------------------------------------------------------------------------


class Program(NamedTuple):
    """A source that speaks from outside: its keys, the day one was used last, and when it wrote last of late."""

    id: int
    key: str
    name: str
    trust: str
    keys: int
    used_on: date | None
    wrote_at: datetime | None


_PROGRAMS: Final = Prepared(
    "intake_programs",
    f"""
SELECT source.id, source.key, source.name, source.trust, coalesce(theirs.n, 0), theirs.used_on, wrote.at
  FROM contacts_source source
  LEFT JOIN (SELECT source AS key, count(*) AS n, max(last_used_on) AS used_on
               FROM staff_apikey WHERE revoked_at IS NULL GROUP BY 1) theirs USING (key)
  LEFT JOIN (SELECT source_id, max(recorded_at) AS at
               FROM (SELECT source_id, recorded_at FROM contacts_event ORDER BY id DESC LIMIT {LATELY}) newest
              GROUP BY 1) wrote ON wrote.source_id = source.id
 WHERE NOT source.kind = ANY(%(ours)s)
 ORDER BY source.name, source.id
""",  # noqa: S608  (a number of ours)
    ours="text[]",
)


def programs() -> list[Program]:
    """The sources that are neither our staff nor files, in one statement."""
    return [Program(*row) for row in _PROGRAMS.rows(ours=list(OURS))]


def ids_of_programs() -> list[int]:
    return list(Source.objects.exclude(kind__in=OURS).values_list("pk", flat=True))
