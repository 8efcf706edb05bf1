"""For everybody: /l/<token>, the short links; /u/<token>, the link at the foot of a letter that ends our letters."""

from http import HTTPStatus
from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from campaigns.leaving import agreed_by, end_letters, mail_of, take_back_consent
from campaigns.linking import Visit, open_link
from campaigns.models import Mail

_PURPOSES = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")


@csrf_exempt
@require_safe
def link(request: HttpRequest, token: str) -> HttpResponse:
    """Lead on to where a member of staff said, and nowhere else."""
    purpose = " ".join(request.headers.get(name, "") for name in _PURPOSES)
    visit = Visit(str(request.method), request.headers.get("User-Agent", ""), purpose)
    address = open_link(token=token, visit=visit)
    if address is None:
        raise Http404
    answer = HttpResponse(status=HTTPStatus.FOUND)
    answer.headers["Location"] = address
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer-when-downgrade"
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


_ONE_CLICK: Final = "List-Unsubscribe"  # what a mail program sends whose own button was pressed (RFC 8058)


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whoever had the letter what shall end; a mail program may end the letters without asking."""
    mail = mail_of(token)
    if mail is None:
        raise Http404
    if request.method == "POST":
        channel, _dot, purpose = request.POST.get("what", "").partition(".")
        if channel:
            take_back_consent(mail, channel=channel, purpose=purpose)
        else:
            end_letters(mail)
        return HttpResponse() if _ONE_CLICK in request.POST else redirect("leave", token)
    with translation.override(_language(mail)):
        context = {
            "address": _masked(mail.address),
            "agreed": agreed_by(mail),
            "author": mail.author,
            "written_at": mail.created_at,
        }
        response = render(request, "forms/leave.html", context)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _language(mail: Mail) -> str:
    """The reader's, where we know it; else the one their browser asks for."""
    known = mail.contact.leader.language[:2]
    return known if known in dict(settings.LANGUAGES) else translation.get_language() or settings.LANGUAGE_CODE


def _masked(address: str) -> str:
    """Enough for its owner to know it by, and of no use to anybody else."""
    name, _at, domain = address.rpartition("@")
    return f"{name[:1]}…@{domain}"
