"""The fields of a contact are what the log says of them: nobody else writes them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

import msgspec
from django.db import connection
from django.db.models.functions import Now

from staff.models import Team, User

from .attributes import ATTRIBUTE_TYPES, BUILT_IN, MOST_TAGS, values_after
from .company_marks import mark_companies_of
from .domains import join_by_domain
from .locking import lock_people
from .matching import search_tokens, sort_key
from .models import Contact, CustomField, FieldKind, Identity, IdentityKind, Membership, PendingReason, Tag
from .recording import mark

_PLAIN: Final = ("name", "title", "country", "language", "time_zone")


def project(contact_ids: Iterable[int], *, names: Collection[str] = (), afresh: bool = False) -> None:
    """Bring the fields of these contacts' people up to what the log says, oldest change first.

    Names the log never mentions stay as they are, but for `names`, which it did until now. Somebody known stays known
    unless this is `afresh`. Whoever became known is marked, for the path tells people from visitors.
    """
    people = lock_people(set(contact_ids))
    if people:
        project_people(people, names=names, afresh=afresh)


def project_people(people: Mapping[int, Collection[int]], *, names: Collection[str] = (), afresh: bool = False) -> None:
    """The same for leaders and the members that are to count; whoever calls has locked them."""
    members = {member: leader for leader, its in people.items() for member in its}
    leaders = Contact.objects.in_bulk(people)
    changes = _changes(members)
    identities = _identities(members)
    custom_fields = list(CustomField.objects.filter(of="contact"))
    companies = _companies(members)
    rows = []
    for leader_id, leader in leaders.items():
        log = changes[leader_id]
        values = _blank([*log.touched, *names]) | values_after(log.standing)
        linked = _still_linked(identities[leader_id], values, log.emails_replaced_at)
        rows.append(_row(leader, values, linked, custom_fields, companies[leader_id], afresh))
    _write(rows)
    _join(people, rows, leaders)
    relisted = {row["id"] for row in rows if afresh or row["is_known"] != leaders[row["id"]].is_known}
    if any(companies[leader] for leader in relisted):
        mark_companies_of([member for leader in relisted for member in people[leader]])
    became_known = [row["id"] for row in rows if row["is_known"] and not leaders[row["id"]].is_known]
    if became_known:
        mark(became_known, PendingReason.ATTRIBUTES)


def _join(people: Mapping[int, Collection[int]], rows: list[dict[str, Any]], leaders: Mapping[int, Contact]) -> None:
    """Whoever got an address of a company that takes in its people has a place there, and is found by its name."""
    new = [(row["id"], email) for row in rows for email in row["emails"] if email not in leaders[row["id"]].emails]
    if joined := join_by_domain(new):
        project_people({leader: people[leader] for leader in joined})


def _blank(names: Iterable[str]) -> dict[str, Any]:
    return values_after([dict.fromkeys(names)])


def details_in_log(leader_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Of each person the details as the log tells them now."""
    members = dict(Contact.objects.led_by(leader_ids).values_list("pk", "leader_id"))
    return {leader: values_after(log.standing) for leader, log in _changes(members).items()}


def names_in_log(contact_ids: Collection[int]) -> set[str]:
    """Every detail the log, retracted or not, or a merge ever spoke of."""
    return _changes(dict.fromkeys(contact_ids, 0))[0].touched


def found_by(
    *, name: str, title: str = "", emails: Collection[str], phones: Collection[str], companies: Iterable[str] = ()
) -> tuple[str, list[str]]:
    """What a list is sorted by, and the tokens a search finds: the columns `sort_key` and `search`."""
    shown = name or next(iter([*emails, *phones]), "")
    return sort_key(shown), search_tokens(texts=[name, title, *companies], emails=emails, phones=phones)


@dataclass
class _Log:
    """What the log says of a person's details."""

    touched: set[str] = field(default_factory=set)  # every name ever spoken of
    standing: list[dict[str, Any]] = field(default_factory=list)  # the changes that stand, oldest first
    emails_replaced_at: datetime | None = None  # when we last learned a whole list of addresses


def _changes(members: Mapping[int, int]) -> Mapping[int, _Log]:
    """The log of each leader."""
    logs: Mapping[int, _Log] = defaultdict(_Log)
    with connection.cursor() as cursor:
        cursor.execute(_CHANGES, {"members": list(members), "types": sorted(ATTRIBUTE_TYPES)})
        for contact_id, said, stands, recorded_at in cursor.fetchall():
            log = logs[members[contact_id]]
            properties = msgspec.json.decode(said)
            log.touched |= properties.keys()
            if stands:
                log.standing.append(properties)
            if stands and "emails" in properties:
                log.emails_replaced_at = max(recorded_at, log.emails_replaced_at or recorded_at)
    return logs


# A value chosen in a merge is a change made at the moment of the merge.
_CHANGES: Final = """
SELECT contact_id, said, stands, recorded_at FROM (
    SELECT e.contact_id, e.properties::text AS said, e.retracted_at IS NULL AS stands, e.recorded_at,
           e.occurred_at AS at, e.rank, e.key
      FROM contacts_event e
     WHERE e.contact_id = ANY(%(members)s::bigint[])
       AND e.type_id = ANY(SELECT id FROM contacts_eventtype WHERE key = ANY(%(types)s))
    UNION ALL
    SELECT m.older_id, m.fields::text, m.cut_at IS NULL, m.recorded_at, m.recorded_at, 7, NULL
      FROM contacts_merge m
     WHERE m.older_id = ANY(%(members)s::bigint[]) AND m.newer_id = ANY(%(members)s::bigint[]) AND m.fields <> '{}'
) AS change
 ORDER BY at, rank, key
"""


def _identities(members: Mapping[int, int]) -> Mapping[int, list[Identity]]:
    by_leader: Mapping[int, list[Identity]] = defaultdict(list)
    found = Identity.objects.live().filter(contact_id__in=list(members)).exclude(kind=IdentityKind.ANONYMOUS_ID)
    for identity in found.order_by("linked_at", "pk"):
        by_leader[members[identity.contact_id]].append(identity)
    return by_leader


def _still_linked(
    identities: list[Identity], values: Mapping[str, Any], replaced_at: datetime | None
) -> list[Identity]:
    """Unlink the addresses that a new list of all addresses left out."""
    left_out = [
        identity
        for identity in identities
        if identity.kind == IdentityKind.EMAIL
        and replaced_at
        and identity.linked_at <= replaced_at
        and identity.value not in values["emails"]
    ]
    if left_out:
        Identity.objects.live().filter(pk__in=[identity.pk for identity in left_out]).update(unlinked_at=Now())
    return [identity for identity in identities if identity not in left_out]


def _companies(members: Mapping[int, int]) -> Mapping[int, list[str]]:
    by_leader: Mapping[int, list[str]] = defaultdict(list)
    found = Membership.objects.current().filter(contact_id__in=list(members)).order_by("pk")
    for contact_id, name in found.values_list("contact_id", "company__name"):
        by_leader[members[contact_id]].append(name)
    return by_leader


def _row(
    leader: Contact,
    values: Mapping[str, Any],
    identities: list[Identity],
    custom_fields: list[CustomField],
    companies: list[str],
    afresh: bool,
) -> dict[str, Any]:
    """The columns that `leader` should have."""
    columns: dict[str, Any] = {name: values.get(name) or "" for name in _PLAIN if name in values}
    linked = [identity.value for identity in identities if identity.kind == IdentityKind.EMAIL]
    unsaid = [] if afresh or "emails" in values else leader.emails
    columns["emails"] = list(dict.fromkeys([*(values.get("emails") or []), *linked, *unsaid]))
    if "phones" in values:
        columns["phones"] = values["phones"] or []
    if "tags" in values:
        columns["tags"] = (values["tags"] or [])[:MOST_TAGS]
    if "owner" in values:
        columns["owner_id"] = _owner_id(values["owner"])
    if "team" in values:
        columns["team_id"] = _team_id(values["team"])
    columns["custom"] = _custom(leader.custom, values, custom_fields)
    whole = {name: columns.get(name, getattr(leader, name)) for name in _COLUMNS}
    reachable = bool(whole["name"] or whole["phones"] or identities)
    whole["is_known"] = reachable or (leader.is_known and not afresh)
    whole["sort_key"], tokens = found_by(
        name=whole["name"],
        title=whole["title"],
        emails=whole["emails"],
        phones=whole["phones"],
        companies=[*companies, values.get("company") or ""],
    )
    return {"id": leader.pk, "tokens": tokens, **whole}


_COLUMNS: Final = (*_PLAIN, "emails", "phones", "owner_id", "team_id", "custom", "tags")


def _owner_id(value: int | str | None) -> int | None:
    by = {"pk": value} if isinstance(value, int) else {"email__iexact": value}
    return User.objects.filter(**by).values_list("pk", flat=True).first() if value else None


def _team_id(value: int | str | None) -> int | None:
    by = {"pk": value} if isinstance(value, int) else {"name": value}
    return Team.objects.filter(**by).values_list("pk", flat=True).first() if value else None


def _custom(current: Mapping[str, Any], values: Mapping[str, Any], fields: list[CustomField]) -> dict[str, Any]:
    """The declared fields, and the fit; what does not fit its kind is left out (the log keeps it)."""
    custom = dict(current)
    kinds = {field.key: field for field in fields if field.key not in BUILT_IN}
    for name in {"fit", *kinds} & values.keys():
        value = values[name]
        if value is None or (name in kinds and not fits(kinds[name], value)):
            custom.pop(name, None)
        else:
            custom[name] = value
    return custom


def fits(field: CustomField, value: Any) -> bool:
    """May `value` stand in this declared field?"""
    match FieldKind(field.kind):
        case FieldKind.TEXT:
            return isinstance(value, str)
        case FieldKind.NUMBER:
            return isinstance(value, int | float) and not isinstance(value, bool)
        case FieldKind.YES_NO:
            return isinstance(value, bool)
        case FieldKind.DATE:
            return isinstance(value, str) and _is_date(value)
        case FieldKind.CHOICE:
            return value in field.choices


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _write(rows: list[dict[str, Any]]) -> None:
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_WRITE, [msgspec.json.encode(rows).decode()])
        keep_tags({tag for row in rows for tag in row["tags"]})


def keep_tags(names: Collection[str]) -> None:
    """Remember these tags for whoever types the beginning of one."""
    if names:
        Tag.objects.bulk_create([Tag(name=name) for name in sorted(names)], ignore_conflicts=True)


_WRITE: Final = """
UPDATE contacts_contact c
   SET name = row.name, title = row.title, country = row.country, language = row.language, time_zone = row.time_zone,
       emails = row.emails, phones = row.phones, owner_id = row.owner_id, team_id = row.team_id, custom = row.custom,
       tags = row.tags, is_known = row.is_known, sort_key = row.sort_key, search = array_to_tsvector(row.tokens),
       updated_at = statement_timestamp(), version = c.version + 1
  FROM jsonb_to_recordset(%s::jsonb) AS row(
       id bigint, name text, title text, country text, language text, time_zone text, emails text[], phones text[],
       owner_id bigint, team_id bigint, custom jsonb, tags text[], is_known boolean, sort_key text, tokens text[])
 WHERE c.id = row.id
   AND (c.name, c.title, c.country, c.language, c.time_zone, c.emails::text[], c.phones::text[], c.owner_id, c.team_id,
        c.custom, c.tags::text[], c.is_known, c.sort_key, c.search)
       IS DISTINCT FROM
       (row.name, row.title, row.country, row.language, row.time_zone, row.emails, row.phones, row.owner_id,
        row.team_id, row.custom, row.tags, row.is_known, row.sort_key, array_to_tsvector(row.tokens))
"""
