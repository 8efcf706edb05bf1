"""Undo: what somebody just recorded is retracted, by them, within a day."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from django.core import signing
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from contacts.ingest import retract_event
from contacts.models import Contact, Event, Task
from contacts.tasking import drop_task
from crm.desk.doors import for_staff
from crm.desk.toasts import done, toast
from staff import audit
from staff.policy import Principal

UNDOABLE_FOR: Final = timedelta(hours=24)
_SALT: Final = "polku.undo"


def undo_token(principal: Principal, event_ids: Iterable[int], task_ids: Iterable[int] = ()) -> str:
    """What takes these events back, and the tasks made with them, in the hands of `principal` alone, for a day."""
    user_id = principal.user.pk if principal.user else None
    return signing.dumps([user_id, list(event_ids), list(task_ids)], salt=_SALT, compress=True)


def sealed(what: str, was: Any) -> str:
    """What was before a deed, for the address that takes it back. `what` names deed and row: it opens nothing else."""
    return signing.dumps(was, salt=f"{_SALT} {what}", compress=True)


def unsealed(what: str, token: str) -> Any:
    """What was sealed for the same, within a day; raises BadSignature for all else."""
    return signing.loads(token, salt=f"{_SALT} {what}", max_age=UNDOABLE_FOR)


@require_POST
@for_staff("events:write")
def undo(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    try:
        undone = undo_events(by=principal, token=request.POST.get("token", ""))
    except ValidationError as error:
        return toast(request, _back(request), " ".join(error.messages), tone="refused")
    said = ngettext("Undone.", "Undone for %(n)s.", undone) % {"n": undone}
    return toast(request, _back(request), said)


def undo_events(*, by: Principal, token: str) -> int:
    """Retract what the token names and still stands, drop its tasks; return how many events that were."""
    events, task_ids = _named(by, token)
    with transaction.atomic():
        for event in events:
            retract_event(event=event)
        if events:
            audit.record(by=by, action="undone", kind="event", row=events[0].pk, events=[event.pk for event in events])
            for task in Task.objects.open().filter(pk__in=task_ids, created_by=by.user):
                drop_task(task=task, by=by)
    if not events:
        raise ValidationError(_("This was undone already."), code="already_retracted")
    return len(events)


def _named(by: Principal, token: str) -> tuple[list[Event], list[int]]:
    """The events that stand, and the tasks; a token that is not theirs, or of people they see no more, is not found."""
    try:
        user_id, event_ids, *more = signing.loads(token, salt=_SALT, max_age=UNDOABLE_FOR)
    except signing.SignatureExpired as error:
        raise ValidationError(_("This can be undone for a day only."), code="too_late") from error
    except signing.BadSignature as error:
        raise Http404 from error
    if by.user is None or by.user.pk != user_id:
        raise Http404
    events = Event.objects.filter(pk__in=event_ids, by=by.user)
    seen = events.filter(contact__leader__in=Contact.objects.visible_to(by))
    if len(found := list(seen.select_related("type"))) < len(set(event_ids)):
        raise Http404
    return [event for event in found if event.retracted_at is None], more[0] if more else []


def _back(request: HttpRequest) -> HttpResponseBase:
    if request.htmx:  # type: ignore[attr-defined]
        return done()
    came_from = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(
        came_from, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return redirect(came_from if is_ours else "desk:path")
