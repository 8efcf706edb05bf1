"""The board: parse, ask one service, answer. What its script does, forms do as well."""

from dataclasses import replace
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contacts.models import Source
from crm.desk.board.asking import address_of, wish_of
from crm.desk.board.faces import ANSWERS, Words, bands, facing_of
from crm.desk.board.placing import Placed, Stayed, lane_of, place
from crm.desk.board.watching import Seen, changes_since, seen_now
from crm.desk.doors import for_staff
from crm.desk.finding import there
from crm.desk.places import page
from crm.desk.toasts import toast
from funnel.boards import Board, board, usual_days
from funnel.cards import Card, Wish, card_of
from funnel.models import Stage
from funnel.moving import SCOPE
from rest.problems import Problem
from staff.models import User
from staff.policy import Principal


@for_staff("contacts:read")
@require_safe
def board_page(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    """The whole board; for its script, all the lanes anew, or the next cards of one of them."""
    wish = wish_of(request)
    latest = seen_now()
    try:
        seen = board(principal, wish)
    except Problem:  # an address that somebody shortened or made up
        return redirect("desk:board")
    context = _lanes(seen, principal) | {"latest": latest}
    if request.htmx:  # type: ignore[attr-defined]
        part = "more" if wish.lane else "lanes"
        return render(request, f"desk/board/{part}.html", context)
    if wish.lane:
        return render(request, "desk/board/lane.html", page(request) | context)
    return render(request, "desk/board/board.html", page(request) | context | _filters(principal, wish))


def _lanes(seen: Board, principal: Principal) -> dict[str, Any]:
    wish = seen.wish
    shown = bands(seen, usual_days())
    return {
        "bands": shown,
        "columns": [column for band in shown for column in band.columns],
        "board": seen,
        "wish": wish,
        "query": address_of(wish),
        "stages": [stage for stage in seen.stages if stage.archived_at is None],
        "may_move": principal.may(SCOPE),
        "answers": ANSWERS,
        "words": Words.said(),
    }


def _filters(principal: Principal, wish: Wish) -> dict[str, Any]:
    owners = User.objects.filter(is_active=True).order_by("name", "email") if principal.may("contacts:read") else []
    return {
        "sources": Source.objects.order_by("name"),
        "owners": [one for one in owners if principal.user and one.pk != principal.user.pk],
        "ways": [(by, label, address_of(wish, by=by)) for by, label in _ways()],
        "is_filtered": bool(wish.owner or wish.words or wish.source is not None),
    }


def _ways() -> list[tuple[str, str]]:
    return [("stage", _("Stage")), ("owner", _("Owner")), ("health", _("Health"))]


@for_staff("contacts:read")
@require_safe
def board_changes(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    said = request.GET.get("since", "")
    since = there(Seen.of(said) if said else seen_now())
    changes = changes_since(principal, wish_of(request), since)
    return JsonResponse({"people": changes.people, "said": changes.said})


@for_staff("contacts:read")
@require_safe
def board_card(request: HttpRequest, principal: Principal, contact_id: int) -> HttpResponseBase:
    """One card as it is now, with the heads of the lanes once it stands; who is no more on the board is not there."""
    card, wish = there(card_of(principal, contact_id)), wish_of(request)
    heads = "" if card.is_folding else _heads_html(principal, wish)
    return HttpResponse(_card_html(request, principal, wish, card) + heads)


def _heads_html(principal: Principal, wish: Wish) -> str:
    """How many stand in each lane, and what they have bought: counted with the fold that the card waited for."""
    seen = board(principal, replace(wish, lane="", after="", limit=1))
    columns = [column for band in bands(seen, usual_days()) for column in band.columns]
    return render_to_string("desk/board/heads.html", {"columns": columns})


def _card_html(request: HttpRequest, principal: Principal, wish: Wish, card: Card) -> str:
    stages = list(Stage.objects.all())
    face = facing_of(stages, usual_days())(card, lane_of(wish.by, card, stages))
    shown = {"face": face, "wish": wish, "query": address_of(wish), "may_move": principal.may(SCOPE)}
    shown["words"] = Words.said()
    return render_to_string("desk/board/card.html", shown, request)


@for_staff(SCOPE)
@require_POST
def board_move(request: HttpRequest, principal: Principal, contact_id: int) -> HttpResponseBase:
    """What the script of the board asks when a card was dropped."""
    said = request.POST
    result = place(
        principal, contact_id, by=said.get("by", "stage"), lane=said.get("lane", ""), seen=said.get("from"),
        reason=said.get("reason", ""),
    )  # fmt: skip
    if isinstance(result, Placed):
        return JsonResponse({"said": result.said, "undo": result.undo, "lane": said.get("lane", "")})
    answer = {"refused": result.said, "code": result.code, "lane": result.lane, "way": _way_out(result)}
    return JsonResponse(answer, status=HTTPStatus.NOT_FOUND if result.code == "not_found" else HTTPStatus.OK)


def _way_out(stayed: Stayed) -> dict[str, str] | None:
    if stayed.person is None:
        return None
    address = reverse("desk:contact-page", args=[stayed.person])
    match stayed.code:
        case "closed":
            return {"url": f"{address}?do=reopen#composer", "label": _("Reopen")}
        case "health":
            return {"url": f"{address}?do=order#composer", "label": _("Open the person")}
        case "merged":
            return {"url": address, "label": _("Open that person")}
        case "visitor":
            return {"url": address, "label": _("Give a name")}
    return None


@for_staff(SCOPE)
@require_http_methods(["GET", "HEAD", "POST"])
def card_move(request: HttpRequest, principal: Principal, contact_id: int) -> HttpResponseBase:
    """The same as a page with a form: for those without a mouse or a script."""
    wish = wish_of(request)
    query = address_of(wish)
    back = redirect(f"{reverse('desk:board')}{'?' if query else ''}{query}")
    if request.method == "POST":
        said = request.POST
        result = place(
            principal, contact_id, by="stage", lane=said.get("stage", ""), seen=said.get("from"),
            reason=said.get("reason", ""),
        )  # fmt: skip
        if isinstance(result, Placed):
            return toast(request, back, result.said, undo=result.undo)
        if result.code == "not_found":
            raise Http404
        return toast(request, back, result.said, tone="refused")
    card = there(card_of(principal, contact_id))
    stages = list(Stage.objects.all())
    here = next((stage for stage in stages if stage.pk == card.stage_id), None)
    shown = {
        "card": card,
        "here": here,
        "stages": [stage for stage in stages if stage.archived_at is None],
        "query": query,
        "board_url": back.url,
        "answers": ANSWERS,
    }
    return render(request, "desk/board/move.html", page(request) | shown)
