"""Taking an import back: its events are retracted chunk by chunk, the last first, and who was only there by it leaves
the lists. Whom somebody changed since is left alone, unless asked.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import OperationalError, connection, transaction
from django.db.models import DateTimeField, F, Func
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from psycopg2.errors import QueryCanceled

from ..locking import lock_people
from ..models import Contact, Event, Identity, Import, ImportChunk, ImportState, PendingReason
from ..nudge import nudge_on_commit
from ..projecting import project_people
from ..recording import mark
from .telling import tell_end

ENDED: Final = (ImportState.DONE, ImportState.CANCELLED, ImportState.FAILED)
MOST_SHOWN: Final = 50
LOOKED_WITHIN_MS: Final = 3_000


@dataclass(frozen=True, slots=True)
class Change:
    """Somebody of an import, and the last thing that a colleague told of them since."""

    person: Contact
    event: Event


@dataclass(frozen=True, slots=True)
class ChangedSince:
    """The people of an import whom somebody changed after it: the first of them, and whether there are more."""

    changes: list[Change]
    has_more: bool
    is_told: bool = True  # not where so much came in since that nobody waits for it

    @property
    def people(self) -> list[Contact]:
        return [change.person for change in self.changes]


def changed_since(run: Import) -> ChangedSince:
    said = _said(run) | {"limit": MOST_SHOWN + 1}
    ids = _changed(said)
    if ids is None:
        return ChangedSince([], has_more=True, is_told=False)
    with connection.cursor() as cursor:
        cursor.execute(_LAST, said | {"leaders": ids[:MOST_SHOWN]})
        last = dict(cursor.fetchall())
    events = Event.objects.select_related("type", "by").in_bulk(last.values())
    people = Contact.objects.filter(pk__in=last).order_by("sort_key", "pk")
    return ChangedSince([Change(person, events[last[person.pk]]) for person in people], len(ids) > MOST_SHOWN)


def _changed(said: Mapping[str, Any]) -> list[int] | None:
    """The first of them; None where that takes longer than somebody waits."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(LOOKED_WITHIN_MS)])
            cursor.execute(_CHANGED, said)
            return [leader for (leader,) in cursor.fetchall()]
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        return None


# The events of the run are those of its source that were recorded while it ran. What came since is looked at first:
# mostly that is little, and then so is the rest.
_CHANGED: Final = """
WITH since AS MATERIALIZED (
    SELECT e.contact_id, max(e.recorded_at) AS last
      FROM contacts_event e
     WHERE e.recorded_at > %(began)s AND e.retracted_at IS NULL
       AND (e.by_id IS NOT NULL OR e.source_id IN (SELECT id FROM contacts_source WHERE kind = 'staff'))
       AND NOT (e.source_id = %(source)s AND e.recorded_at <= %(ended)s)
     GROUP BY 1
), people AS MATERIALIZED (
    SELECT c.leader_id, max(since.last) AS last
      FROM since JOIN contacts_contact c ON c.id = since.contact_id
     GROUP BY 1
), members AS (
    SELECT leader_id AS member, leader_id, last FROM people
     UNION ALL
    SELECT m.id, m.leader_id, last
      FROM people JOIN contacts_contact m ON m.leader_id = people.leader_id AND m.leader_id <> m.id
)
SELECT DISTINCT members.leader_id
  FROM members
  JOIN contacts_event own ON own.contact_id = members.member
   AND own.source_id = %(source)s AND own.recorded_at BETWEEN %(began)s AND %(ended)s
   AND own.recorded_at < members.last AND own.retracted_at IS NULL
 LIMIT %(limit)s
"""


_LAST: Final = """
SELECT DISTINCT ON (c.leader_id) c.leader_id, e.id
  FROM contacts_contact c
  JOIN contacts_event e ON e.contact_id = c.id
  JOIN contacts_source s ON s.id = e.source_id
 WHERE c.leader_id = ANY(%(leaders)s)
   AND e.recorded_at > %(began)s AND e.retracted_at IS NULL AND (e.by_id IS NOT NULL OR s.kind = 'staff')
   AND NOT (e.source_id = %(source)s AND e.recorded_at <= %(ended)s)
 ORDER BY c.leader_id, e.recorded_at DESC
"""


def _said(run: Import) -> dict[str, Any]:
    return {"source": run.source_id, "began": run.started_at, "ended": run.finished_at or "infinity"}


def begin_undoing(*, run: Import, also_changed: bool) -> None:
    """Have the workers take it back; refused where there is nothing to take back (any more)."""
    with transaction.atomic():
        now = Import.objects.select_for_update(no_key=True).get(pk=run.pk)
        again = now.state == ImportState.UNDONE and now.left_alone and also_changed
        if now.state not in ENDED and not again:
            words = _("Stop it first.") if now.is_working else _("There is nothing to undo.")
            raise ValidationError(words, code="not_undoable")
        if again:
            now.chunks.exclude(left=[]).update(undone_at=None)
        fresh = {"undo_all": also_changed, "permille": 0, "taken_until": None, "failure": "", "resumed_at": Now()}
        Import.objects.filter(pk=run.pk).update(state=ImportState.UNDOING, **fresh)


def undo_step(run: Import) -> bool:
    """Take one chunk back; false when none is left. One transaction: whoever is killed in it has done nothing."""
    with transaction.atomic():
        now = Import.objects.select_for_update(no_key=True).get(pk=run.pk)
        chunk = now.chunks.filter(undone_at=None).order_by("-pk").first()
        if now.state != ImportState.UNDOING or chunk is None:
            if Import.objects.filter(pk=run.pk, state=ImportState.UNDOING).update(
                state=ImportState.UNDONE, permille=1000, taken_until=None
            ):
                tell_end(run)
            return False
        left, count = _take_back(now, chunk)
        ImportChunk.objects.filter(pk=chunk.pk).update(undone_at=Now(), left=sorted(left))
        Import.objects.filter(pk=run.pk).update(
            undone=F("undone") + count, left_alone=_left_alone(run), permille=_permille(run)
        )
        nudge_on_commit()
    return True


def _left_alone(run: Import) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT count(DISTINCT one) FROM contacts_importchunk, unnest("left") AS one WHERE run_id = %s', [run.pk]
        )
        return int(cursor.fetchone()[0])


def _permille(run: Import) -> int:
    every = run.chunks.count()
    return 1000 * run.chunks.exclude(undone_at=None).count() // every if every else 1000


def _take_back(run: Import, chunk: ImportChunk) -> tuple[set[int], int]:
    """Retract what the chunk told of people; who was left alone, and from how many all of it is gone now."""
    events = dict(Event.objects.filter(pk__in=chunk.events).values_list("pk", "contact_id"))
    identities = dict(Identity.objects.live().filter(pk__in=chunk.identities).values_list("pk", "contact_id"))
    people = lock_people({*events.values(), *identities.values()})
    leader_of = {member: leader for leader, members in people.items() for member in members}
    erased = set(Contact.objects.filter(pk__in=people, erased_at__isnull=False).values_list("pk", flat=True))
    facts = _facts_of(leader_of, run, chunk)
    left = set() if run.undo_all else {leader for leader, its in facts.items() if its.is_changed}
    going = {leader: members for leader, members in people.items() if leader not in left and leader not in erased}
    ids = [event for event, contact in events.items() if leader_of.get(contact) in going]
    stamp = Func(function="clock_timestamp", output_field=DateTimeField())
    Event.objects.standing().filter(pk__in=ids).update(retracted_at=stamp)
    _unlink(run, identities, going, leader_of, facts)
    project_people(going, afresh=True)
    mark([member for members in going.values() for member in members], PendingReason.RETRACTION)
    return left, sum(not facts[leader].more_of_run for leader in going if leader in facts) + len(
        going.keys() - facts.keys()
    )


@dataclass(slots=True)
class Facts:
    """What stands of a person beside what the chunk told."""

    is_changed: bool = False  # by somebody, since
    told_since: bool = False  # by whomever
    told_by_others: bool = False  # ever
    more_of_run: bool = False  # other chunks of the same import


def _facts_of(leader_of: Mapping[int, int], run: Import, chunk: ImportChunk) -> dict[int, Facts]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(recorded_at) FROM contacts_event WHERE id = ANY(%s)", [chunk.events])
        [told_at] = cursor.fetchone()
        own = _said(run) | {"members": list(leader_of), "told": told_at or run.started_at, "events": chunk.events}
        cursor.execute(_FACTS, own)
        rows = cursor.fetchall()
    facts: dict[int, Facts] = {}
    for contact, is_own, is_staff, recorded_at in rows:
        its = facts.setdefault(leader_of[contact], Facts())
        its.more_of_run = its.more_of_run or is_own
        if not is_own:
            _note(its, is_staff, recorded_at > own["told"])
    return facts


def _note(its: Facts, is_staff: bool, is_since: bool) -> None:
    its.told_by_others = True
    its.told_since = its.told_since or is_since
    its.is_changed = its.is_changed or (is_staff and is_since)


_FACTS: Final = """
SELECT e.contact_id, e.source_id = %(source)s AND e.recorded_at BETWEEN %(began)s AND %(ended)s,
       e.by_id IS NOT NULL OR s.kind = 'staff', max(e.recorded_at)
  FROM contacts_event e JOIN contacts_source s ON s.id = e.source_id
 WHERE e.contact_id = ANY(%(members)s) AND e.retracted_at IS NULL
   AND e.id <> ALL(SELECT unnest(%(events)s::bigint[]))
 GROUP BY 1, 2, 3
UNION ALL
SELECT m.older_id, false, m.by_id IS NOT NULL, m.recorded_at
  FROM contacts_merge m
 WHERE (m.older_id = ANY(%(members)s) OR m.newer_id = ANY(%(members)s)) AND m.cut_at IS NULL
"""


def _unlink(
    run: Import,
    identities: Mapping[int, int],
    going: Collection[int],
    leader_of: Mapping[int, int],
    facts: Mapping[int, Facts],
) -> None:
    """By what the import knew people: gone where nobody has told of them since."""
    nothing = Facts()
    here = [
        pk
        for pk, contact in identities.items()
        if (leader := leader_of.get(contact)) in going and not facts.get(leader or 0, nothing).told_since
    ]
    alone = [
        contact for contact, leader in leader_of.items() if leader in going and not _stands(facts.get(leader, nothing))
    ]
    Identity.objects.live().filter(pk__in=here).update(unlinked_at=Now())
    Identity.objects.live().filter(contact_id__in=alone, linked_at__gte=run.started_at).update(unlinked_at=Now())


def _stands(facts: Facts) -> bool:
    return facts.told_by_others or facts.more_of_run
