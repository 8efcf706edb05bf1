"""By what we recognise people: finding whoever has a name, making those nobody has yet, linking and unlinking."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

import msgspec
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from staff import audit
from staff.policy import Principal

from .domains import join_by_domain
from .matching import search_tokens, sort_key
from .models import Contact, Identity, PendingReason, Source
from .placing import EMAIL, Name, Party, Person
from .projecting import project
from .recording import mark


class NameTaken(Exception):
    """Somebody else linked one of the names while we were at it; look again."""


def find_people(names: Iterable[Name], ids: Collection[int]) -> tuple[dict[Name, Person], dict[int, Person]]:
    """Who has these names, and who has these ids of ours; people of several contacts are one party."""
    parties: dict[int, Party] = {}

    def person(contact_id: int, leader_id: int, is_known: bool) -> Person:
        return Person(parties.setdefault(leader_id, Party(is_known)), contact_id)

    wanted = msgspec.json.encode([name._asdict() for name in names]).decode()
    with connection.cursor() as cursor:
        cursor.execute(_FIND, {"names": wanted, "ids": sorted(ids)})
        found = cursor.fetchall()
    by_name = {Name(*row[:3]): person(*row[3:]) for row in found if row[0] is not None}
    return by_name, {row[3]: person(*row[3:]) for row in found if row[0] is None}


_FIND: Final = """
SELECT i.kind, i.namespace, i.value, c.id, c.leader_id, leader.is_known
  FROM jsonb_to_recordset(%(names)s::jsonb) AS name(kind text, namespace text, value text)
  JOIN contacts_identity i ON i.kind = name.kind AND i.namespace = name.namespace AND i.value = name.value
                          AND i.unlinked_at IS NULL
  JOIN contacts_contact c ON c.id = i.contact_id
  JOIN contacts_contact leader ON leader.id = c.leader_id
UNION ALL
SELECT NULL, NULL, NULL, c.id, c.leader_id, leader.is_known
  FROM contacts_contact c
  JOIN contacts_contact leader ON leader.id = c.leader_id
 WHERE c.id = ANY(%(ids)s::bigint[]) AND c.erased_at IS NULL
"""


def settle_people(source: Source, people: Sequence[Person]) -> set[int]:
    """Make the contacts that are not there yet and link everybody's new names; raises NameTaken.

    Returns the contacts whose fields are to be projected: those that were there and have new names, and new ones whose
    address gave them a place in a company.
    """
    makes = [person for person in people if not person.contact_id]
    _make_contacts(source, makes)
    wanted = [{"contact_id": person.contact_id, **name._asdict()} for person in people for name in person.names]
    if not wanted:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_LINK, [msgspec.json.encode(wanted).decode()])
        linked = cursor.rowcount
    if linked != len(wanted):
        raise NameTaken
    made = {person.contact_id for person in makes}
    joined = join_by_domain((one.contact_id, email) for one in makes for email in _emails(one))
    return ({person.contact_id for person in people if person.names} - made) | set(joined)


def _make_contacts(source: Source, people: Sequence[Person]) -> None:
    if not people:
        return
    rows = [{"place": place, **_columns(person)} for place, person in enumerate(people)]
    with connection.cursor() as cursor:
        cursor.execute(_MAKE, {"rows": msgspec.json.encode(rows).decode(), "source": source.pk})
        for place, contact_id in cursor.fetchall():
            people[place].contact_id = contact_id


def _columns(person: Person) -> dict[str, object]:
    emails = _emails(person)
    return {
        "is_known": person.is_known,
        "emails": emails,
        "campaign": person.campaign or "",
        "sort_key": sort_key(emails[0]) if emails else "",
        "tokens": search_tokens(emails=emails),
    }


def _emails(person: Person) -> list[str]:
    return [name.value for name in person.names if name.kind == EMAIL]


_MAKE: Final = """
WITH new AS MATERIALIZED (
    SELECT row.*, nextval('contacts_contact_id_seq') AS id
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS row(
           place int, is_known boolean, emails text[], campaign text, sort_key text, tokens text[])
), made AS (
    INSERT INTO contacts_contact (id, leader_id, is_known, name, emails, phones, title, country, language, time_zone,
                                  custom, origin_source_id, origin_campaign, origin_note, created_at, updated_at,
                                  version, sort_key, search)
    SELECT id, id, is_known, '', emails, '{}', '', '', '', '', '{}', %(source)s, campaign, '', statement_timestamp(),
           statement_timestamp(), 1, sort_key, array_to_tsvector(tokens)
      FROM new
)
SELECT place, id FROM new
"""
# In the order of the names, so that two batches with the same ones never wait for each other in a ring.
_LINK: Final = """
INSERT INTO contacts_identity (contact_id, kind, namespace, value, linked_at)
SELECT contact_id, kind, namespace, value, statement_timestamp()
  FROM jsonb_to_recordset(%s::jsonb) AS name(contact_id bigint, kind text, namespace text, value text)
 ORDER BY kind, namespace, value
ON CONFLICT (kind, namespace, value) WHERE unlinked_at IS NULL DO NOTHING
"""


def link(*, contact: Contact, name: Name, by: Principal) -> Identity:
    """Let `contact` be recognised by `name`; refused when somebody has it."""
    with transaction.atomic():
        try:
            with transaction.atomic():
                identity = Identity.objects.create(contact=contact, **name._asdict())
        except IntegrityError:
            raise ValidationError(_("Somebody else is recognised by this."), code="identity_taken") from None
        project([contact.pk])
        audit.record(by=by, action="identity_linked", kind="contact", row=contact.pk)
    identity.refresh_from_db()
    return identity


def unlink(*, identity: Identity, by: Principal) -> None:
    """Stop recognising the contact by this. What was recorded for them stays theirs."""
    with transaction.atomic():
        ended = Identity.objects.live().filter(pk=identity.pk).update(unlinked_at=Now())
        if not ended:
            raise ValidationError(_("This link has ended already."), code="already_unlinked")
        project([identity.contact_id], afresh=True)
        mark([identity.contact_id], PendingReason.ATTRIBUTES)
        audit.record(by=by, action="identity_unlinked", kind="contact", row=identity.contact_id)
