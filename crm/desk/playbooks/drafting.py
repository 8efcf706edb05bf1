"""A draft: one rule open at a time, every change saved at once, nobody's overwritten without a word."""

import json
from datetime import datetime, time
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from crm.desk.doors import for_staff
from crm.desk.finding import day_said, number_said
from crm.desk.places import page
from crm.desk.playbooks import showing, tokens
from crm.desk.playbooks.stories import NOTHING_OPEN, Opened
from crm.desk.playbooks.views import text_file
from crm.desk.toasts import toast
from funnel import faults, redrafting
from funnel.models import Playbook, PlaybookDraft
from funnel.publishing import (
    FaultyPlaybookError,
    OvertakenError,
    PartedExamplesError,
    StaleDraftError,
    check_draft,
    discard_draft,
    document_of,
    publish_playbook,
    save_draft,
    start_draft,
    try_draft,
)
from funnel.texts import as_text
from rest.strict_json import fault_in
from rest.telling import told_of
from staff.policy import Principal


@require_GET
@for_staff("playbooks:read")
def draft_page(request: HttpRequest, principal: Principal, draft_id: int) -> HttpResponse:
    opened = number_said(request.GET.get("rule", ""))
    example = Opened(request.GET.get("example", ""), is_text=request.GET.get("story") == "text")
    return draft_view(request, principal, draft_found(draft_id), opened, example=example)


def draft_view(
    request: HttpRequest,
    principal: Principal,
    draft: PlaybookDraft,
    opened: int | None = None,
    *,
    example: Opened = NOTHING_OPEN,
    **more: Any,
) -> HttpResponse:
    """The page of a draft, with one rule or one example open."""
    part, status = showing.part_of(request.GET.get("part", "")), more.pop("status", HTTPStatus.OK)
    rules = redrafting.rules_of(draft.document)
    if opened is not None and opened < len(rules):
        part = showing.part_of(redrafting.dimension_of(more.get("typed") or rules[opened]))
    may_write = principal.may("playbooks:write")
    if not may_write:
        opened, example = None, NOTHING_OPEN
    sheet = showing.draft_sheet(draft, principal, part, opened, more.pop("typed", None), example)
    context = page(request) | sheet | {"may_write": may_write} | more
    return render(request, "desk/playbooks/draft.html", context, status=status)


@require_POST
@for_staff("playbooks:write")
def draft_start(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    """Of the newest version, or of the one that is named."""
    based_on = Playbook.objects.filter(number=number_said(request.POST.get("based_on", "")) or 0).first()
    newest = Playbook.objects.latest("number")
    name = _("Draft of %(day)s") % {"day": date_format(timezone.localdate(), "SHORT_DATE_FORMAT")}
    draft = start_draft(name=name, based_on=based_on or newest, by=principal)
    return redirect("desk:draft", draft.pk)


@require_POST
@for_staff("playbooks:write")
def draft_name(request: HttpRequest, principal: Principal, draft_id: int) -> HttpResponseBase:
    draft = draft_found(draft_id)
    name = request.POST.get("name", "").strip()[:120] or draft.name
    return _changed(request, draft, reverse("desk:draft", args=[draft.pk]), name=name)


@require_POST
@for_staff("playbooks:write")
def rule_add(request: HttpRequest, principal: Principal, draft_id: int) -> HttpResponseBase:
    draft = draft_found(draft_id)
    document = document_of(draft)
    dimension = showing.part_of(request.POST.get("part", "")).name
    dimension = "stage" if dimension == "points" else dimension
    stages = [stage["key"] for stage in document["stages"]]
    document, place = redrafting.added(document, dimension, _("New rule"), stages)
    return _changed(request, draft, _at(draft, place), document=document)


@for_staff("playbooks:write")
def rule_edit(request: HttpRequest, principal: Principal, draft_id: int, place: int) -> HttpResponseBase:
    """Save the open rule as its tokens say; with GET the draft's page, where it is open."""
    draft = draft_found(draft_id)
    if request.method != "POST":
        return redirect(_at(draft, place))
    if place >= len(redrafting.rules_of(draft.document)):
        raise Http404
    rule = tokens.rule_of(request.POST)
    try:
        draft = save_draft(
            draft=draft, seen=seen_version(request), document=redrafting.replaced(document_of(draft), place, rule)
        )
    except StaleDraftError as error:
        newest = draft_found(error.draft.pk)
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return draft_view(request, principal, newest, place, typed=rule, stale=newest, status=status)
    closes = "done" in request.POST and not request.POST.get("more") and "drop_condition" not in request.POST
    return redirect(_part(draft, redrafting.dimension_of(rule)) if closes else _at(draft, place))


@require_POST
@for_staff("playbooks:write")
def rule_deed(request: HttpRequest, principal: Principal, draft_id: int, place: int, deed: str) -> HttpResponseBase:
    """Copy a rule, drop it, or put it elsewhere among those that move the same."""
    draft = draft_found(draft_id)
    document = document_of(draft)
    rules = redrafting.rules_of(document)
    if place >= len(rules):
        raise Http404
    dimension, turn = redrafting.dimension_of(rules[place]), redrafting.turn_of(document, place)
    match deed:
        case "copy":
            named = _("%(name)s, copy") % {"name": rules[place].get("name", "")}
            document, place = redrafting.copied(document, place, named)
            back = _at(draft, place)
        case "drop":
            document, back = redrafting.dropped(document, place), _part(draft, dimension)
        case "up" | "down" | "to":
            asked = number_said(request.POST.get("turn", "")) if deed == "to" else None
            turn = turn + (-1 if deed == "up" else 1) if asked is None else asked
            document, place = redrafting.moved(document, place, turn)
            back = f"{_part(draft, dimension)}#rule-{place}"
        case _:
            raise Http404
    return _changed(request, draft, back, document=document)


@require_POST
@for_staff("playbooks:write")
def rule_put_back(request: HttpRequest, principal: Principal, draft_id: int, place: int) -> HttpResponseBase:
    """A rule of the newest version that the draft dropped, where it stood."""
    draft, newest = draft_found(draft_id), Playbook.objects.latest("number")
    known = redrafting.rules_of(newest.document)
    if place >= len(known):
        raise Http404
    rule = known[place]
    document = document_of(draft)
    if rule["name"] in {one.get("name") for one in redrafting.rules_of(document)}:
        return redirect(_part(draft, redrafting.dimension_of(rule)))
    before = {one["name"] for one in known[:place]}
    rules = redrafting.rules_of(document)
    at = max((where + 1 for where, one in enumerate(rules) if one.get("name") in before), default=0)
    document, _place = redrafting.inserted(document, at, rule)
    return _changed(request, draft, _part(draft, redrafting.dimension_of(rule)), document=document)


@require_POST
@for_staff("playbooks:write")
def draft_points(request: HttpRequest, principal: Principal, draft_id: int) -> HttpResponseBase:
    """What events are worth, and how fast that fades."""
    draft = draft_found(draft_id)
    document = document_of(draft)
    worth = dict(document.get("points") or {})
    for name, typed in request.POST.items():
        if name.startswith("p-"):
            worth[name.removeprefix("p-")] = _whole(str(typed))
    half_life = _whole(request.POST.get("half_life", ""))
    points = {key: value for key, value in worth.items() if value != 0}
    back = _part(draft, "points")
    return _changed(request, draft, back, document={**document, "points": points, "half_life_days": half_life})


def _whole(typed: str) -> int | str:
    """A number; what is none is kept, so that the checks can say so."""
    typed = typed.strip().replace("−", "-")
    try:
        return int(typed or 0)
    except ValueError:
        return typed[:20]


@for_staff("playbooks:read")
def draft_text(request: HttpRequest, principal: Principal, draft_id: int) -> HttpResponseBase:
    """The draft as text; what is written there takes its place."""
    if request.method == "POST" and not principal.may("playbooks:write"):
        raise PermissionDenied
    draft = draft_found(draft_id)
    if request.method != "POST":
        text = as_text(document_of(draft))
        if "file" in request.GET:
            return text_file(text, f"draft-{draft.pk}.json")
        return _text_page(request, principal, text, draft=draft)
    text = request.POST.get("text", "")
    try:
        save_draft(draft=draft, seen=seen_version(request), document=read_text(text))
    except StaleDraftError as error:
        return _text_page(request, principal, text, draft=error.draft, fault=meanwhile())
    except ValidationError as error:
        return _text_page(request, principal, text, draft=draft, fault=" ".join(error.messages))
    return toast(request, redirect("desk:draft", draft.pk), _("The draft is as the text says."))


@for_staff("playbooks:write")
def draft_import(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    """A draft of a text, or of a file."""
    if request.method != "POST":
        return _text_page(request, principal, "")
    file = request.FILES.get("file")
    text = file.read(1_000_000).decode("utf-8", "replace") if file else request.POST.get("text", "")
    try:
        name = request.POST.get("name", "").strip()[:120] or _("From a text")
        draft = start_draft(name=name, document=read_text(text), by=principal)
    except ValidationError as error:
        return _text_page(request, principal, text, fault=" ".join(error.messages))
    return redirect("desk:draft", draft.pk)


def read_text(text: str) -> dict[str, Any]:
    """A document; ValidationError names the line that cannot be read."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        words = _("Line %(line)s, column %(column)s: %(what)s.")
        raise ValidationError(words % {"line": error.lineno, "column": error.colno, "what": error.msg}) from None
    except (ValueError, RecursionError):
        raise ValidationError(_("This cannot be read as a playbook.")) from None
    if not isinstance(document, dict):
        raise ValidationError(_("Line 1: a playbook begins with a brace."))
    if fault := fault_in(document):
        raise ValidationError(f"{fault.pointer}: {told_of(fault)}")
    return document


def _text_page(request: HttpRequest, principal: Principal, text: str, **more: Any) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if "fault" in more else HTTPStatus.OK
    context = {"text": text, "may_write": principal.may("playbooks:write"), **more}
    return render(request, "desk/playbooks/text.html", page(request) | context, status=status)


@for_staff("playbooks:write")
def draft_publish(request: HttpRequest, principal: Principal, draft_id: int) -> HttpResponseBase:
    """From which moment on, and what that means; then it is so."""
    draft = draft_found(draft_id)
    if request.method != "POST":
        return _publish_page(request, draft)
    try:
        version = _published(request, draft, principal)
    except ValidationError as error:
        return _publish_page(request, draft_found(draft_id), fault=" ".join(error.messages))
    words = _("Version %(number)s is published. Everybody is being folded with it.")
    return toast(request, redirect("desk:playbook"), words % {"number": version.number})


def _published(request: HttpRequest, draft: PlaybookDraft, by: Principal) -> Playbook:
    """The new version; ValidationError says in words why there is none."""
    try:
        return publish_playbook(
            draft=draft,
            since=_moment(request.POST.get("when", "now"), request.POST.get("since", "")),
            by=by,
            seen=seen_version(request),
            after=number_said(request.POST.get("newest", "")),
            despite_examples="despite_examples" in request.POST,
        )
    except StaleDraftError:
        raise ValidationError(meanwhile()) from None
    except OvertakenError as error:
        raise ValidationError(_overtaken(error.newest)) from None
    except PartedExamplesError:
        raise ValidationError(_("Say that it is meant, or mend the examples first.")) from None
    except FaultyPlaybookError as error:
        raise ValidationError(faults.sentence(error.findings[0], {})) from None


def _publish_page(request: HttpRequest, draft: PlaybookDraft, *, fault: str = "") -> HttpResponse:
    newest = Playbook.objects.latest("number")
    context = {
        "title": _("Publish"),
        "draft": draft,
        "newest": newest,
        "number": newest.number + 1,
        "to_come": list(Playbook.objects.defer("document").filter(since__gt=timezone.now()).order_by("since")),
        "is_behind": draft.based_on_id != newest.number,
        "everybody": showing.everybody(),
        "fault_count": len(check_draft(draft)),
        "parted": [_(one.name) for one in try_draft(draft) or [] if not one.holds],
        "fault": fault,
        "today": timezone.localdate(),
        "since": request.POST.get("since", ""),
        "when": request.POST.get("when", "now"),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if fault else HTTPStatus.OK
    return render(request, "desk/playbooks/publish.html", page(request) | context, status=status)


def _overtaken(newest: Playbook) -> str:
    words = _(
        "%(who)s published version %(number)s meanwhile. Look at what this draft would change in it, or publish it all"
        " the same."
    )
    return words % {"who": newest.published_by or _("Somebody"), "number": newest.number}


def _moment(when: str, day: str) -> datetime | None:
    """The beginning of a day in the time of whoever asks; nothing is now."""
    if when == "now":
        return None
    date = day_said(day)
    if date is None:
        raise ValidationError(_("Choose a day."))
    return timezone.make_aware(datetime.combine(date, time.min))


@require_POST
@for_staff("playbooks:write")
def draft_discard(request: HttpRequest, principal: Principal, draft_id: int) -> HttpResponseBase:
    draft = draft_found(draft_id)
    try:
        discard_draft(draft=draft, seen=seen_version(request))
    except StaleDraftError:
        return toast(request, redirect("desk:draft", draft.pk), meanwhile(), tone="refused")
    return toast(request, redirect("desk:playbook"), _("“%(name)s” is thrown away.") % {"name": draft.name})


def draft_found(draft_id: int) -> PlaybookDraft:
    return get_object_or_404(PlaybookDraft.objects.select_related("author"), pk=draft_id)


def seen_version(request: HttpRequest) -> list[int] | None:
    seen = number_said(request.POST.get("seen", ""))
    return None if seen is None else [seen]


def _changed(request: HttpRequest, draft: PlaybookDraft, back: str, **changes: Any) -> HttpResponseBase:
    try:
        save_draft(draft=draft, seen=seen_version(request), **changes)
    except StaleDraftError:
        return toast(request, redirect("desk:draft", draft.pk), meanwhile(), tone="refused")
    return redirect(back)


def meanwhile() -> str:
    return _("Somebody else changed this draft meanwhile. Look at it again.")


def _at(draft: PlaybookDraft, place: int) -> str:
    return f"{reverse('desk:draft', args=[draft.pk])}?rule={place}"


def _part(draft: PlaybookDraft, part: str) -> str:
    return f"{reverse('desk:draft', args=[draft.pk])}?part={part}"
