"""What waits for a person in the rooms of the intake: how much, and the claims and reasons that their pages tell."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from contacts.models import Claim, Contact, EventType
from contacts.prepared import Prepared
from crm.desk.intake.live import Kind, Who
from staff.policy import Principal, sees_every_row

MOST_COUNTED: Final = 1000


def _counted(rows: str) -> str:
    return f"(SELECT count(*) FROM (SELECT FROM {rows} LIMIT {MOST_COUNTED}) one)"  # noqa: S608  (words of ours)


_WAITING: Final = Prepared(
    "intake_waiting",
    f"""SELECT {_counted("contacts_claim WHERE confirmed_at IS NULL AND refused_at IS NULL")},
               {_counted("contacts_quarantine WHERE replayed_at IS NULL")},
               {_counted("contacts_eventtype WHERE NOT is_named AND first_source_id IS NOT NULL")}""",
)


def waiting(principal: Principal) -> dict[str, int]:
    """What waits in each room, up to a thousand; of claims those of the people that whoever asks sees."""
    [(claims, kept, types)] = _WAITING.rows()
    if claims and not sees_every_row(principal):
        claims = claims_seen(principal).values("pk")[:MOST_COUNTED].count()
    return {"desk:claims": claims, "desk:quarantine": kept, "desk:types": types}


def claims_seen(principal: Principal) -> Any:
    if sees_every_row(principal):
        return Claim.objects.open()
    people = Contact.objects.visible_to(principal)
    return Claim.objects.open().filter(contact__leader__in=people)


def unknown_types() -> Any:
    return EventType.objects.filter(is_named=False, first_source__isnull=False)


class Said(NamedTuple):
    """A claim, and about whom."""

    id: int
    at: datetime
    source: str
    kind: Kind
    who: Who
    body: dict[str, Any]


_CLAIMS: Final = Prepared(
    "intake_claims",
    """
SELECT claim.id, received_at, source.name, type.key, type.label_en, type.label_fi, leader.id,
       coalesce(nullif(leader.name, ''), leader.emails[1], '#' || leader.id), body::text
  FROM contacts_claim claim
  JOIN contacts_source source ON source.id = source_id
  JOIN contacts_eventtype type ON type.id = type_id
  JOIN contacts_contact contact ON contact.id = contact_id
  JOIN contacts_contact leader ON leader.id = contact.leader_id
 WHERE claim.id = ANY(%(ids)s)
""",
    ids="bigint[]",
)


def claims_said(ids: Sequence[int]) -> list[Said]:
    """These claims, in this order."""
    found = {row[0]: _said(row) for row in _CLAIMS.rows(ids=list(ids))}
    return [found[one] for one in ids if one in found]


def _said(row: Sequence[Any]) -> Said:
    number, at, source, key, label_en, label_fi, who, name, body = row
    return Said(number, at, source, Kind(key, label_en, label_fi), Who(who, name), msgspec.json.decode(body))


class Reason(NamedTuple):
    """So many messages (a thousand at most) wait for one reason; the newest came at `newest`."""

    reason: str
    n: int
    newest: datetime


# From reason to reason along the index, which counts a thousand of each: grouping would read all that waits.
_REASONS: Final = Prepared(
    "intake_reasons",
    f"""
WITH RECURSIVE known AS (
    SELECT min(reason) AS reason FROM contacts_quarantine WHERE replayed_at IS NULL
    UNION ALL
    SELECT (SELECT min(further.reason) FROM contacts_quarantine further
             WHERE further.replayed_at IS NULL AND further.reason > known.reason)
      FROM known WHERE known.reason IS NOT NULL
)
SELECT reason,
       (SELECT count(*) FROM (SELECT FROM contacts_quarantine kept
                               WHERE kept.replayed_at IS NULL AND kept.reason = known.reason
                               LIMIT {MOST_COUNTED}) counted) AS n,
       (SELECT received_at FROM contacts_quarantine kept
         WHERE kept.replayed_at IS NULL AND kept.reason = known.reason ORDER BY id DESC LIMIT 1)
  FROM known WHERE reason IS NOT NULL
 ORDER BY n DESC, reason
""",  # noqa: S608  (a number of ours)
)


def reasons() -> list[Reason]:
    """Why messages wait, the most frequent first."""
    return [Reason(*row) for row in _REASONS.rows()]
