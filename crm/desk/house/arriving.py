"""The two doors a link opens: becoming a member of staff, and coming in without a password.

Reading the page spends nothing, for mail programs follow links; only sending its form does.
"""

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from crm.desk.house.forms import JoinForm
from staff.inviting import accept_invitation
from staff.links import open_invitation, open_sign_in, use
from staff.models import User


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    invitation = open_invitation(token)
    if invitation is None:
        return _over(request)
    form = JoinForm(request.POST or None, initial={"name": invitation.name})
    if form.is_valid():
        try:
            user = accept_invitation(invitation=invitation, **form.cleaned_data, language=get_language() or "")
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return _let_in(request, user)
    return render(request, "desk/house/join.html", {"form": form, "invitation": invitation})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def enter(request: HttpRequest, token: str) -> HttpResponse:
    link = open_sign_in(token)
    if link is None:
        return _over(request)
    if request.method != "POST":
        return render(request, "desk/house/enter.html", {"link": link})
    return _let_in(request, link.user) if use(link) else _over(request)


def _let_in(request: HttpRequest, user: User) -> HttpResponse:
    """As by a password: whoever has a second step is asked for it."""
    answer: HttpResponse = perform_login(request, Login(user=user))
    return answer


def _over(request: HttpRequest) -> HttpResponse:
    return render(request, "desk/house/over.html", status=404)
