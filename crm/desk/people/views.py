"""The list of people: parse, ask one service, answer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from contacts.company_merging import became
from contacts.models import Company
from contacts.ordering import in_order
from crm.desk.doors import for_staff
from crm.desk.finding import numbers_said
from crm.desk.people import heads
from crm.desk.people.asked import EVERYONE, NEWEST, Asked
from crm.desk.people.cells import COLUMNS, CUSTOM, NEXT, USUAL, columns_named, pen, row
from crm.desk.people.counting import count_people
from crm.desk.people.listing import Around, View, listing
from crm.desk.people.planned import next_tasks
from crm.desk.people.sentences import Line, Option, asks, options
from crm.desk.people.vocabulary import Words, words
from crm.desk.places import frame
from rest import pages
from rest.problems import Problem
from staff.models import User
from staff.policy import Principal

PART = "people"


@for_staff("contacts:read")
def contact_list(request: HttpRequest, principal: Principal) -> HttpResponse:
    assert isinstance(principal.user, User)
    known = words()
    try:
        asked = _asked(request, known)
        found = _page(request, asked, principal)
    except (Problem, ValidationError):  # an address that somebody shortened or made up
        return redirect(f"{reverse('desk:contact-list')}?view={EVERYONE}")
    shown = listing([one["id"] for one in found.rows], principal.user)
    if elsewhere := _led_to(request, asked, shown.around, known):
        return redirect(f"{request.path}?{elsewhere}")
    return _answer(request, principal, asked, found, shown, known)


@for_staff("contacts:read")
def contact_count(request: HttpRequest, principal: Principal) -> HttpResponse:
    """How many the filter finds, and where they stand: asked for beside the list, so that it never waits."""
    try:
        asked = Asked.of(request.GET, words())
        counted = count_people(asked.people(principal), words())
    except ValidationError:
        return HttpResponse(status=204)
    return render(request, "desk/people/count.html", {"counted": counted, "asked": asked})


def _asked(request: HttpRequest, known: Words) -> Asked:
    if "column" in request.GET:  # the form that chooses columns
        said = request.GET.copy()
        said["columns"] = ",".join(said.getlist("column"))
        return Asked.of(said, known)
    return Asked.of(request.GET, known)


def _page(request: HttpRequest, asked: Asked, principal: Principal) -> pages.Page:
    """The page, whose neighbours have the plain address of what is asked for."""
    said = QueryDict(asked.query(), mutable=True)
    for name in ("cursor", "limit"):
        if name in request.GET:
            said[name] = request.GET[name]
    request.GET = said  # type: ignore[assignment]
    rows, orderings, quick = in_order(replace(asked, q="").people(principal), asked.ordering, asked.q)
    return pages.page(request, rows, orderings=orderings, default=NEWEST, quick=quick)


def _led_to(request: HttpRequest, asked: Asked, around: Around, known: Words) -> str:
    """The whole address of a view that is named only, or that opens first; nothing where we are there."""
    if asked.is_narrowed or asked.ordering != NEWEST or asked.columns != USUAL:
        return ""
    for view in around.views:
        named = view.is_default if not asked.view else str(view.id) == asked.view
        if named and (whole := Asked.of_view(view, known)).query() != asked.query():
            return whole.query()
    return ""


# --- What the page shows ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tab:
    view: View
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Sentence:
    """A line of the filter with what there is to choose in it."""

    line: Line
    number: int
    joined: str  # who | and | or | any
    options: list[Option]
    chosen: list[Any]
    closes: bool  # the last of its group


def _answer(
    request: HttpRequest, principal: Principal, asked: Asked, found: pages.Page, shown: Any, known: Words
) -> HttpResponse:
    here = reverse("desk:contact-list")
    columns = columns_named(asked.columns, known)
    name, *its_heads = (heads.head(column, asked, here) for column in (heads.NAME, *columns))
    may_write, may_export = principal.may("contacts:write"), principal.may("contacts:export")
    planned = next_tasks([line.id for line in shown.lines]) if NEXT in asked.columns else {}
    ink = pen(known, may_choose=may_write or may_export, planned=planned)
    context = {
        **frame(request),
        "is_behind": shown.around.is_behind,
        "is_held": shown.around.is_held,
        "quarantined": shown.around.quarantined,
        "asked": asked,
        "q": asked.q,
        "query": asked.query(),
        "here": f"{here}?{asked.query()}" if asked.query() else here,
        "found": found,
        "rows": shown.lines,
        "body": SafeString("".join(row(line, columns, ink, f"{here}/") for line in shown.lines)),
        "heads": heads.cells(its_heads),
        "sort_lines": heads.sort_lines([name, *its_heads]),
        "name_head": name,
        "name_link": heads.link(name),
        "columns": _choosable(get_language() or "", asked.columns, _own(known)),
        **_views(asked, shown.around, known, here),
        "sentences": _sentences(asked, known, principal),
        "asks": _all_asks(get_language() or "", _own(known)),
        "may_write": may_write,
        "may_export": may_export,
        "may_import": principal.may("contacts:import"),
    }
    part = "desk/people/part.html" if _is_part(request) else "desk/contact_list.html"
    response = render(request, part, context)
    if _is_part(request):
        response.headers["HX-Push-Url"] = context["here"]
    return response


def _views(asked: Asked, around: Around, known: Words, here: str) -> dict[str, Any]:
    """The tabs of the saved views, and whether what is asked is still the view that is open."""
    tabs = [
        Tab(view, f"{here}?{Asked.of_view(view, known).query()}", str(view.id) == asked.view) for view in around.views
    ]
    current = next((tab.view for tab in tabs if tab.is_current), None)
    return {
        "tabs": tabs,
        "everyone": f"{here}?view={EVERYONE}",
        "is_everyone": not current,
        "current": current,
        "is_changed": bool(current and not asked.is_like(current)),
    }


def _is_part(request: HttpRequest) -> bool:
    return bool(request.htmx) and request.headers.get("HX-Target") == PART  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, eq=False)
class Choosable:
    key: str
    label: str
    is_chosen: bool


Own = tuple[tuple[str, str], ...]  # keys and labels of fields of one's own


def _own(known: Words) -> Own:
    return tuple((field.key, field.label) for field in known.all.fields)


@lru_cache(maxsize=100)
def _choosable(_language: str, chosen: tuple[str, ...], own: Own) -> tuple[Choosable, ...]:
    """Every column there is: the same ones whenever the same is asked, so that they need not be written again."""
    every = [(column.key, str(column.label)) for column in COLUMNS]
    every += [(f"{CUSTOM}{key}", label) for key, label in own]
    return tuple(Choosable(key, label, key in chosen) for key, label in every)


@lru_cache(maxsize=32)
def _all_asks(_language: str, own: Own) -> SafeString:
    """Everything that can be asked, as options: the same for everybody who reads one language."""
    groups: dict[str, list[Any]] = {}
    for ask in asks(words()):
        groups.setdefault(str(ask.group), []).append(ask)
    return SafeString(render_to_string("desk/people/asks.html", {"asks": list(groups.items())}))


def _companies(principal: Principal, values: Sequence[str]) -> list[Option]:
    """Those that the condition names, by their names as far as one sees them."""
    ids = numbers_said(values)
    names = dict(Company.objects.visible_to(principal).filter(pk__in=ids).values_list("pk", "name"))
    return [(str(pk), names.get(pk) or became(principal, pk) or f"#{pk}") for pk in ids]


def _sentences(asked: Asked, known: Words, principal: Principal) -> list[Sentence]:
    lines = asked.lines
    found = []
    for number, line in enumerate(lines):
        begins = number == 0 or lines[number - 1].group != line.group
        joined = "who" if number == 0 else "or" if line.group and not begins else "and"
        closes = number + 1 == len(lines) or lines[number + 1].group != line.group
        its = _companies(principal, line.values) if line.ask.key == "company" else options(line.ask, known)
        chosen = [label for value, label in its if value in line.values]
        found.append(Sentence(line, number, joined, its, chosen, bool(line.group) and closes))
    return found
