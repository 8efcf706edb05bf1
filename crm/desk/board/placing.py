"""A card put into another lane: a stage is decided, an owner is given; nobody's health is set by hand."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from contacts.ingest import record_staff_event
from contacts.models import Contact
from crm.desk.finding import number_said
from crm.desk.undoing import undo_token
from funnel.cards import Card
from funnel.models import Health, Stage
from funnel.moving import Moved, move_contacts
from staff.models import User
from staff.policy import Principal

NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Placed:
    said: str
    undo: str


@dataclass(frozen=True, slots=True)
class Stayed:
    """Why the card goes back. `lane` is where it belongs now, `person` whom the way out leads to."""

    said: str
    code: str
    lane: str = ""
    person: int | None = None


def place(
    principal: Principal, contact_id: int, *, by: str, lane: str, seen: str | None, reason: str
) -> Placed | Stayed:
    """Put somebody into a lane of the board whose lanes are `by`; `seen` is the lane their card was taken from."""
    match by:
        case "owner":
            return _owned(principal, contact_id, lane, seen)
        case "health":
            words = _("Health follows from orders: an order makes active, silence cools. Nobody sets it by hand.")
            return Stayed(words, "health", seen or "", contact_id)
    return _moved(principal, contact_id, lane, seen, reason)


def lane_of(by: str, card: Card, stages: Sequence[Stage]) -> str:
    match by:
        case "owner":
            return str(card.owner_id or NOBODY)
        case "health":
            return Health(card.health).name.lower() if card.health else ""
    return next((stage.key for stage in stages if stage.pk == card.stage_id), "")


def _moved(principal: Principal, contact_id: int, stage: str, seen: str | None, reason: str) -> Placed | Stayed:
    said = {} if seen is None else {contact_id: seen or None}
    [result] = move_contacts(principal, [contact_id], stage, reason, seen=said)
    if isinstance(result, Moved):
        label = str(Stage.objects.get(key=stage))
        words = _("%(name)s moved to %(stage)s") % {"name": result.name, "stage": label}
        return Placed(words, undo_token(principal, [result.event_id]))
    return Stayed(result.sentence, result.code, result.stage or "", result.leader or contact_id)


def _owned(principal: Principal, contact_id: int, lane: str, seen: str | None) -> Placed | Stayed:
    contact = Contact.objects.visible_to(principal).listed().filter(pk=contact_id).select_related("owner").first()
    if contact is None or principal.user is None:
        return Stayed(_("There is no such person."), "not_found")
    now = str(contact.owner_id or NOBODY)
    if seen is not None and seen != now:
        words = _("Somebody gave %(name)s to %(owner)s meanwhile.")
        return Stayed(words % {"name": contact, "owner": contact.owner or _("nobody")}, "owner_changed", now)
    owner = None if lane == NOBODY else User.objects.filter(is_active=True, pk=number_said(lane) or 0).first()
    if owner is None and lane != NOBODY:
        return Stayed(_("There is no such colleague any more."), "no_owner", now)
    try:
        event = record_staff_event(
            contact=contact,
            type="owner_changed",
            by=principal.user,
            properties={"owner": owner.pk if owner else None},
        )
    except ValidationError as error:
        return Stayed(" ".join(error.messages), "refused", now)
    words = _("%(name)s belongs to %(owner)s now") if owner else _("%(name)s belongs to nobody now")
    return Placed(words % {"name": contact, "owner": owner}, undo_token(principal, [event.pk]))
