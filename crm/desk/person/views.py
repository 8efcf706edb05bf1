"""The page of a person: parse, ask one service, answer."""

from http import HTTPStatus

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns.mailing import GRACE_S, send_mail_again, take_back_mail
from campaigns.models import Mail
from contacts.ingest import retract_event
from contacts.models import Contact, Event, Task
from contacts.models.tasks import TaskQuerySet
from contacts.tasking import drop_task, finish_task, reopen_task
from crm.desk.doors import for_staff
from crm.desk.person.composer import Composer, composer_for, position_of
from crm.desk.person.deeds import DEEDS
from crm.desk.person.editing import EditForm, save_details
from crm.desk.person.meeting import meet
from crm.desk.person.reach import own_leader, visible
from crm.desk.places import page
from crm.desk.toasts import done, toast
from funnel.explaining import explain, stage_without
from funnel.models import Position, Stage, Transition
from staff.policy import Principal


@require_GET
@for_staff("contacts:read")
def contact_page(request: HttpRequest, principal: Principal, contact_id: int) -> HttpResponseBase:
    contact = visible(principal, contact_id)
    if contact.leader_id != contact.pk:
        return redirect("desk:contact-page", contact.leader_id)
    deed = request.GET.get("do", "")
    position = position_of(contact)
    composer = composer_for(principal, contact, position, deed if deed in DEEDS else "")
    return _page(request, principal, contact, position, composer)


@require_http_methods(["GET", "HEAD", "POST"])
@for_staff("events:write")
def contact_deed(request: HttpRequest, principal: Principal, contact_id: int, deed: str) -> HttpResponseBase:
    """The composer with one deed: asked for, or done."""
    contact = own_leader(principal, contact_id)
    if deed not in DEEDS:
        raise Http404
    if not principal.may(DEEDS[deed].scope):
        raise PermissionDenied
    position = position_of(contact)
    if request.method != "POST":
        if request.htmx:  # type: ignore[attr-defined]
            composer = composer_for(principal, contact, position, deed)
            return render(request, "desk/person/composer.html", {"contact": contact, "composer": composer})
        return redirect(f"{reverse('desk:contact-page', args=[contact.pk])}?do={deed}#composer")
    composer = composer_for(principal, contact, position, deed, request.POST)
    deed_done = composer.carry_out(principal, contact)
    if deed_done is None:
        return _page(request, principal, contact, position, composer, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return toast(request, redirect("desk:contact-page", contact.pk), deed_done.text, undo=deed_done.undo)


@require_http_methods(["GET", "HEAD", "POST"])
@for_staff("contacts:write")
def contact_edit(request: HttpRequest, principal: Principal, contact_id: int) -> HttpResponseBase:
    """The details in place, as a form; saved only over what its author saw."""
    contact = own_leader(principal, contact_id)
    form = EditForm(contact, request.POST if request.method == "POST" else None)
    position = position_of(contact)
    composer = composer_for(principal, contact, position)
    if request.method != "POST":
        if request.htmx:  # type: ignore[attr-defined]
            return render(request, "desk/person/details.html", {"contact": contact, "editing": form})
        return _page(request, principal, contact, position, composer, editing=form)
    saved = save_details(principal, contact, form)
    if saved is None:
        refused = HTTPStatus.UNPROCESSABLE_ENTITY
        return _page(request, principal, contact, position, composer, status=refused, editing=form)
    return toast(request, redirect("desk:contact-page", contact.pk), saved.text, undo=saved.undo)


@require_GET
@for_staff("contacts:read")
def contact_why(request: HttpRequest, principal: Principal, contact_id: int, move_id: int) -> HttpResponseBase:
    """By which fact and which rule somebody was moved once, for a line that tells of the move."""
    contact = own_leader(principal, contact_id)
    move = get_object_or_404(Transition.objects.live().filter(contact=contact), pk=move_id)
    [why] = explain([move])
    return render(request, "desk/person/why.html", {"why": why})


@require_GET
@for_staff("contacts:read")
def contact_without(request: HttpRequest, principal: Principal, contact_id: int, event_id: int) -> HttpResponseBase:
    """Where they would stand without one event: a sentence, or nothing."""
    contact = own_leader(principal, contact_id)
    members = list(Contact.objects.led_by([contact.pk]).values_list("pk", flat=True))
    event = get_object_or_404(Event.objects.select_related("type"), pk=event_id, contact__in=members)
    stage = Stage.objects.filter(key=stage_without(members, event.pk)).first()
    return render(request, "desk/person/without.html", {"contact": contact, "event": event, "stage": stage})


@require_POST
@for_staff("events:write")
def event_retract(request: HttpRequest, principal: Principal, contact_id: int, event_id: int) -> HttpResponseBase:
    """Take back what one recorded oneself; of others' facts that is for programs and for the figures to know."""
    contact = own_leader(principal, contact_id)
    own = Event.objects.filter(contact__in=Contact.objects.led_by([contact.pk]), by=principal.user)
    event = get_object_or_404(own.select_related("type"), pk=event_id)
    back = redirect("desk:contact-page", contact.pk)
    try:
        retract_event(event=event, by=principal)
    except ValidationError as error:
        return toast(request, back, " ".join(error.messages), tone="refused")
    return toast(
        request, back, _("Taken back: %(what)s. It stays to be read, and moves nobody.") % {"what": event.type}
    )


@require_POST
@for_staff("contacts:write")
def task_done(request: HttpRequest, principal: Principal, task_id: int) -> HttpResponseBase:
    task = _task(principal, task_id)
    try:
        finish_task(task=task, by=principal)
    except ValidationError as error:
        return toast(request, back_to(request, task), " ".join(error.messages), tone="refused")
    words = _("Done: %(task)s") % {"task": task}
    return toast(request, back_to(request, task), words, undo=reverse("desk:task-reopen", args=[task.pk]))


@require_POST
@for_staff("contacts:write")
def task_reopen(request: HttpRequest, principal: Principal, task_id: int) -> HttpResponseBase:
    task = _task(principal, task_id)
    try:
        reopen_task(task=task, by=principal)
    except ValidationError as error:
        return toast(request, back_to(request, task), " ".join(error.messages), tone="refused")
    return toast(request, back_to(request, task), _("Back on the list: %(task)s") % {"task": task})


@require_POST
@for_staff("contacts:write")
def task_drop(request: HttpRequest, principal: Principal, task_id: int) -> HttpResponseBase:
    """Undo of making it."""
    task = _task(principal, task_id)
    answer = back_to(request, task)
    drop_task(task=task, by=principal)
    return toast(request, answer, _("The task is off the list."))


@require_POST
@for_staff("mail:send")
def mail_take_back(request: HttpRequest, principal: Principal, mail_id: int) -> HttpResponseBase:
    mail = get_object_or_404(Mail.objects.visible_to(principal).select_related("contact"), pk=mail_id)
    back = done() if request.htmx else redirect("desk:contact-page", mail.contact.leader_id)  # type: ignore[attr-defined]
    try:
        take_back_mail(mail=mail, by=principal)
    except ValidationError as error:
        return toast(request, back, " ".join(error.messages), tone="refused")
    return toast(request, back, _("The letter does not go out."))


@require_POST
@for_staff("mail:send")
def mail_again(request: HttpRequest, principal: Principal, mail_id: int) -> HttpResponseBase:
    """A letter that did not go, or of which nobody can tell, goes out again if the gate lets it."""
    mail = get_object_or_404(Mail.objects.visible_to(principal).select_related("contact"), pk=mail_id)
    back = done() if request.htmx else redirect("desk:contact-page", mail.contact.leader_id)  # type: ignore[attr-defined]
    try:
        send_mail_again(mail=mail, by=principal)
    except ValidationError as error:
        return toast(request, back, " ".join(error.messages), tone="refused")
    words = _("The letter goes out again in %(n)s seconds.") % {"n": GRACE_S}
    return toast(request, back, words, undo=reverse("desk:mail-take-back", args=[mail.pk]))


def _page(
    request: HttpRequest,
    principal: Principal,
    contact: Contact,
    position: Position,
    composer: Composer,
    *,
    status: int = HTTPStatus.OK,
    editing: EditForm | None = None,
) -> HttpResponse:
    met = meet(request, principal, contact, position)
    may_edit = principal.may("contacts:write") and not contact.erased_at
    context = page(request) | {"met": met, "composer": composer, "editing": editing, "may_edit": may_edit}
    context["may_erase"] = principal.may("contacts:erase") and not contact.erased_at
    context["may_keep"] = principal.may("playbooks:write") and not contact.erased_at
    context["may_write_mail"] = principal.may("mail:send")
    return render(request, "desk/contact_page.html", context, status=status)


def visible_tasks(principal: Principal) -> TaskQuerySet:
    return Task.objects.visible_to(principal).select_related("contact__leader")


def _task(principal: Principal, task_id: int) -> Task:
    return get_object_or_404(visible_tasks(principal), pk=task_id)


def back_to(request: HttpRequest, task: Task) -> HttpResponseBase:
    """Where the task was ticked off: a part of a page hears that it is done, a page is shown again."""
    if request.htmx:  # type: ignore[attr-defined]
        return done()
    return redirect("desk:contact-page", task.contact.leader_id)
