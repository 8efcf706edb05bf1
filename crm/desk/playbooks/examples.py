"""Examples of a draft: written, taken from somebody's path, dropped, or made to expect what comes."""

from dataclasses import replace
from http import HTTPStatus
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from contacts.models import Contact
from crm.desk.doors import for_staff
from crm.desk.finding import number_said
from crm.desk.playbooks.drafting import draft_found, draft_view, meanwhile, seen_version
from crm.desk.playbooks.happenings import Row, rows_said
from crm.desk.playbooks.stories import NEW, Opened, example_said
from crm.desk.toasts import toast
from funnel import faults
from funnel.examples import examples_of, try_examples
from funnel.keeping import keep_example, newest_draft
from funnel.models import Backtest, Playbook, PlaybookDraft
from funnel.publishing import FaultyPlaybookError, StaleDraftError, check_draft, document_of, save_draft
from staff.policy import Principal


@require_POST
@for_staff("playbooks:write")
def example_save(request: HttpRequest, principal: Principal, draft_id: int, place: str) -> HttpResponseBase:
    """Keep what the form says, in the place of the example or as a new one; or show it with a row more or less."""
    draft = draft_found(draft_id)
    examples, typed = examples_of(document_of(draft)), example_said(request.POST)
    if "more" in request.POST or "less" in request.POST:
        return draft_view(request, principal, draft, example=Opened(place, typed, _rows(request)))
    if place == NEW:
        place, examples = str(len(examples)), [*examples, typed]
    else:
        examples[_within(place, examples)] = typed
    try:
        draft = _keep(request, draft, examples)
    except StaleDraftError as error:
        now, status = draft_found(error.draft.pk), HTTPStatus.UNPROCESSABLE_ENTITY
        return draft_view(request, principal, now, example=Opened(place, typed), stale=now, status=status)
    is_faulty = any(one.pointer.startswith(f"/examples/{place}/") for one in check_draft(draft))
    return redirect(_here(draft, place if is_faulty else ""))


@require_POST
@for_staff("playbooks:write")
def example_deed(request: HttpRequest, principal: Principal, draft_id: int, place: str, deed: str) -> HttpResponseBase:
    """Drop it, or expect from now on what comes of it; or put back one of the newest version that was dropped."""
    draft = draft_found(draft_id)
    document = document_of(draft)
    examples = examples_of(document)
    known = examples_of(Playbook.objects.latest("number").document)
    at = _within(place, known if deed == "put-back" else examples)
    if deed == "put-back":
        examples = [one for one in examples if one.get("name") != known[at]["name"]] + [known[at]]
    elif deed == "drop":
        del examples[at]
    elif deed == "accept" and not check_draft(draft):
        verdict = try_examples(document)[at]
        examples[at] = {**examples[at], "then": {name: verdict.came[name] for name in verdict.expected}}
    else:
        raise Http404
    try:
        _keep(request, draft, examples)
    except StaleDraftError:
        return toast(request, redirect(_here(draft)), meanwhile(), tone="refused")
    return redirect(_here(draft))


@require_POST
@for_staff("playbooks:write")
def example_of_somebody(request: HttpRequest, principal: Principal, contact_id: int) -> HttpResponseBase:
    """Somebody's path so far as an example: of the draft of a backtest, or of the one that is being worked on."""
    people = Contact.objects.visible_to(principal).leaders().filter(erased_at=None)
    contact = get_object_or_404(people, pk=contact_id)
    asked = number_said(request.POST.get("backtest", ""))
    backtest = None if asked is None else get_object_or_404(Backtest.objects.of_drafts(), pk=asked)
    draft = (backtest and backtest.draft) or newest_draft(principal)
    try:
        keep_example(draft=draft, leader=contact.pk, until=backtest.until if backtest else None)
    except FaultyPlaybookError as error:
        words = _("The draft has faults: mend them first. %(fault)s")
        fault = faults.sentence(error.findings[0], faults.named_stages())
        return toast(request, redirect("desk:draft", draft.pk), words % {"fault": fault}, tone="refused")
    except ValidationError as error:
        return toast(request, redirect("desk:contact-page", contact.pk), " ".join(error.messages), tone="refused")
    return toast(request, redirect(_here(draft)), _("Kept as an example, without name or texts."))


def _keep(request: HttpRequest, draft: PlaybookDraft, examples: list[Any]) -> PlaybookDraft:
    document = {**document_of(draft), "examples": examples}
    return save_draft(draft=draft, seen=seen_version(request), document=document)


def _rows(request: HttpRequest) -> list[Row]:
    """What was typed, with an empty row more, or without the one that is to go."""
    rows = [row for row in rows_said(request.POST) if str(row.place) != request.POST.get("less")]
    day = rows[-1].day if rows else "0"
    last = [Row(len(rows), day, is_new=True)] if "more" in request.POST or not rows else []
    return [replace(row, place=place) for place, row in enumerate([*rows, *last])]


def _within(place: str, examples: list[Any]) -> int:
    number = number_said(place)
    if number is None or number >= len(examples):
        raise Http404
    return number


def _here(draft: PlaybookDraft, opened: str = "") -> str:
    asked = f"?example={opened}" if opened else ""
    return f"{reverse('desk:draft', args=[draft.pk])}{asked}#examples"
