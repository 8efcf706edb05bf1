"""The page of the path: parse, ask one service, answer."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from campaigns.services import set_targets, targets_of
from crm.desk.doors import for_staff
from crm.desk.finding import as_file, table_named
from crm.desk.path.beside import beside
from crm.desk.path.cells import Cells
from crm.desk.path.narrowing import questions
from crm.desk.path.newest import newest
from crm.desk.path.plan import TargetsForm, around, month_name, plan_of
from crm.desk.path.showing import Shown
from crm.desk.path.tables import tables
from crm.desk.path.wishes import PERIOD_LABELS, Wish, wish_of
from crm.desk.places import page
from crm.desk.toasts import done, toast
from funnel.models import Stage
from funnel.pacing import Whose
from funnel.pictures import sees_everyone
from funnel.walks import Walk, walk
from staff.policy import Principal

# The parts of the page that are looked at again every 15 seconds, and the classes of each.
PARTS: Final = {
    "headline": "grow",
    "flow": "pad flow",
    "health": "part",
    "newest": "part",
    "beside": "part",
    "trend": "part part-trend",
    "plan": "part",
}


_TOKEN: Final = re.compile(r'<input type="hidden" name="csrfmiddlewaretoken"[^>]*>')


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the page, and a stamp that tells whether it has changed."""

    name: str
    html: str
    stamp: str

    @classmethod
    def drawn(cls, name: str, context: dict[str, Any]) -> "Part":
        html = render_to_string(f"desk/path/{name}.html", context)
        same = _TOKEN.sub("", html)  # which is another one in every answer
        return cls(name, html, f"{name}:{blake2b(same.encode(), digest_size=8).hexdigest()}")

    @property
    def css(self) -> str:
        return PARTS[self.name]


@require_GET
@for_staff("figures:read")
def path(request: HttpRequest, principal: Principal) -> HttpResponse:
    wish = wish_of(request)
    context = figures(principal, wish)
    if wish.view:
        context["tables"] = list(tables(context["walk"], context["plan"]))
    names = ["headline"] if wish.view or context["shown"].is_empty else PARTS
    context["parts"] = {part.name: part for part in _parts(request, context, names)}
    return render(request, "desk/path.html", page(request) | context | _tools(wish))


@require_GET
@for_staff("figures:read")
def path_changes(request: HttpRequest, principal: Principal) -> HttpResponse:
    """The parts of the page that are not as the reader has them; nothing where all are."""
    seen = set(request.GET.getlist("seen"))
    parts = [part for part in _parts(request, figures(principal, wish_of(request)), PARTS) if part.stamp not in seen]
    if not parts:
        return HttpResponse(status=204)
    return render(request, "desk/path/changes.html", {"parts": parts})


@require_GET
@for_staff("figures:read")
def path_table(request: HttpRequest, principal: Principal, name: str) -> HttpResponse:
    """One of the tables as a file."""
    wish = wish_of(request)
    walked = _walked(wish.whose(principal), wish)
    targets = {target.stage_id: target.people for target in targets_of(walked.plan_month)}
    table = table_named(name, tables(walked, plan_of(walked, targets, is_part=_is_part(principal, wish))))
    return as_file(table, f"{name}-{walked.until}")


@require_GET
@for_staff("figures:read")
def path_narrow(request: HttpRequest, principal: Principal) -> HttpResponse:
    wish = wish_of(request)
    shown = {"title": _("Narrow the path"), "wish": wish, "questions": list(questions(wish))}
    return render(request, "desk/path/narrow.html", _alone(request) | shown | {"today": timezone.localdate()})


@require_http_methods(["GET", "HEAD", "POST"])
@for_staff("targets:write")
def path_targets(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    month = wish_of(request).month or timezone.localdate().replace(day=1)
    form = TargetsForm(list(Stage.objects.in_use()), targets_of(month), month, request.POST or None)
    if form.is_valid():
        set_targets(month=form.cleaned_data["month"], people=form.people(), by=principal)
        answer = done() if request.htmx else redirect("desk:path")  # type: ignore[attr-defined]
        name = month_name(form.cleaned_data["month"])
        return toast(request, answer, _("The targets of %(month)s are set.") % {"month": name})
    shown = {"title": _("Targets for %(month)s") % {"month": month_name(month)}, "form": form, **around(month)}
    status = 422 if form.is_bound else 200
    return render(request, "desk/path/targets.html", _alone(request) | shown, status=status)


def figures(principal: Principal, wish: Wish) -> dict[str, Any]:
    """What the page is made of."""
    whose = wish.whose(principal)
    walked = _walked(whose, wish)
    shown, aside = Shown(walked, wish), beside(principal, whose, walked, is_live=not wish.is_past)
    return {
        "wish": wish,
        "walk": walked,
        "shown": shown,
        "cells": Cells(shown),
        "newest": newest(whose, walked),
        "beside": aside,
        "plan": plan_of(walked, aside.targets, is_part=_is_part(principal, wish)),
        "plan_around": {name: wish.address(month=other) for name, other in around(walked.plan_month).items()},
        "may_set_targets": principal.may("targets:write"),
        "trend": shown.trend(),
    }


def _is_part(principal: Principal, wish: Wish) -> bool:
    """Whether the figures leave somebody out whom the targets mean."""
    narrowed = wish.source or wish.campaign or wish.owner or wish.without_owner or wish.team
    return bool(narrowed) or not sees_everyone(principal)


def _walked(whose: Whose, wish: Wish) -> Walk:
    return walk(wish.picture(), whose, days=wish.days, window=wish.window, month=wish.month)


def _parts(request: HttpRequest, context: dict[str, Any], names: Any) -> Iterator[Part]:
    """Rendered apart from the request: what every page is given would be made anew for each."""
    own = context | {"csrf_token": get_token(request)}
    for name in names:
        yield _part(name, own)


# What each part is drawn of; those that tell how long ago something was are not among them. Everybody's page asks for
# its figures again and again: while these are the same, so is the drawing.
FIGURES: Final[dict[str, Callable[[dict[str, Any]], tuple[Any, ...]]]] = {
    "headline": lambda its: (),
    "flow": lambda its: (its["beside"].origin,),
    "health": lambda its: (its["beside"].still, its["beside"].cooling, its["beside"].more_cooling),
    "trend": lambda its: (),
    "plan": lambda its: (its["plan"], its["may_set_targets"]),
}
MOST_DRAWN: Final = 200
_drawn: dict[tuple[str, str, str], tuple[tuple[Any, ...], Part]] = {}


def _part(name: str, context: dict[str, Any]) -> Part:
    if name not in FIGURES:
        return Part.drawn(name, context)
    walked: Walk = context["walk"]
    labels = [(stage.pk, str(stage)) for stage in walked.stages]  # stages are equal whatever they are called
    figures = (walked, labels, *FIGURES[name](context))
    key = (name, get_language() or "", context["wish"].query)
    known = _drawn.get(key)
    if known is None or known[0] != figures:
        if len(_drawn) >= MOST_DRAWN:
            _drawn.clear()
        known = _drawn[key] = figures, Part.drawn(name, context)
    return known[1]


def _tools(wish: Wish) -> dict[str, Any]:
    periods = [
        {"days": days, "label": label, "address": wish.address(days=days)} for days, label in PERIOD_LABELS.items()
    ]
    return {
        "periods": periods,
        "chosen": list(wish.chosen()),
        "past": list(wish.past()),
        "table_address": wish.address(view="" if wish.view else "table"),
    }


def _alone(request: HttpRequest) -> dict[str, Any]:
    """A drawer opened as a page of its own needs what every page does."""
    return {} if request.htmx else page(request)  # type: ignore[attr-defined]
