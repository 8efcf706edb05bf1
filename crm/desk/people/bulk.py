"""Deeds to many people: who, what, a count before, then a job."""

from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from contacts.jobs import CHUNK, KINDS, UNDO, foresee, start_job, stop_job, take_step, undo_job
from contacts.models import Contact, Job
from contacts.replay_jobs import REPLAY
from crm.desk.doors import for_staff
from crm.desk.drawing import row_address
from crm.desk.finding import number_said, numbers_said
from crm.desk.people.asked import Asked
from crm.desk.people.sentences import Option
from crm.desk.people.vocabulary import Words, forget, words
from crm.desk.places import page
from crm.desk.toasts import done, toast
from crm.templatetags.polku import figure
from rest.telling import told
from staff.policy import Principal

NOBODY: Final = "none"
MOST_LEFT_SHOWN: Final = 50


@dataclass(frozen=True, slots=True)
class Control:
    """A part of the form of a deed."""

    name: str
    label: Any
    kind: str  # text | choice | area
    options: list[Option]
    is_needed: bool = True


_TITLES: Final = {
    "tag": gettext_lazy("Tag them"),
    "untag": gettext_lazy("Take a tag away"),
    "retag": gettext_lazy("Rename a tag"),
    "assign": gettext_lazy("Give them an owner"),
    "move": gettext_lazy("Move them on the path"),
    "replay": gettext_lazy("Replay from quarantine"),
}


def _controls(deed: str, known: Words) -> list[Control]:
    tags = [(tag, tag) for tag in known.all.tags]
    match deed:
        case "assign":
            users = [(str(one.id), one.name) for one in known.all.users if one.is_active]
            teams = [(str(one.id), one.name) for one in known.all.teams]
            nobody = [(NOBODY, _("nobody"))]
            found = [Control("owner", _("Owner"), "choice", nobody + users, is_needed=not teams)]
            if teams:
                found.append(Control("team", _("Team"), "choice", [(NOBODY, _("no team")), *teams], is_needed=False))
            return found
        case "move":
            stages: list[Option] = [(one.key, one) for one in known.all.stages]
            return [
                Control("stage", _("To which stage"), "choice", stages),
                Control("reason", _("What happened?"), "area", [], is_needed=False),
            ]
        case "retag":
            return [Control("tag", _("Tag"), "text", tags), Control("to", _("New name"), "text", tags)]
    return [Control("tag", _("Tag"), "text", tags)]


_NAMES: Final = {"move": ("stage", "reason"), "retag": ("tag", "to")}


def _params(deed: str, request: HttpRequest) -> dict[str, Any]:
    said = request.POST if request.method == "POST" else request.GET
    if deed != "assign":
        return {name: said.get(f"p.{name}", "") for name in _NAMES.get(deed, ("tag",))}
    found: dict[str, Any] = {}
    for name in ("owner", "team"):
        value = said.get(f"p.{name}", "")
        if value == NOBODY:
            found[name] = None
        elif (number := number_said(value)) is not None:
            found[name] = number
    return found


def choice_said(request: HttpRequest) -> dict[str, Any]:
    """Whom the address or the form speaks of: people chosen one by one, or everybody its filter finds."""
    said = request.POST if request.method == "POST" else request.GET
    if "all" in said:
        try:
            asked = Asked.of(said, words())
        except ValidationError as error:
            raise Http404 from error
        return {"filter": asked.document, "q": asked.q}
    return {"ids": numbers_said(said.getlist("id"))}


@for_staff("contacts:write")
def bulk_deed(request: HttpRequest, principal: Principal, deed: str) -> HttpResponseBase:
    """The form of a deed; sending it starts the job."""
    if deed not in KINDS:
        raise Http404
    params = _params(deed, request)
    if request.method != "POST":
        return _form(request, principal, deed, params)
    try:
        job = start_job(by=principal, kind=deed, params=params, choice=choice_said(request))
    except ValidationError as error:
        return _form(request, principal, deed, params, error)
    return begun(request, job, f"{reverse('desk:contact-list')}?{request.POST.get('back', '')}")


def begun(request: HttpRequest, job: Job, back: str) -> HttpResponseBase:
    """What follows a job that was just started: its page, or where one was when it is done already."""
    if job.total <= CHUNK:  # not worth a worker's while: it is done before anybody could look
        while take_step(job.pk):
            pass
        job.refresh_from_db()
    forget()
    if job.is_running:
        return redirect("desk:job", job.pk)
    return _toasted(request, redirect(back), job)


@for_staff("contacts:write")
def bulk_preview(request: HttpRequest, principal: Principal, deed: str) -> HttpResponse:
    """What the deed would do, counted while its form is filled in."""
    if deed not in KINDS:
        raise Http404
    try:
        foreseen = foresee(by=principal, kind=deed, params=_params(deed, request), choice=choice_said(request))
    except ValidationError:
        return HttpResponse("")
    return render(request, "desk/people/foreseen.html", {"foreseen": foreseen})


def _form(
    request: HttpRequest, principal: Principal, deed: str, params: dict[str, Any], error: ValidationError | None = None
) -> HttpResponse:
    said = request.POST if request.method == "POST" else request.GET
    choice = choice_said(request)
    asked = Asked.of(said, words()).query() if "all" in said else said.get("back", "")
    context = page(request) | {
        "title": _TITLES[deed],
        "deed": deed,
        "controls": _controls(deed, words()),
        "params": {name: NOBODY if value is None else str(value) for name, value in params.items()},
        "ids": choice.get("ids", []),
        "is_all": "ids" not in choice,
        "choice": choice,
        "asked": asked,
        "said": said,
        "error": " ".join(error.messages) if error else "",
    }
    return render(request, "desk/people/bulk_form.html", context, status=422 if error else 200)


def _toasted(request: HttpRequest, response: HttpResponseBase, job: Job) -> HttpResponseBase:
    undo = reverse("desk:job-undo", args=[job.pk]) if job.done and job.kind != UNDO else None
    return toast(request, response, said_of(job), undo=undo, tone="refused" if job.failure else "plain")


def said_of(job: Job) -> str:
    """What became of a job, in a sentence or two."""
    if job.failure:
        return job.failure
    done = {
        "tag": ngettext("%(n)s person is tagged “%(tag)s”.", "%(n)s people are tagged “%(tag)s”.", job.done),
        "untag": ngettext("%(n)s person lost the tag “%(tag)s”.", "%(n)s people lost the tag “%(tag)s”.", job.done),
        "retag": ngettext(
            "%(n)s person has “%(to)s” instead of “%(tag)s”.",
            "%(n)s people have “%(to)s” instead of “%(tag)s”.",
            job.done,
        ),
        "assign": ngettext("%(n)s person has a new owner.", "%(n)s people have a new owner.", job.done),
        "move": ngettext("%(n)s person is moved.", "%(n)s people are moved.", job.done),
        "replay": ngettext("%(n)s message is recorded.", "%(n)s messages are recorded.", job.done),
        UNDO: ngettext("Undone for %(n)s person.", "Undone for %(n)s people.", job.done),
    }
    said = done[job.kind] % {"n": figure(job.done), "tag": job.params.get("tag", ""), "to": job.params.get("to", "")}
    if job.left_alone:
        left = ngettext("%(n)s was left alone.", "%(n)s were left alone.", job.left_alone)
        said = f"{said} {left % {'n': figure(job.left_alone)}}"
    return said


# --- Jobs -------------------------------------------------------------------------------------------------------------


@for_staff("contacts:read")
def job_page(request: HttpRequest, principal: Principal, job_id: int) -> HttpResponse:
    """How far it is, whom it left alone and why."""
    job = _own(principal, job_id)
    undoing = Job.objects.filter(undoes=job).first()
    context = {
        "job": job,
        "title": _title(job),
        "said": said_of(job),
        "share": round(100 * job.seen / job.total) if job.total else 100 * (not job.is_running),
        "left": _left(job, principal),
        "undoing": undoing,
        "may_undo": job.done and not job.is_running and job.kind != UNDO and not undoing,
    }
    if request.headers.get("HX-Target") == "job":
        return render(request, "desk/people/job_part.html", context)
    return render(request, "desk/people/job.html", page(request) | context)


@require_POST
@for_staff("contacts:write")
def job_stop(request: HttpRequest, principal: Principal, job_id: int) -> HttpResponseBase:
    stop_job(by=principal, job=_own(principal, job_id))
    return redirect("desk:job", job_id)


@require_POST
@for_staff("contacts:write")
def job_undo(request: HttpRequest, principal: Principal, job_id: int) -> HttpResponseBase:
    job = _own(principal, job_id)
    back: HttpResponseBase = done() if request.htmx else redirect("desk:contact-list")  # type: ignore[attr-defined]
    try:
        undoing = undo_job(by=principal, job=job)
    except ValidationError as error:
        return toast(request, back, " ".join(error.messages), tone="refused")
    if undoing.total <= CHUNK:
        while take_step(undoing.pk):
            pass
        undoing.refresh_from_db()
    if undoing.is_running:
        return _led_to(request, reverse("desk:job", args=[undoing.pk]))
    return _toasted(request, back, undoing)


def _led_to(request: HttpRequest, address: str) -> HttpResponseBase:
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)


def _own(principal: Principal, job_id: int) -> Job:
    return get_object_or_404(Job.objects.visible_to(principal), pk=job_id)


def _title(job: Job) -> str:
    if job.kind == UNDO:
        return _("Undo")
    return str(_TITLES[job.kind])


def _left(job: Job, principal: Principal) -> dict[str, list[tuple[str, str]]]:
    """The first of those who were left alone, by the reason: the address and the name of each."""
    found: list[list[Any]] = []
    for left in job.chunks.exclude(left=[]).order_by("pk").values_list("left", flat=True)[:MOST_LEFT_SHOWN]:
        found += left[: MOST_LEFT_SHOWN - len(found)]
    place, names = "desk:quarantine-page", {}
    if job.kind != REPLAY:
        people = Contact.objects.visible_to(principal).filter(pk__in=[number for number, _code, _sentence in found])
        place, names = "desk:contact-page", {one.pk: str(one) for one in people}
    address = row_address(place)
    grouped: dict[str, list[tuple[str, str]]] = {}
    for number, _code, sentence in found:
        grouped.setdefault(told(sentence), []).append((address(number), names.get(number) or f"#{number}"))
    return grouped
