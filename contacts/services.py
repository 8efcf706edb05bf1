"""The one door for people: whoever creates or changes them, does it here. What they do is recorded as events."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import Any, Final
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from rest.edits import refuse_stale
from staff.policy import Principal

from .companies import join_named
from .identities import find_people
from .ingest import record_events
from .messages import NOBODY, ContactRef, Message
from .models import Contact, Source, SourceKind, Trust
from .placing import Name, Person
from .results import Status
from .sources import source_of
from .telling import why

# Who is responsible is an event of its own in somebody's story.
_OWNERSHIP: Final = frozenset({"owner", "team"})
# the details a contact's row shows under another name, or only by its id
_COLUMNS: Final = {"owner": "owner_id", "team": "team_id"}
_ONLY_IN_THE_LOG: Final = object()  # equal to nothing
_SHOWN: Final = frozenset({"name", "emails", "phones", "title", "country", "language", "time_zone", "tags", *_COLUMNS})


def ensure_source(*, name: str, trust: Trust, kind: SourceKind = SourceKind.API) -> Source:
    """The source called `name`, made when it is missing; its key is the name in plain letters."""
    key = slugify(name)[:40].strip("-")
    if not key:
        raise ValidationError(_("The name of a source needs a letter from a to z or a digit."), code="source_name")
    source, _made = Source.objects.get_or_create(key=key, defaults={"name": name, "kind": kind, "trust": trust})
    return source


# --- Creating ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewContact:
    """Somebody to be created: their details, what the source calls them, what campaign brought them."""

    attributes: Mapping[str, Any]
    external_id: str | None = None
    user_id: str | None = None
    campaign: str | None = None

    def names(self, source: Source) -> list[Name]:
        said = [Name("email", "", email) for email in _emails_in(self.attributes)]
        own = (("external", self.external_id), ("user_id", self.user_id))
        return said + [Name(kind, source.key, value) for kind, value in own if value]

    def message(self, *, existing: int | None, by: Principal) -> Message:
        [email, *_others] = [*_emails_in(self.attributes), None]
        return Message(
            message_id=str(uuid4()),
            type="attributes_changed" if existing else "contact_created",
            contact=ContactRef(id=existing, email=email, external_id=self.external_id, user_id=self.user_id),
            campaign=self.campaign,
            properties=dict(self.attributes),
            by_id=by.user.pk if by.user else None,
        )


class Outcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Made:
    """What became of one of the people to be created."""

    outcome: Outcome
    contact_id: int | None = None
    error: ValidationError | None = None


def create_contact(*, by: Principal, new: NewContact) -> Contact:
    """Create one person; refused (`already_exists`) when somebody has one of their addresses or ids."""
    [made] = create_contacts(by=by, people=[new])
    if made.error:
        raise made.error
    return Contact.objects.get(pk=made.contact_id or 0)


def create_contacts(*, by: Principal, people: Sequence[NewContact], update: bool = False) -> list[Made]:
    """Create many, each by itself; whoever exists is refused, or with `update` brought up to date."""
    source = source_of(by)
    with transaction.atomic():
        names = [person.names(source) for person in people]
        _hold({name for its in names for name in its})
        known, _by_id = find_people({name for its in names for name in its}, [])
        plans = _plans(names, known, by=by, update=update)
        contact_ids = iter(_record(source, by, people, plans))
        made = [_made(plan, contact_ids) for plan in plans]
        for one, person in zip(made, people, strict=True):
            if one.contact_id:
                join_named(contact_id=one.contact_id, name=person.attributes.get("company"), by=by)
        return made


# For each person: why not, or the contact they are already, or nothing when they are new.
Plan = ValidationError | Person | None


def _plans(names: Sequence[Sequence[Name]], known: Mapping[Name, Person], *, by: Principal, update: bool) -> list[Plan]:
    plans: list[Plan] = []
    new: set[Name] = set()  # those of earlier people of the batch
    for its in names:
        owners = [(name, known[name]) for name in its if name in known]
        if any(not one.is_one_with(owners[0][1]) for _name, one in owners):
            plans.append(_refusal(owners[0][0], _("These belong to different people. Merge them first.")))
        elif owners:
            plans.append(_existing(*owners[0], by=by, update=update))
        elif not update and (repeated := next((name for name in its if name in new), None)):
            plans.append(_refusal(repeated, _("Somebody before them has this already.")))
        else:
            plans.append(None)
        new.update(its)
    return plans


def _existing(name: Name, owner: Person, *, by: Principal, update: bool) -> Plan:
    return owner if update and _visible_leader(owner, by) else _taken(name, owner, by)


def _taken(name: Name, owner: Person, by: Principal) -> ValidationError:
    """The refusal that says who has this name, to those who may see them."""
    leader = _visible_leader(owner, by)
    return _refusal(name, _("Somebody has this already."), existing=leader.pk if leader else None)


def _visible_leader(owner: Person, by: Principal) -> Contact | None:
    return Contact.objects.visible_to(by).filter(members__pk=owner.contact_id or 0).first()


_FIELDS: Final = {"email": "email", "external": "external_id", "user_id": "user_id"}


def _refusal(name: Name, words: str, existing: int | None = None) -> ValidationError:
    params = {"existing": existing} if existing else None
    return ValidationError({_FIELDS[name.kind]: ValidationError(words, code="already_exists", params=params)})


def _record(source: Source, by: Principal, people: Sequence[NewContact], plans: Sequence[Plan]) -> list[int]:
    """Record those who are not refused; their contacts, in order."""
    messages = []
    for person, plan in zip(people, plans, strict=True):
        if isinstance(plan, ValidationError):
            continue
        message = person.message(existing=plan.contact_id if plan else None, by=by)
        if message.contact == NOBODY:
            nameless = Contact.objects.create(origin_source=source, origin_campaign=person.campaign or "")
            message.contact = ContactRef(id=nameless.pk)
        messages.append(message)
    return _recorded(source, messages)


def _made(plan: Plan, contact_ids: Iterator[int]) -> Made:
    if isinstance(plan, ValidationError):
        return Made(Outcome.REFUSED, error=plan)
    return Made(Outcome.UPDATED if plan else Outcome.CREATED, next(contact_ids))


def _emails_in(attributes: Mapping[str, Any]) -> list[str]:
    """The addresses that details speak of, the main one first."""
    said = [attributes.get("email"), *(attributes.get("emails") or [])]
    return [email for email in dict.fromkeys(said) if email]


# --- Changing ---------------------------------------------------------------------------------------------------------


def update_contact(
    *, contact: Contact, by: Principal, attributes: Mapping[str, Any], seen: frozenset[int] | None = None
) -> Contact:
    """Record what differs from what we have; return the leader as it is then. `seen`: versions this may replace."""
    source = source_of(by)
    with transaction.atomic():
        leader = Contact.objects.select_for_update(no_key=True).get(pk=contact.leader_id)
        refuse_stale(leader.version, seen)
        changes = {name: value for name, value in attributes.items() if (value or None) != _current(leader, name)}
        if "tags" in changes:
            changes |= tag_changes(leader.tags, changes.pop("tags") or [])
        _check_emails(leader, _emails_in(changes), by)
        _recorded(source, _changes(contact, changes, by))
        join_named(contact_id=leader.pk, name=changes.get("company"), by=by)
    return Contact.objects.get(pk=leader.pk)


def tag_changes(now: Collection[str], wanted: Collection[str]) -> dict[str, list[str]]:
    """The details that make of the tags somebody has those that are wanted, each change by itself."""
    changes = {"add_tags": sorted(set(wanted) - set(now)), "remove_tags": sorted(set(now) - set(wanted))}
    return {name: tags for name, tags in changes.items() if tags}


def _current(leader: Contact, name: str) -> Any:
    """What the contact has under the name of a detail; details that only the log knows always differ."""
    match name:
        case "email":
            return leader.emails[0] if leader.emails else None
        case "phone":
            return leader.phones[0] if leader.phones else None
        case "company":
            return _ONLY_IN_THE_LOG
        case _ if name in _SHOWN:
            return getattr(leader, _COLUMNS.get(name, name)) or None
    return leader.custom.get(name)


def _changes(contact: Contact, changes: Mapping[str, Any], by: Principal) -> list[Message]:
    """At most two messages: who is responsible, and the rest."""
    owners = {name: value for name, value in changes.items() if name in _OWNERSHIP}
    others = {name: value for name, value in changes.items() if name not in _OWNERSHIP}
    return [
        Message(
            message_id=str(uuid4()),
            type=kind,
            contact=ContactRef(id=contact.pk),
            properties=dict(properties),
            by_id=by.user.pk if by.user else None,
        )
        for kind, properties in (("owner_changed", owners), ("attributes_changed", others))
        if properties
    ]


def _check_emails(leader: Contact, emails: Iterable[str], by: Principal) -> None:
    names = {Name("email", "", email) for email in emails}
    _hold(names)
    known, by_id = find_people(names, [leader.pk])
    for name, owner in known.items():
        if not owner.is_one_with(by_id[leader.pk]):
            raise _taken(name, owner, by)


def _recorded(source: Source, messages: Sequence[Message]) -> list[int]:
    """Record all of them, or nothing; the contacts they were recorded for."""
    results = record_events(source=source, messages=messages) if messages else []
    contact_ids = []
    for result in results:
        if result.status != Status.ACCEPTED or result.contact_id is None:
            raise ValidationError(why(result), code=result.reason)
        contact_ids.append(result.contact_id)
    return contact_ids


def _hold(names: Iterable[Name]) -> None:
    """One at a time may give these names to somebody, until the transaction ends; always in one order."""
    digests = {blake2b("\0".join(name).encode(), digest_size=8).digest() for name in names}
    numbers = sorted(int.from_bytes(digest, signed=True) for digest in digests)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(number) FROM unnest(%s::bigint[]) AS number", [numbers])
