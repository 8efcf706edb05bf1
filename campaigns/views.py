"""What people outside see: a form, its thanks, the letter's question, the file; and the script of tracked sites.

No cookie, no session: a form may stand in the page of another site. What tells a person from a robot is in
`campaigns.tickets`; a robot is thanked like everybody, and nothing is recorded.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import cache, wraps
from hashlib import blake2b
from http import HTTPStatus
from typing import Any, Final

from csp.decorators import csp_replace
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import condition, require_safe

from campaigns.models import Form, Site, Submission
from campaigns.questions import Question, answers_in, questions_in
from campaigns.receiving import Visit, confirm, note, note_download, receive, why_too_late
from campaigns.robots import is_robot
from campaigns.tickets import LEAST_S, Age, new_ticket, read_ticket
from contacts.messages import LONGEST_NAME
from rest.limits import asks_too_often

View = Callable[..., HttpResponseBase]

MOST_A_MINUTE: Final = 20  # of one address
TRAP: Final = "website"  # a field that people do not see
THEMES: Final = ("light", "dark", "auto")  # by `?theme=`; without it, in a frame light, else as the reader's system is
COUNTRIES: Final = {"fi": "FI"}  # how a telephone number without a country is read
_UTM: Final = ("utm_source", "utm_medium", "utm_term", "utm_content")
_CLICKS: Final = ("gclid", "gbraid", "wbraid", "fbclid", "msclkid", "ttclid", "li_fat_id", "twclid")
_LONGEST_SAID: Final = 300


def for_everybody(*methods: str) -> Callable[[View], View]:
    """A page without a session, which may stand in the frame of another site."""

    def door(view: View) -> View:
        @csrf_exempt
        @never_cache
        @xframe_options_exempt
        @csp_replace({"frame-ancestors": ["*"]})
        @wraps(view)
        def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method not in methods:
                return HttpResponse(status=HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": ", ".join(methods)})
            response = view(request, *args, **kwargs)
            response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
            response.headers["X-Robots-Tag"] = "noindex"
            return response

        return opened

    return door


@for_everybody("GET", "HEAD", "POST")
def form_page(request: HttpRequest, token: str, *, is_framed: bool = False) -> HttpResponse:
    found = Form.objects.in_use().select_related("campaign", "source").prefetch_related("wordings")
    form = get_object_or_404(found, token=token)
    with translation.override(form.language):
        if not form.is_open:
            return _page(request, "closed", {"form": form, "is_framed": is_framed}, HTTPStatus.GONE)
        if request.method == "POST":
            return _sent(request, form, is_framed)
        if request.method == "GET" and not is_robot(request.headers.get("User-Agent", "")):
            note(form, "shown")
        return _asked(request, form, is_framed)


def _sent(request: HttpRequest, form: Form, is_framed: bool) -> HttpResponse:
    typed = request.POST.dict()
    if typed.get(TRAP):
        note(form, "left_out")
        return _page(request, "thanks", {"form": form, "is_framed": is_framed})
    ticket = read_ticket(form.token, typed.get("ticket", ""), timezone.now())
    answers, faults = answers_in(questions_in(form.fields), typed, country=COUNTRIES.get(form.language, ""))
    agreed = typed.get("agreed") == "1"
    wording = form.wording
    if wording and wording.is_needed and not agreed:
        faults["agreed"] = _("This is needed.")
    again = _once_more(request, form, ticket.age)
    if faults or again:
        kept = typed["ticket"] if ticket.age in (Age.RIGHT, Age.YOUNG) else ""
        return _asked(request, form, is_framed, typed=typed, faults=faults, again=again, ticket=kept)
    submission = receive(form=form, answers=answers, agreed=agreed, nonce=ticket.nonce, visit=visit_of(request))
    thanks = reverse("form-thanks-framed" if is_framed else "form-thanks", args=[submission.token])
    theme = request.GET.get("theme")
    return redirect(f"{thanks}?theme={theme}" if theme in THEMES else thanks)


def _once_more(request: HttpRequest, form: Form, age: Age) -> str:
    """Why it has to be sent once more, with everything typed in its place."""
    if asks_too_often(request, f"form:{form.pk}", most=MOST_A_MINUTE):
        note(form, "left_out")
        return _("Too many were sent from your network just now. Wait a minute and send it once more.")
    match age:
        case Age.YOUNG:
            note(form, "left_out")
            return _("That was quicker than people write. Look it over and send it once more.")
        case Age.OLD | Age.NOT_OURS:
            if age is Age.NOT_OURS:  # whatever sends without having opened the page
                note(form, "left_out")
            return _("This page was open for a long time. Everything you wrote is still here: send it once more.")
    return ""


def _asked(
    request: HttpRequest,
    form: Form,
    is_framed: bool,
    *,
    typed: dict[str, str] | None = None,
    faults: dict[str, str] | None = None,
    again: str = "",
    ticket: str = "",
) -> HttpResponse:
    """`ticket`: the page's own, where it is asked again."""
    typed, faults = typed or {}, faults or {}
    context = {
        "form": form,
        "is_framed": is_framed,
        "rows": rows_of(questions_in(form.fields), typed, faults),
        "wording": form.wording,
        "agreed": typed.get("agreed") == "1",
        "agreed_fault": faults.get("agreed", ""),
        "again": again,
        "has_faults": bool(faults),
        "ticket": ticket or new_ticket(form.token, timezone.now() - timedelta(seconds=LEAST_S if again else 0)),
        "trap": TRAP,
    }
    return _page(request, "form", context, HTTPStatus.UNPROCESSABLE_ENTITY if faults or again else HTTPStatus.OK)


def rows_of(questions: list[Question], typed: dict[str, str], faults: dict[str, str]) -> list[dict[str, Any]]:
    """The questions with what was typed and what is wrong with it, for the page."""
    return [{"question": one, "value": typed.get(one.key, ""), "fault": faults.get(one.key, "")} for one in questions]


@for_everybody("GET", "HEAD")
def form_thanks(request: HttpRequest, token: str, *, is_framed: bool = False) -> HttpResponse:
    submission = _submission(token)
    form = submission.form
    awaits = form.confirms_address and submission.confirmed_at is None  # the same for every address, whoever types it
    with translation.override(form.language):
        context = {"form": form, "submission": submission, "is_framed": is_framed, "awaits": awaits}
        return _page(request, "thanks", context | {"handout": None if awaits else getattr(form, "handout", None)})


@for_everybody("GET", "HEAD", "POST")
def form_confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Asks first: what reads letters opens every link in them, but sends no form."""
    submission = _submission(token)
    form = submission.form
    with translation.override(form.language):
        if request.method == "POST":
            try:
                confirm(submission)
            except ValidationError as error:
                return _expired(request, form, " ".join(error.messages))
        elif submission.confirmed_at is None:
            too_late = why_too_late(submission)
            return _expired(request, form, too_late) if too_late else _page(request, "confirm", {"form": form})
    return redirect("form-thanks", token)


def _expired(request: HttpRequest, form: Form, fault: str) -> HttpResponse:
    return _page(request, "confirm", {"form": form, "fault": fault}, HTTPStatus.GONE)


@for_everybody("GET", "HEAD")
def form_file(request: HttpRequest, token: str) -> HttpResponse:
    submission = _submission(token)
    form = submission.form
    handout = getattr(form, "handout", None)
    if handout is None or (form.confirms_address and submission.confirmed_at is None):
        raise Http404
    if request.method == "GET":
        note_download(submission)
    response = HttpResponse(bytes(handout.body), content_type=handout.kind)
    response.headers["Content-Disposition"] = _attachment(handout.name)
    return response


@cache
def _script() -> tuple[bytes, str]:
    body = (settings.BASE_DIR / "static" / "js" / "track.js").read_bytes()
    return body, blake2b(body, digest_size=8).hexdigest()


@gzip_page
@condition(etag_func=lambda request: f'"{_script()[1]}"')
@require_safe
def tracking_script(request: HttpRequest) -> HttpResponse:
    """The script that tracked sites load."""
    response = HttpResponse(_script()[0], content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = "public, max-age=3600"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def visit_of(request: HttpRequest) -> Visit:
    """What the address of the page said of how somebody came, as far as it can be kept."""
    given = request.GET.dict()
    said = {name: " ".join(value.split())[:_LONGEST_SAID] for name, value in given.items() if value.isprintable()}
    site = Site.objects.select_related("source").filter(secret=said["k"]).first() if said.get("k") else None
    return Visit(
        campaign=said.get("utm_campaign", "")[:LONGEST_NAME],
        properties=tuple((name, said[name]) for name in (*_UTM, *_CLICKS, "page") if said.get(name)),
        site=site,
        anonymous_id=said.get("a", "")[:64],
    )


def _submission(token: str) -> Submission:
    found = Submission.objects.select_related("form__campaign", "form__source")
    return get_object_or_404(found, token=token)


def _attachment(name: str) -> str:
    plain = "".join(sign if sign.isascii() and sign.isprintable() and sign not in '"\\/' else "_" for sign in name)
    return f'attachment; filename="{plain}"'


def _page(request: HttpRequest, name: str, context: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> HttpResponse:
    return render(request, f"forms/{name}.html", context, status=status)
