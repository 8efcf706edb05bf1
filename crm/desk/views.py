"""What belongs to no single page of the desk."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
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
