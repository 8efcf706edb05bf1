"""/l/<token>: the short links, for everybody."""

from http import HTTPStatus

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from campaigns.linking import Visit, open_link

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
