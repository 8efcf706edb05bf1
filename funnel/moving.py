"""People moved by hand, or by a program's decision: what is decided becomes an event, and the fold does the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from django.db import connection
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from contacts.doors import with_second_try
from contacts.messages import ContactRef, Message, body_digest, body_of, event_key_digits
from contacts.models import Contact, Source
from contacts.nudge import nudge_on_commit
from contacts.prepared import Prepared
from contacts.recording import Row, insert_events
from contacts.sources import source_of
from funnel.models import Standing
from funnel.pictures import sees_everyone
from staff.policy import Principal

DECISION: Final = "stage_set"
SCOPE: Final = "events:write"
LONGEST_REASON: Final = 500


@dataclass(frozen=True, slots=True)
class Moved:
    """The decision is recorded; the person stands there once they are folded. Undoing it is retracting the event."""

    contact_id: int
    event_id: int
    name: str
    from_stage: str | None
    to_stage: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Why somebody stays where they are: a code, a sentence, and what the way out needs to know.

    `stage` is where they stand (or are on their way to), `leader` who they are by now.
    """

    contact_id: int
    code: str
    sentence: str
    stage: str | None = None
    leader: int | None = None


@dataclass(frozen=True, slots=True)
class _Standing:
    """Somebody as the question finds them, beside the stage that is asked for."""

    id: int
    leader: int
    name: str
    is_erased: bool
    is_known: bool
    standing: int | None
    stage: str | None
    stage_label: str | None
    wanted: str | None
    wanted_label: str | None
    wanted_is_archived: bool


def move_contacts(
    principal: Principal,
    contact_ids: Sequence[int],
    stage_key: str,
    reason: str = "",
    *,
    seen: Mapping[int, str | None] | None = None,
) -> list[Moved | Refused]:
    """Decide that these people stand in a stage; one result each, in order. Whoever is refused stays as they are.

    `seen` says where the author saw somebody: who stands elsewhere by now is refused (`stage_changed`).
    """
    ids = list(dict.fromkeys(contact_ids))
    source = source_of(principal)
    if not principal.may(SCOPE) or source.is_public:
        words = _("You may look at people, not move them. Ask an administrator for another role.")
        return [Refused(one, "forbidden", words) for one in ids]
    found = with_second_try(lambda: _standing(principal, ids, stage_key))  # later ones find the connection alive
    refused = {one: _refusal(one, found.get(one), (seen or {}).get(one, _NOT_SAID)) for one in ids}
    by_id, why = principal.user.pk if principal.user else None, reason.strip()[:LONGEST_REASON]
    rows = {one: _row(source, found[one], why, by_id) for one in ids if refused[one] is None}
    recorded = insert_events(source, list(rows.values()))
    if recorded:
        nudge_on_commit()
    return [refused[one] or _result(found[one], recorded.get(rows[one].key)) for one in ids]


def said_of(results: Sequence[Moved | Refused]) -> str:
    """What became of several in a sentence; nothing when nobody was refused."""
    refusals = [one.sentence for one in results if isinstance(one, Refused)]
    if len(refusals) < 2:
        return "".join(refusals)
    words = ngettext("%(n)s person stays: %(why)s", "%(n)s people stay: %(why)s", len(refusals))
    return words % {"n": len(refusals), "why": " ".join(dict.fromkeys(refusals[:3]))}


# --- Who they are, and where they stand -------------------------------------------------------------------------------

_NOT_SAID: Final = object()
# A decision that is not folded yet counts: else of two people who move somebody at once, both would have moved them.
_QUESTION: Final = """
SELECT c.id, c.leader_id, coalesce(nullif(c.name, ''), c.emails[1], '#' || c.id), c.erased_at IS NOT NULL, c.is_known,
       p.standing, here.key, here.label_en, here.label_fi, wanted.key, wanted.label_en,
       wanted.label_fi, wanted.archived_at IS NOT NULL
  FROM contacts_contact c
  LEFT JOIN funnel_position p ON p.contact_id = c.id
  LEFT JOIN LATERAL (
        SELECT e.properties ->> 'stage' AS stage
          FROM contacts_pending mark JOIN contacts_event e ON e.id = mark.event_id
         WHERE mark.contact_id = c.id AND e.retracted_at IS NULL
           AND e.type_id = (SELECT id FROM contacts_eventtype WHERE key = 'stage_set')
         ORDER BY e.occurred_at DESC, e.key DESC LIMIT 1) decided ON TRUE
  LEFT JOIN funnel_stage stood ON stood.id = p.stage_id
  LEFT JOIN funnel_stage here ON here.key = coalesce(decided.stage, stood.key)
  LEFT JOIN funnel_stage wanted ON wanted.key = %(wanted)s
 WHERE c.id = ANY(%(ids)s) {scope}
"""


def _standing(principal: Principal, ids: Sequence[int], stage_key: str) -> dict[int, _Standing]:
    scope, own = _scope(principal)
    if not scope:
        return {row[0]: _read(row) for row in _OF_ALL.rows(ids=list(ids), wanted=stage_key)}
    with connection.cursor() as cursor:
        cursor.execute(_QUESTION.format(scope=scope), own | {"ids": list(ids), "wanted": stage_key})
        return {row[0]: _read(row) for row in cursor.fetchall()}


_OF_ALL: Final = Prepared(
    "standing_to_move", _QUESTION.format(scope=""), is_general=True, ids="bigint[]", wanted="text"
)


def _read(row: Sequence[Any]) -> _Standing:
    id_, leader, name, erased, known, standing, stage, here_en, here_fi, wanted, to_en, to_fi, archived = row
    finnish = (get_language() or "").startswith("fi")
    here, to = (here_fi if finnish else "") or here_en, (to_fi if finnish else "") or to_en
    return _Standing(id_, leader, name, erased, known, standing, stage, here, wanted, to, archived)


def _scope(principal: Principal) -> tuple[str, dict[str, Any]]:
    """Whom the principal sees, as a condition on `c` that costs nothing where they see everybody."""
    if sees_everyone(principal):
        return "", {}
    sql, values = Contact.objects.visible_to(principal).values("pk").query.sql_with_params()
    names = {f"scope_{place}": value for place, value in enumerate(values)}
    return f"AND c.id IN ({sql % tuple(f'%({name})s' for name in names)})", names


# --- Why not ----------------------------------------------------------------------------------------------------------


def _refusal(contact_id: int, one: _Standing | None, seen: object) -> Refused | None:
    if one is None:
        return Refused(contact_id, "not_found", _("There is no such person."))
    words = {"name": one.name, "stage": one.stage_label, "wanted": one.wanted_label}

    def no(code: str, sentence: str, leader: int | None = None) -> Refused:
        return Refused(contact_id, code, sentence % words, one.stage, leader)

    if one.is_erased:
        return no("erased", _("This person was erased; their path has ended."))
    if one.leader != one.id:
        return no("merged", _("%(name)s was merged with somebody. Move that person."), one.leader)
    if one.wanted is None:
        return no("unknown_stage", _("There is no such stage on the path."))
    if one.wanted_is_archived:
        return no("archived_stage", _("%(wanted)s is archived: nobody comes there any more. Choose another stage."))
    if not one.is_known:
        return no("visitor", _("We do not know who this visitor is. Give them a name first."))
    if one.standing == Standing.CLOSED:
        return no("closed", _("%(name)s is closed. Reopen the relationship first."))
    if seen is not _NOT_SAID and seen != one.stage:
        if one.stage is None:
            return no("stage_changed", _("%(name)s does not stand on the path any more."))
        return no("stage_changed", _("Somebody moved %(name)s meanwhile: they stand in %(stage)s now."))
    if one.stage == one.wanted:
        return no("already_there", _("%(name)s stands in %(stage)s already."))
    return None


# --- The decision -----------------------------------------------------------------------------------------------------


def _row(source: Source, one: _Standing, reason: str, by_id: int | None) -> Row:
    """The decision as an event: where to, where its author saw them, and why."""
    said = {"stage": one.wanted, "from": one.stage, "reason": reason}
    message = Message(
        message_id=str(uuid4()),
        type=DECISION,
        contact=ContactRef(id=one.id),
        properties={name: value for name, value in said.items() if value},
        by_id=by_id,
    )
    return Row(
        key=event_key_digits(source.key, message.message_id),
        digest=body_digest(body_of(message)),
        type=DECISION,
        message_id=message.message_id,
        contact_id=one.id,
        by_id=by_id,
        properties=message.properties,
    )


def _result(one: _Standing, recorded: tuple[int, int] | None) -> Moved | Refused:
    if recorded is None:  # erased between the question and the answer
        return Refused(one.id, "erased", _("This person was erased; their path has ended."), one.stage)
    return Moved(one.id, recorded[0], one.name, one.stage, one.wanted or "")
