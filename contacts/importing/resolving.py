"""What the database knows of the rows to be decided: a handful of queries for thousands of rows."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Final

import msgspec
from django.db import connection

from ..models import Import, ImportReject, ImportState
from ..placing import EMAIL, Name
from ..projecting import details_in_log
from .converting import Said, fact_of
from .deciding import Known, Person, names_of


def resolve(run: Import, rows: Sequence[Said], *, earlier: Import | None, with_details: bool) -> Known:
    """Who is meant by the rows, what the log has of their events, and which lines the `earlier_run` took in."""
    bring_back(run.source_id, run.source.key, rows)
    source_key = run.source.key
    people = find_people({name for said in rows for name in names_of(said, source_key)})
    repeated = repeated_lines(earlier, rows)
    if with_details and people and len(repeated) < len(rows):
        _give_details(people)
    keys = [fact.key for said in rows for fact in said.facts]
    return Known(people, find_events(keys, with_claims=run.source.is_public), repeated)


def bring_back(source_id: int, source_key: str, rows: Sequence[Said]) -> None:
    """What was taken back by undoing an import may come in again: under another id, for each is used only once."""
    if not Import.objects.filter(source_id=source_id, state=ImportState.UNDONE).exists():
        return
    waiting = {fact.key: (said, fact) for said in rows for fact in said.facts}
    while waiting:
        taken_back = [(waiting[key], run_id) for key, run_id in _taken_back(waiting, source_id)]
        waiting = {}
        for (said, fact), run_id in taken_back:
            message_id = f"{fact.message.message_id[:LONGEST_STEM]}~{run_id}"
            again = fact_of(msgspec.structs.replace(fact.message, message_id=message_id), source_key)
            said.facts = [again if one is fact else one for one in said.facts]
            waiting[again.key] = (said, again)


def _taken_back(keys: Collection[str], source_id: int) -> list[tuple[str, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_TAKEN_BACK, {"keys": list(keys), "source": source_id})
        return list(cursor.fetchall())


LONGEST_STEM: Final = 235
_TAKEN_BACK: Final = """
SELECT encode(uuid_send(e.key), 'hex'), max(chunk.run_id)
  FROM contacts_event e
  JOIN contacts_importchunk chunk ON e.id BETWEEN chunk.first_event AND chunk.last_event AND chunk.undone_at IS NOT NULL
   AND e.id = ANY(chunk.events)
  JOIN contacts_import run ON run.id = chunk.run_id AND run.source_id = %(source)s
 WHERE e.key = ANY(%(keys)s::uuid[]) AND e.retracted_at IS NOT NULL
 GROUP BY 1
"""


def find_people(names: Iterable[Name]) -> dict[Name, Person]:
    """Whoever has one of these names now."""
    by_kind: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name in names:
        by_kind[name.kind, name.namespace].append(name.value)
    people: dict[int, Person] = {}
    found = {}
    with connection.cursor() as cursor:
        for (kind, namespace), values in by_kind.items():
            cursor.execute(_FIND, [msgspec.json.encode(values).decode(), kind, namespace])
            for value, contact_id, leader_id, is_known in cursor:
                person = people.setdefault(contact_id, Person(contact_id, leader_id, is_known=is_known))
                found[Name(kind, namespace, value)] = person
    return found


_FIND: Final = """
SELECT i.value, i.contact_id, c.leader_id, leader.is_known
  FROM jsonb_array_elements_text(%s::jsonb) AS said(value)
  JOIN contacts_identity i ON i.kind = %s AND i.namespace = %s AND i.value = said.value AND i.unlinked_at IS NULL
  JOIN contacts_contact c ON c.id = i.contact_id
  JOIN contacts_contact leader ON leader.id = c.leader_id
"""


def find_events(keys: Collection[str], *, with_claims: bool) -> dict[str, int]:
    """Those of the keys that are in the log, or claimed to be, each with the digest of its event."""
    if not keys:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_CLAIMED if with_claims else _RECORDED, {"keys": "{" + ",".join(keys) + "}"})
        return dict(cursor.fetchall())


_RECORDED: Final = "SELECT encode(uuid_send(key), 'hex'), digest FROM contacts_event WHERE key = ANY(%(keys)s::uuid[])"
_CLAIMED: Final = """
SELECT encode(uuid_send(key), 'hex'), digest FROM contacts_claim WHERE key = ANY(%(keys)s::uuid[])
UNION
SELECT encode(uuid_send(key), 'hex'), digest FROM contacts_event WHERE key = ANY(%(keys)s::uuid[])
"""


def earlier_run(run: Import) -> Import | None:
    """The last finished run over the same file with the same mapping."""
    same = {"source": run.source_id, "file_digest": run.file_digest, "mapping": run.mapping}
    return Import.objects.filter(**same, state=ImportState.DONE).order_by("-pk").first()


def repeated_lines(earlier: Import | None, rows: Sequence[Said]) -> frozenset[int]:
    """The lines that the earlier run has taken in."""
    if earlier is None or not rows:
        return frozenset()
    refused = ImportReject.objects.filter(run=earlier, line__range=(rows[0].line, rows[-1].line))
    return frozenset({said.line for said in rows}.difference(refused.values_list("line", flat=True)))


def _give_details(people: dict[Name, Person]) -> None:
    """Each person's details as the log tells them."""
    by_leader = details_in_log({person.leader_id for person in people.values()})
    for person in people.values():
        person.details = by_leader.setdefault(person.leader_id, {})
    know_addresses(people)


def know_addresses(people: dict[Name, Person]) -> None:
    """An address that is linked need not be told again."""
    for name, person in people.items():
        if name.kind == EMAIL:
            emails = person.details.setdefault("emails", [])
            if name.value not in emails:
                emails.append(name.value)
