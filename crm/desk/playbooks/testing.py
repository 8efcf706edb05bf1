"""Backtests and proofs: begun, watched, stopped, and opened down to one person."""

import re
from datetime import date, datetime, time, timedelta
from http import HTTPStatus
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from contacts.models import Contact, EventType
from crm.desk.doors import for_staff
from crm.desk.finding import day_said, number_said, there
from crm.desk.palette.finding import people_called
from crm.desk.places import page
from crm.desk.playbooks import showing
from crm.desk.playbooks.forecast import Forecast
from crm.desk.toasts import toast
from funnel import faults
from funnel.backtesting import progress_of, start_backtest, start_proof, stop_backtest
from funnel.explaining import Words
from funnel.histories import histories_of
from funnel.models import Backtest, BacktestPerson, PlaybookDraft
from funnel.pictures import sees_everyone
from funnel.publishing import FaultyPlaybookError
from funnel.reading import micros, moment_of
from funnel.trying import try_on
from staff.policy import Principal

A_PAGE: Final = 50
_LINE: Final = re.compile(r"(-?\d{1,17})~(\d{1,17})", re.ASCII)


@require_POST
@for_staff("playbooks:write")
def backtest_start(request: HttpRequest, principal: Principal, draft_id: int) -> HttpResponseBase:
    draft = get_object_or_404(PlaybookDraft, pk=draft_id)
    back = redirect(f"{reverse('desk:draft', args=[draft.pk])}#backtest")
    said = request.POST.get("since", "")
    day = day_said(said)
    if said and day is None:
        return toast(request, back, _("Choose a day."), tone="refused")
    since = timezone.make_aware(datetime.combine(day, time.min)) if day else None
    try:
        start_backtest(draft=draft, since=since, by=principal)
    except FaultyPlaybookError as error:
        stages = {stage.key: str(stage) for stage in showing.stages()}
        words = _("The draft has faults: mend them first. %(fault)s")
        return toast(request, back, words % {"fault": faults.sentence(error.findings[0], stages)}, tone="refused")
    except ValidationError as error:
        return toast(request, back, " ".join(error.messages), tone="refused")
    return back


@require_GET
@for_staff("playbooks:read")
def backtest_beside(request: HttpRequest, principal: Principal, draft_id: int) -> HttpResponse:
    """How far it is; when it is done, what it found."""
    draft = get_object_or_404(PlaybookDraft, pk=draft_id)
    context = showing.beside(draft, principal) | {"draft": draft, "may_write": principal.may("playbooks:write")}
    return render(request, "desk/playbooks/beside.html", context)


@require_POST
@for_staff("playbooks:write")
def backtest_stop(request: HttpRequest, principal: Principal, backtest_id: int) -> HttpResponseBase:
    backtest = get_object_or_404(Backtest, pk=backtest_id)
    stop_backtest(backtest=backtest, by=principal)
    return redirect("desk:draft", backtest.draft_id) if backtest.draft_id else redirect("desk:playbook")


@require_GET
@for_staff("playbooks:read")
def backtest_page(request: HttpRequest, principal: Principal, backtest_id: int) -> HttpResponse:
    """All that it found, and everybody who differs, a page at a time."""
    backtest = _done(backtest_id)
    elsewhere = request.GET.get("who") != "otherwise"
    rows = BacktestPerson.objects.visible_to(principal).filter(backtest=backtest, is_elsewhere=elsewhere)
    rows, pair = _between(rows, request.GET.get("move", ""))
    people = showing.listed(_after(rows, request.GET.get("after", "")), A_PAGE + 1)
    last = people[A_PAGE - 1].row if len(people) > A_PAGE else None
    forecast = Forecast(backtest, showing.stages())
    is_whole, other = sees_everyone(principal), _other(request, backtest)
    context = {
        "others": _kept(backtest) if is_whole else [],
        "other": other if is_whole else None,
        "beside": forecast.beside(Forecast(other, showing.stages())) if is_whole and other else [],
        "backtest": backtest,
        "forecast": forecast if is_whole else None,
        "own_forecast": forecast,
        "people": people[:A_PAGE],
        "elsewhere": elsewhere,
        "move": pair,
        "next": f"{micros(last.differs_at)}~{last.contact_id}" if last else "",
    }
    return render(request, "desk/playbooks/people.html", page(request) | context)


def _kept(backtest: Backtest) -> list[Backtest]:
    """The other results that are kept, the newest first."""
    done = Backtest.objects.of_drafts().filter(state="done").exclude(pk=backtest.pk)
    return list(done.defer("document", "result").order_by("-pk"))


def _other(request: HttpRequest, backtest: Backtest) -> Backtest | None:
    asked = number_said(request.GET.get("with", ""))
    return None if asked is None or asked == backtest.pk else _done(asked)


def _between(rows: Any, asked: str) -> tuple[Any, str]:
    """Only those who would stand in the second of two stages in place of the first."""
    keys = {stage.key: stage.pk for stage in showing.stages()}
    one, _to, other = asked.partition("-")
    if one not in keys or other not in keys:
        return rows, ""
    return rows.filter(stage_before=keys[one], stage_after=keys[other]), asked


def _after(rows: Any, asked: str) -> Any:
    """Those behind a line, in the order of the list."""
    found = _LINE.fullmatch(asked)
    return rows.after(int(found[1]), int(found[2])) if found else rows


@require_GET
@for_staff("playbooks:read")
def backtest_person(request: HttpRequest, principal: Principal, backtest_id: int, contact_id: int) -> HttpResponse:
    """Both histories of one person side by side, each move with its why."""
    backtest = _done(backtest_id)
    people = Contact.objects.visible_to(principal).leaders().filter(erased_at=None)
    contact = get_object_or_404(people, pk=contact_id)
    found = there(histories_of(backtest, contact.pk, Words.of(stages := showing.stages())))
    context = {
        "title": str(contact),
        "backtest": backtest,
        "contact": contact,
        "sides": showing.sides(found, stages),
        "found": found,
        "may_write": principal.may("playbooks:write"),
        "parted_at": moment_of(found.parted.at) if found.parted else None,
    }
    return render(request, "desk/playbooks/person.html", page(request) | context)


MOST_TYPED: Final = 120


@require_GET
@for_staff("playbooks:read")
def draft_try(request: HttpRequest, principal: Principal, draft_id: int) -> HttpResponse:
    """The draft on one person, who is sought by name: both histories, and what one thing more would set off."""
    draft = get_object_or_404(PlaybookDraft, pk=draft_id)
    typed = request.GET.get("who", "").strip()[:MOST_TYPED]
    day = day_said(request.GET.get("since", "")) or timezone.localdate() - timedelta(days=182)
    event = " ".join(f"{request.GET.get('type', '')} {request.GET.get('said', '')}".split())[:400]
    context: dict[str, Any] = {
        "draft": draft,
        "who": typed,
        "since": day,
        "today": timezone.localdate(),
        "types": [(one.key, str(one)) for one in EventType.objects.order_by("key")],
        "type": request.GET.get("type", ""),
        "said": request.GET.get("said", "")[:400],
    }
    people = Contact.objects.visible_to(principal).leaders().filter(erased_at=None)
    if (number := number_said(request.GET.get("person", ""))) is not None:
        contact = get_object_or_404(people, pk=number)
        context |= {"contact": contact, **_tried(draft, contact, day, event if context["type"] else "")}
    elif typed:
        context["found"] = [one.contact for one in people_called(typed, principal)[0]]
    return render(request, "desk/playbooks/try.html", page(request) | context)


def _tried(draft: PlaybookDraft, contact: Contact, day: date, event: str) -> dict[str, Any]:
    since = min(timezone.make_aware(datetime.combine(day, time.min)), timezone.now())
    path = showing.stages()
    try:
        trial = try_on(draft=draft, leader=contact.pk, since=since, words=Words.of(path), event=event)
    except FaultyPlaybookError as error:
        words = _("The draft has faults: mend them first. %(fault)s")
        stages = {stage.key: str(stage) for stage in path}
        return {"fault": words % {"fault": faults.sentence(error.findings[0], stages)}}
    except ValidationError as error:
        return {"fault": " ".join(error.messages)}
    if trial is None:
        return {"fault": _("Nothing is known of this person yet that a rule could judge.")}
    found = trial.histories
    return {
        "sides": showing.sides(found, path),
        "found": found,
        "parted_at": moment_of(found.parted.at) if found.parted else None,
        "reactions": trial.reactions,
    }


def _done(backtest_id: int) -> Backtest:
    return get_object_or_404(Backtest.objects.of_drafts().filter(state="done"), pk=backtest_id)


# --- Proofs -----------------------------------------------------------------------------------------------------------


@require_POST
@for_staff("playbooks:write")
def proof_start(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    back = redirect(f"{reverse('desk:playbook')}#proof")
    try:
        start_proof(by=principal)
    except ValidationError as error:
        return toast(request, back, " ".join(error.messages), tone="refused")
    return back


@require_GET
@for_staff("playbooks:read")
def proof_part(request: HttpRequest, principal: Principal) -> HttpResponse:
    proof = Backtest.objects.proofs().order_by("-pk").first()
    if proof is None:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    context = {
        "proof": proof,
        "proof_progress": progress_of(proof.pk) if proof.is_running else None,
        "may_write": principal.may("playbooks:write"),
    }
    return render(request, "desk/playbooks/proof.html", context)
