"""The answer clocks: rows that follow the log, and what staff do with them.

They are brought up to date by whoever folds a person, in the same transaction and under the same mutex: a late answer,
a retraction, a merge and a cut mark the person, and the clocks come out as if all had been known from the start.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _

from staff import audit
from staff.hours import Calendar, Calendars
from staff.models import User
from staff.policy import Principal

from .answer_counts import mark_answers
from .ingest import record_events
from .messages import ContactRef, Message
from .models import AnswerClock, Contact, Event, NoticeKind
from .noticing import notify
from .results import Status
from .sources import source_of
from .telling import why
from .turns import ANSWERS, OWNING, QUESTIONS, WAIVED, Said, Turn, turns

SPOKEN: Final = QUESTIONS | ANSWERS
# The types of events after which the clocks of a person may be others.
RELEVANT: Final = SPOKEN | OWNING
OPEN_AT_ONCE: Final = 500

# A public source may ask; that somebody was answered is for those we trust to say.
_SAID: Final = """
    SELECT e.contact_id, e.id, t.key, e.occurred_at, e.recorded_at, e.by_id, e.campaign_key IS NOT NULL, e.source_id
      FROM contacts_event e JOIN contacts_eventtype t ON t.id = e.type_id JOIN contacts_source s ON s.id = e.source_id
     WHERE e.contact_id = ANY(%(members)s::bigint[]) AND e.retracted_at IS NULL
       AND e.type_id = ANY(ARRAY(SELECT id FROM contacts_eventtype WHERE key = ANY(%(types)s)))
       AND (t.key = ANY(%(questions)s) OR s.trust = 'trusted')
     ORDER BY e.occurred_at, e.rank, e.key
"""
_TEAMS: Final = """
    SELECT c.id, coalesce(c.team_id, u.team_id)
      FROM contacts_contact c LEFT JOIN staff_user u ON u.id = c.owner_id WHERE c.id = ANY(%s::bigint[])
"""


def project_clocks(people: Mapping[int, Collection[int]]) -> None:
    """Bring the clocks of these people (leader: members) up to what the log says; whoever calls has them locked."""
    if not people:
        return
    leaders = {member: leader for leader, members in people.items() for member in members}
    said = _said(leaders)
    before = _before(leaders)
    if not said and not before:
        return
    teams, calendars = _teams(people), Calendars.read()
    gone: list[int] = []
    changed: list[AnswerClock] = []
    for leader in people:
        if leader in said or leader in before:
            calendar = calendars.of(teams.get(leader))
            wanted = [_row(leader, turn, teams.get(leader), calendar) for turn in turns(said.get(leader, ()))]
            changed += _changed(before.get(leader, []), wanted, gone)
    if gone:
        AnswerClock.objects.filter(pk__in=gone).delete()
    if changed:  # those that stop first: of one person only one may run
        changed.sort(key=lambda clock: (clock.is_running, clock.question_id))
        fields = [*_FACTS, *_JUDGED]
        AnswerClock.objects.bulk_create(
            changed, update_conflicts=True, unique_fields=["question"], update_fields=fields
        )
    if gone or changed:
        mark_answers()


def _said(leaders: Mapping[int, int]) -> dict[int, list[Said]]:
    asked: dict[str, Any] = {"members": list(leaders), "types": sorted(SPOKEN), "questions": sorted(QUESTIONS)}
    found: dict[int, list[Said]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_SAID, asked)
        for contact, *rest in cursor.fetchall():
            found[leaders[contact]].append(Said(*rest))
    return found


def _before(leaders: Mapping[int, int]) -> dict[int, list[AnswerClock]]:
    found: dict[int, list[AnswerClock]] = defaultdict(list)
    for clock in AnswerClock.objects.filter(contact_id__in=list(leaders)).order_by("asked_at", "pk"):
        found[leaders[clock.contact_id]].append(clock)
    return found


def _teams(leader_ids: Iterable[int]) -> dict[int, int | None]:
    with connection.cursor() as cursor:
        cursor.execute(_TEAMS, [list(leader_ids)])
        return dict(cursor.fetchall())


def _row(leader: int, turn: Turn, team: int | None, calendar: Calendar) -> AnswerClock:
    work, target, asked_at, answer = calendar.work, calendar.target, turn.first.at, turn.answer
    took = work.between(asked_at, answer.at) if answer else None
    return AnswerClock(
        contact_id=leader,
        question_id=turn.first.event,
        last_question_id=turn.last.event,
        asked=turn.asked,
        asked_at=asked_at,
        source_id=turn.first.source,
        team_id=team,
        due_at=work.after(asked_at, target),
        late_at=work.after(asked_at, 2 * target),
        answered_at=answer.at if answer else None,
        answer_id=answer.event if answer else None,
        answered_by_id=answer.by if answer else None,
        is_waived=turn.is_waived,
        took_s=int(took.total_seconds()) if took is not None else None,
        in_time=took <= target if took is not None else None,
    )


_FACTS: Final = (
    *("contact", "last_question", "asked", "asked_at", "source_id", "answered_at", "answer", "answered_by"),
    "is_waived",
)
_REFERENCES: Final = frozenset({"contact", "last_question", "answer", "answered_by", "team"})
_JUDGED: Final = ("team", "due_at", "late_at", "took_s", "in_time")


def _changed(before: list[AnswerClock], wanted: list[AnswerClock], gone: list[int]) -> list[AnswerClock]:
    """Those of `wanted` that are not in the table as they are; ids of what is to go are put into `gone`.

    A closed clock stays as it was judged unless the facts are others. Whoever had the answer in hand keeps it.
    """
    known = {clock.question_id: clock for clock in before}
    kept = {clock.question_id for clock in wanted}
    going = [clock for clock in before if clock.question_id not in kept]
    gone += [clock.pk for clock in going]
    in_hand = next((clock.holder_id for clock in going if clock.is_running), None)
    changed = []
    for clock in wanted:
        old = known.get(clock.question_id)
        if old is None and clock.is_running:
            clock.holder_id = in_hand
        names = (*_FACTS, *_JUDGED) if clock.is_running else _FACTS
        if old is None or any(_value(old, name) != _value(clock, name) for name in names):
            changed.append(clock)
    return changed


def _value(clock: AnswerClock, name: str) -> object:
    return getattr(clock, f"{name}_id" if name in _REFERENCES else name)


def follow_calendars() -> None:
    """The deadlines of all running clocks, by the calendars as they are now."""
    calendars = Calendars.read()
    running = AnswerClock.objects.running().select_for_update(no_key=True).order_by("pk")
    changed = []
    for clock in running.iterator(chunk_size=OPEN_AT_ONCE):
        calendar = calendars.of(clock.team_id)
        clock.due_at = calendar.work.after(clock.asked_at, calendar.target)
        clock.late_at = calendar.work.after(clock.asked_at, 2 * calendar.target)
        changed.append(clock)
    AnswerClock.objects.bulk_update(changed, ["due_at", "late_at"], batch_size=OPEN_AT_ONCE)


# --- What staff do ----------------------------------------------------------------------------------------------------


def give_clock(*, clock: AnswerClock, by: Principal, to: User | None) -> AnswerClock:
    """Put the answer into somebody's hand (None: whoever owns the person); they are told of it."""
    if to and not Contact.objects.visible_to(Principal(user=to)).filter(pk=clock.contact_id).exists():
        words = _("%(name)s does not see this person.") % {"name": to}
        raise ValidationError({"holder": ValidationError(words, code="does_not_see")})
    with transaction.atomic():
        if not AnswerClock.objects.running().filter(pk=clock.pk).update(holder=to):
            raise ValidationError(_("This was answered meanwhile."), code="already_answered")
        audit.record(by=by, action="answer_given_to", kind="contact", row=clock.contact_id, to=to.pk if to else None)
        if to and to != by.user:
            key = f"answer:{clock.question_id}:{to.pk}"
            notify([to], NoticeKind.TO_ANSWER, key, contact_id=clock.contact_id, by=by.user)
    clock.refresh_from_db()
    return clock


def take_clock(*, clock: AnswerClock, by: Principal, seen: int | None) -> AnswerClock:
    """Have it in one's own hand, unless it is in another hand meanwhile than in that which one saw (None: nobody's)."""
    with transaction.atomic():
        locked = AnswerClock.objects.select_for_update(no_key=True).filter(pk=clock.pk).first()
        if locked and locked.holder_id not in (seen, by.user.pk if by.user else None):
            words = _("%(name)s has it meanwhile.") % {"name": locked.holder or _("Nobody")}
            raise ValidationError(words, code="taken")
        return give_clock(clock=clock, by=by, to=by.user)


def waive_answer(*, clock: AnswerClock, by: Principal) -> Event:
    """Say that no answer is needed: an event like any other. Retracting it lets the clock go on."""
    if not clock.is_running:
        raise ValidationError(_("This was answered meanwhile."), code="already_answered")
    message = Message(
        message_id=f"waive:{clock.last_question_id}:{clock.contact_id}:{_tries(clock)}",
        type=WAIVED,
        contact=ContactRef(id=clock.contact_id),
        properties={"question": clock.last_question_id},
        by_id=by.user.pk if by.user else None,
    )
    with transaction.atomic():
        [result] = record_events(source=source_of(by), messages=[message])
        if result.status not in (Status.ACCEPTED, Status.DUPLICATE) or result.event_id is None:
            raise ValidationError(why(result), code=result.reason)
        audit.record(by=by, action="answer_waived", kind="contact", row=clock.contact_id)
    return Event.objects.get(pk=result.event_id)


def _tries(clock: AnswerClock) -> int:
    """How often it was said and taken back: two who say it at once say it once."""
    said = Event.objects.filter(contact_id=clock.contact_id, type__key=WAIVED, retracted_at__isnull=False)
    return said.filter(properties__question=clock.last_question_id).count()
