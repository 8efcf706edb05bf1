"""The tags there are: how many have each, and one way to rename, join or delete one for everybody it was given to."""

from typing import Any, Final

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from contacts.attributes import LONGEST_TAG
from contacts.jobs import foresee, start_job
from contacts.tagging import SHOWN, tags_in_use
from crm.desk.doors import for_staff
from crm.desk.people.bulk import begun
from crm.desk.people.vocabulary import words
from crm.desk.places import page
from crm.desk.toasts import toast
from staff.policy import Principal

_HAS: Final = {"field": "tag"}


@require_GET
@for_staff("contacts:read")
def tag_list(request: HttpRequest, principal: Principal) -> HttpResponse:
    begins = request.GET.get("q", "").strip().replace("\0", "")[:LONGEST_TAG]
    found = tags_in_use(principal, begins=begins)
    context = {"tags": found, "q": begins, "is_cut": len(found) == SHOWN, "may_write": principal.may("contacts:write")}
    return render(request, "desk/people/tags.html", page(request) | context)


@for_staff("contacts:write")
def tag_rename(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    """Another name for a tag; the name of another tag makes the two one."""
    said = request.POST if request.method == "POST" else request.GET
    tag, to = said.get("tag", ""), said.get("to", "")
    if request.method != "POST":
        return _form(request, principal, tag, tag)
    try:
        job = start_job(by=principal, kind="retag", params={"tag": tag, "to": to}, choice=_who_has(tag))
    except ValidationError as error:
        return _form(request, principal, tag, to, error)
    return begun(request, job, reverse("desk:tag-list"))


@require_POST
@for_staff("contacts:write")
def tag_delete(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    tag = request.POST.get("tag", "")
    try:
        job = start_job(by=principal, kind="untag", params={"tag": tag}, choice=_who_has(tag))
    except ValidationError as error:
        return toast(request, redirect("desk:tag-list"), " ".join(error.messages), tone="refused")
    return begun(request, job, reverse("desk:tag-list"))


def _who_has(tag: str) -> dict[str, Any]:
    return {"filter": {**_HAS, "is": tag}}


def _form(
    request: HttpRequest, principal: Principal, tag: str, to: str, error: ValidationError | None = None
) -> HttpResponse:
    try:
        people = foresee(by=principal, kind="untag", params={"tag": tag}, choice=_who_has(tag)).total
    except ValidationError:
        people = 0
    context = page(request) | {
        "title": _("Rename a tag"),
        "tag": tag,
        "to": to,
        "people": people,
        "known": words().all.tags,
        "longest": LONGEST_TAG,
        "error": " ".join(error.messages) if error else "",
    }
    return render(request, "desk/people/tag_form.html", context, status=422 if error else 200)
