"""What one can do on the page of a person, each deed with its form, the service that does it, and what is said then."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.mailing import GRACE_S, write_mail
from contacts.ingest import record_staff_event
from contacts.models import Contact, Event, TaskKind
from contacts.services import update_contact
from contacts.tasking import add_task
from crm.desk.person import forms
from crm.desk.undoing import undo_token
from funnel.models import Position, Standing
from funnel.moving import Moved, move_contacts
from staff.models import User
from staff.policy import Principal


@dataclass(frozen=True, slots=True)
class Done:
    """A deed that is done: what to say of it, and what takes it back."""

    text: str
    undo: str | None = None


@dataclass(frozen=True, slots=True)
class Deed:
    key: str
    icon: str
    label: Any
    form: type[forms.DeedForm]
    do: Callable[[Principal, Contact, Any], Done]
    save: Any
    shortcut: str = ""
    scope: str = "events:write"
    is_common: bool = False  # stands open beside the composer, not behind "more"
    fits: Callable[[Contact, Position], bool] = lambda contact, position: True


def _user(by: Principal) -> User:
    assert by.user
    return by.user


def _recorded(
    by: Principal, contact: Contact, type_: str, said: Mapping[str, Any], at: datetime | None = None
) -> Event:
    return record_staff_event(contact=contact, type=type_, by=_user(by), properties=said, occurred_at=at)


def _done(by: Principal, event: Event, text: str) -> Done:
    return Done(text, undo_token(by, [event.pk]))


def _followed(by: Principal, event: Event, form: forms.DeedForm, text: str, title: str, kind: TaskKind) -> Done:
    """What is said when it is done, with the task that was to follow; both are taken back together."""
    due_at = form.follows_at()
    if due_at is None or not by.may("contacts:write"):
        return _done(by, event, text)
    task = add_task(contact=form.contact, by=by, title=title, kind=kind, due_at=due_at)
    words = _("%(done)s “%(task)s” is to be done on %(day)s.")
    told = words % {"done": text, "task": title, "day": date_format(timezone.localtime(due_at), "SHORT_DATE_FORMAT")}
    return Done(told, undo_token(by, [event.pk], [task.pk]))


def _note(by: Principal, contact: Contact, form: forms.NoteForm) -> Done:
    event = _recorded(by, contact, "note_added", form.said(), form.cleaned_data["at"])
    return _followed(by, event, form, _("Noted."), _("Come back to the note"), TaskKind.TODO)


def _call(by: Principal, contact: Contact, form: forms.CallForm) -> Done:
    """Only a call in which somebody spoke is one; the others are tries, which nobody gets points for."""
    spoke = form.cleaned_data["outcome"] in {"answered", "call_back"}
    event = _recorded(by, contact, "call_held" if spoke else "call_tried", form.said(), form.cleaned_data["at"])
    title = _("Call after the last talk") if form.cleaned_data["outcome"] == "answered" else _("Call again")
    return _followed(by, event, form, _("The call is logged."), title, TaskKind.CALL)


def _meeting(by: Principal, contact: Contact, form: forms.MeetingForm) -> Done:
    event = _recorded(by, contact, "meeting_held", form.said(), form.cleaned_data["at"])
    return _followed(by, event, form, _("The meeting is logged."), _("Come back to the meeting"), TaskKind.TODO)


def _task(by: Principal, contact: Contact, form: forms.TaskForm) -> Done:
    task = add_task(contact=contact, by=by, **form.task())
    return Done(_("The task is on the list."), reverse("desk:task-drop", args=[task.pk]))


def _postpone(by: Principal, contact: Contact, form: forms.PostponeForm) -> Done:
    event = _recorded(by, contact, "postponed", form.said())
    until = date_format(form.cleaned_data["until"], "SHORT_DATE_FORMAT")
    return _done(by, event, _("%(name)s comes back on %(date)s.") % {"name": contact, "date": until})


def _close(by: Principal, contact: Contact, form: forms.CloseForm) -> Done:
    """Whoever bought has a relationship that ends; the others never had one."""
    bought = Position.objects.filter(contact=contact, health__isnull=False).exists()
    event = _recorded(by, contact, "relationship_ended" if bought else "disqualified", form.said())
    return _done(by, event, _("%(name)s is closed.") % {"name": contact})


def _reopen(by: Principal, contact: Contact, form: forms.ReopenForm) -> Done:
    event = _recorded(by, contact, "reopened", form.said())
    return _done(by, event, _("%(name)s is open again.") % {"name": contact})


def _owner(by: Principal, contact: Contact, form: forms.OwnerForm) -> Done:
    owner = form.cleaned_data["owner"]
    words = _("%(owner)s is responsible for %(name)s.") if owner else _("Nobody is responsible for %(name)s.")
    text = words % {"owner": owner, "name": contact}
    if contact.owner_id == (owner.pk if owner else None):
        return Done(text)
    update_contact(contact=contact, by=by, attributes={"owner": owner.pk if owner else None})
    changed = Event.objects.standing().filter(contact=contact, type__key="owner_changed", by=by.user)
    return _done(by, changed.latest("pk"), text)


def _move(by: Principal, contact: Contact, form: forms.MoveForm) -> Done:
    said = form.cleaned_data
    seen = {contact.pk: said["seen"]} if said["seen"] else None
    [moved] = move_contacts(by, [contact.pk], said["stage"], said["reason"], seen=seen)
    if not isinstance(moved, Moved):
        raise ValidationError({"stage": ValidationError(moved.sentence, code=moved.code)})
    stage = dict(form.fields["stage"].choices)[said["stage"]]  # type: ignore[attr-defined]
    words = _("%(name)s moved to %(stage)s.") % {"name": contact, "stage": stage}
    return Done(words, undo_token(by, [moved.event_id]))


def _consent(by: Principal, contact: Contact, form: forms.ConsentForm) -> Done:
    given = form.cleaned_data["given"] == "given"
    type_ = "consent_given" if given else "consent_withdrawn"
    event = _recorded(by, contact, type_, form.said(), form.cleaned_data["at"])
    return _done(by, event, _("The permission is on record.") if given else _("The withdrawal is on record."))


def _write(by: Principal, contact: Contact, form: forms.WriteForm) -> Done:
    said = form.cleaned_data
    mail = write_mail(contact=contact, by=by, address=said["to"], subject=said["subject"], body=said["body"])
    words = _("The letter to %(name)s goes out in %(n)s seconds.") % {"name": contact, "n": GRACE_S}
    return Done(words, reverse("desk:mail-take-back", args=[mail.pk]))


def _can_be_written_to(contact: Contact, position: Position) -> bool:
    return bool(contact.emails)


def _is_open(contact: Contact, position: Position) -> bool:
    return position.standing != Standing.CLOSED


def _can_wait(contact: Contact, position: Position) -> bool:
    return position.standing == Standing.OPEN


def _can_reopen(contact: Contact, position: Position) -> bool:
    return position.standing != Standing.OPEN


def _on_path(contact: Contact, position: Position) -> bool:
    return position.stage_id is not None and position.standing != Standing.CLOSED


DEEDS: Final[dict[str, Deed]] = {
    deed.key: deed
    for deed in (
        Deed(
            "note", "sticky-note", gettext_lazy("Note"), forms.NoteForm, _note, gettext_lazy("Save the note"), "n",
            is_common=True,
        ),
        Deed(
            "call", "phone", gettext_lazy("Call"), forms.CallForm, _call, gettext_lazy("Log the call"), "c",
            is_common=True,
        ),
        Deed(
            "meeting", "calendar", gettext_lazy("Meeting"), forms.MeetingForm, _meeting,
            gettext_lazy("Log the meeting"), "m", is_common=True,
        ),
        Deed(
            "task", "square-check", gettext_lazy("Task"), forms.TaskForm, _task, gettext_lazy("Add the task"), "t",
            scope="contacts:write", is_common=True,
        ),
        Deed(
            "write", "mail", gettext_lazy("Write"), forms.WriteForm, _write, gettext_lazy("Send"), "w",
            scope="mail:send", is_common=True, fits=_can_be_written_to,
        ),
        Deed(
            "move", "route", gettext_lazy("Move on the path"), forms.MoveForm, _move, gettext_lazy("Move"),
            fits=_on_path,
        ),
        Deed(
            "later", "calendar-clock", gettext_lazy("Not now"), forms.PostponeForm, _postpone,
            gettext_lazy("Not now"), fits=_can_wait,
        ),
        Deed(
            "close", "circle-x", gettext_lazy("Close"), forms.CloseForm, _close, gettext_lazy("Close"), fits=_is_open
        ),
        Deed(
            "reopen", "rotate-ccw", gettext_lazy("Reopen"), forms.ReopenForm, _reopen, gettext_lazy("Reopen"),
            fits=_can_reopen,
        ),
        Deed(
            "owner", "user-round", gettext_lazy("Change owner"), forms.OwnerForm, _owner, gettext_lazy("Change owner"),
            scope="contacts:write",
        ),
        Deed(
            "consent", "shield-check", gettext_lazy("Record a permission"), forms.ConsentForm, _consent,
            gettext_lazy("Record"),
        ),
    )
}  # fmt: skip


def open_to(by: Principal, contact: Contact, position: Position) -> list[Deed]:
    """The deeds that make sense now, for somebody who may do them."""
    return [deed for deed in DEEDS.values() if by.may(deed.scope) and deed.fits(contact, position)]
