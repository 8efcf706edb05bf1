"""What belongs to no single page of the desk."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from staff.models import User


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Remember the language here by a cookie, and for somebody signed in wherever they sign in."""
    chosen = request.POST.get("language", "")
    if isinstance(request.user, User) and chosen in dict(settings.LANGUAGES):
        User.objects.filter(pk=request.user.pk).update(language=chosen)
    return set_language(request)


THEMES = ("light", "dark")
_YEAR_S = 365 * 24 * 3600


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Light or dark here from now on; whatever else is asked for, as the system is."""
    chosen = request.POST.get("theme", "")
    response = HttpResponseRedirect(_address_of_ours(request))
    if chosen in THEMES:
        response.set_cookie("theme", chosen, max_age=_YEAR_S, samesite="Lax", secure=settings.HTTPS)
    else:
        response.delete_cookie("theme", samesite="Lax")
    return response


def chosen_theme(request: HttpRequest) -> dict[str, str]:
    """What every template is told of it."""
    chosen = request.COOKIES.get("theme", "")
    return {"theme": chosen if chosen in THEMES else ""}


def _address_of_ours(request: HttpRequest) -> str:
    asked = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return asked if is_ours else "/"
