"""New leads that nobody owns are given to somebody, by the rules a manager set.

Becoming a lead sets it off, as an effect: at most once an entry, not for what was brought in or came late, and only if
the entry still stands. The rule's row is the mutex of its turns. What a person decides is never overwritten: the event
is dated at the entry, so whoever says anything of the owner after that is heard.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.catalogue import STAFF_SOURCE
from contacts.ingest import record_events, retract_event
from contacts.locking import lock_people
from contacts.messages import ContactRef, Message
from contacts.models import AnswerClock, Contact, Event, NoticeKind, Source
from contacts.noticing import notify
from contacts.results import Status
from crm.models import Assignment, AssignmentMethod, AssignmentRule, AssignmentTurn
from funnel.effects import EffectKind
from funnel.models import Dimension, Effect, Position, Stage, Standing, Transition
from staff import audit
from staff.models import Role, Team, User
from staff.policy import Principal

KIND: Final = "assign"
LEAD: Final = "lead"
OWNER: Final = "owner_changed"


def wanted() -> set[int]:
    return {int(Dimension.STAGE)} if AssignmentRule.objects.exists() else set()


def targets() -> set[int]:
    return set(Stage.objects.filter(key=LEAD).values_list("pk", flat=True))


def run(effects: list[Effect]) -> None:
    """Give away those who became leads; each is one transaction's work already."""
    leads = targets()
    for effect in effects:
        if effect.target in leads:
            assign_lead(effect.contact_id, visit=effect.visit)


EFFECT_KIND: Final = EffectKind(wanted, run, gettext_lazy("leads given to an owner"), targets)


def assign_lead(contact_id: int, *, visit: int = 1) -> Assignment | None:
    """Give this person to the next of the first rule that fits; nothing where somebody owns, or decided, already."""
    with transaction.atomic():
        rules = list(AssignmentRule.objects.select_for_update(no_key=True).order_by("place", "pk"))
        people = lock_people([contact_id])
        [(leader_id, members)] = people.items()
        leader = Contact.objects.get(pk=leader_id)
        if leader.erased_at or leader.owner_id or _was_decided(members):
            return None
        rule = next((rule for rule in rules if _fits(rule, leader)), None)
        if rule is None:
            return None
        user = _next(rule)
        if user is None:
            _tell_nobody_free(rule, leader)
            return None
        return _give(rule, leader, user, visit)


def undo_assignment(*, assignment: Assignment, by: Principal) -> None:
    """Take the lead away from whom the rule gave it; the log says both."""
    with transaction.atomic():
        if not Assignment.objects.filter(pk=assignment.pk, undone_at=None).update(undone_at=Now()):
            raise ValidationError(_("This was undone already."), code="already_retracted")
        retract_event(event=Event.objects.get(pk=assignment.event_id))
        audit.record(by=by, action="assignment_undone", kind="contact", row=assignment.contact_id)


def save_rule(
    *,
    by: Principal,
    team: Team,
    method: str,
    sources: Sequence[int] = (),
    countries: Sequence[str] = (),
    place: int = 1,
) -> AssignmentRule:
    """Make a rule for the leads to come."""
    said = {"team": team, "method": method, "sources": sources, "countries": countries, "place": place}
    with transaction.atomic():
        return _set(AssignmentRule(), by, said)


def change_rule(*, rule: AssignmentRule, by: Principal, **changes: Any) -> AssignmentRule:
    """Change what is said of it; leads that came before stay with whom they were given to, and turns go on."""
    with transaction.atomic():
        return _set(AssignmentRule.objects.select_for_update(no_key=True).get(pk=rule.pk), by, changes)


def _set(rule: AssignmentRule, by: Principal, said: Mapping[str, Any]) -> AssignmentRule:
    for name, value in said.items():
        setattr(rule, name, sorted(set(value)) if name in ("sources", "countries") else value)
    rule.full_clean()
    rule.save()
    now = {name: getattr(rule, name) for name in ("method", "sources", "countries", "place")}
    audit.record(by=by, action="assignment_rule_set", kind="team", row=rule.team_id, rule=rule.pk, **now)
    return rule


def drop_rule(*, rule: AssignmentRule, by: Principal) -> None:
    with transaction.atomic():
        audit.record(by=by, action="assignment_rule_dropped", kind="team", row=rule.team_id, rule=rule.pk)
        rule.delete()


def forget_assignments(members: Sequence[int]) -> None:
    """Whom an erased person was given to."""
    Assignment.objects.filter(contact__in=members).delete()


# --- Who is next ------------------------------------------------------------------------------------------------------


def _was_decided(members: Sequence[int]) -> bool:
    """Whether anybody ever said whose they are, also that they are nobody's."""
    return Event.objects.standing().filter(contact_id__in=members, type__key=OWNER).exists()


def _fits(rule: AssignmentRule, leader: Contact) -> bool:
    return (not rule.sources or leader.origin_source_id in rule.sources) and (
        not rule.countries or leader.country in rule.countries
    )


def _next(rule: AssignmentRule) -> User | None:
    """Whoever is there and got one longest ago, or has least to do; equal ones in turn."""
    there = User.objects.filter(team=rule.team, is_active=True, is_away=False).exclude(role=Role.READ_ONLY)
    users = list(there.order_by("pk"))
    last = dict(AssignmentTurn.objects.filter(rule=rule).values_list("user", "last"))
    busy = _busy([user.pk for user in users]) if rule.method == AssignmentMethod.LEAST_BUSY else {}
    return min(users, key=lambda user: (busy.get(user.pk, 0), last.get(user.pk, 0), user.pk), default=None)


def _busy(user_ids: Sequence[int]) -> Mapping[int, int]:
    """Open leads, and answers in hand, of each."""
    lead = Stage.objects.filter(key=LEAD).values("pk")[:1]
    leads = Position.objects.filter(
        contact__owner__in=user_ids, contact__is_listed=True, stage_id=lead, standing=Standing.OPEN
    )
    counts = dict(leads.values_list("contact__owner").annotate(n=Count("pk")))
    in_hand = AnswerClock.objects.running().filter(Q(holder__in=user_ids) | Q(holder=None, contact__owner__in=user_ids))
    for holder, owner in in_hand.values_list("holder", "contact__owner"):
        counts[holder or owner] = counts.get(holder or owner, 0) + 1
    return counts


def _give(rule: AssignmentRule, leader: Contact, user: User, visit: int) -> Assignment | None:
    why = {"rule": rule.pk, "method": rule.method, "team": str(rule.team)}
    message = Message(
        message_id=f"assign:{leader.pk}:{visit}",
        type=OWNER,
        contact=ContactRef(id=leader.pk),
        occurred_at=_entered_at(leader),
        properties={"owner": user.pk, "by_rule": why},
    )
    [result] = record_events(source=Source.objects.get(key=STAFF_SOURCE), messages=[message])
    if result.status != Status.ACCEPTED or result.event_id is None:  # given away at this entry before, and undone
        return None
    _count_turn(rule, user)
    notify([user], NoticeKind.GIVEN, f"given:{leader.pk}:{visit}", contact_id=leader.pk)
    return Assignment.objects.create(rule=rule, contact=leader, user=user, event_id=result.event_id, method=rule.method)


def _entered_at(leader: Contact) -> Any:
    """When they became a lead; what somebody says of their owner after that counts."""
    entry = Transition.objects.live().filter(
        contact=leader, dimension=Dimension.STAGE, to_value__in=Stage.objects.filter(key=LEAD).values("pk")
    )
    return entry.order_by("-occurred_at").values_list("occurred_at", flat=True).first()


def _count_turn(rule: AssignmentRule, user: User) -> None:
    turns = AssignmentTurn.objects.filter(rule=rule)
    number = (turns.order_by("-last").values_list("last", flat=True).first() or 0) + 1
    AssignmentTurn.objects.get_or_create(rule=rule, user=user)
    turns.filter(user=user).update(given=F("given") + 1, last=number)


def _tell_nobody_free(rule: AssignmentRule, leader: Contact) -> None:
    leading = list(User.objects.filter(role__in=[Role.MANAGER, Role.ADMIN], is_active=True))
    managers = [user for user in leading if user.role == Role.MANAGER] or leading
    whom = [user for user in managers if user.team_id == rule.team_id] or managers
    notify(whom, NoticeKind.NOBODY_FREE, f"nobody:{leader.pk}", contact_id=leader.pk)
