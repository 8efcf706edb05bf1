"""The settings: one's own account, and for admins who works here."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from crm.calendars import feed_of
from crm.desk.doors import for_staff, signed_in
from crm.desk.finding import number_said
from crm.desk.house import forms, letters
from crm.desk.house.people import members, policy, teams
from crm.desk.house.rooms import shown
from crm.desk.toasts import toast
from staff.inviting import invite, open_invitations, renew_invitation, withdraw_invitation
from staff.links import make_sign_in_link
from staff.models import Invitation, Role, Team, User
from staff.policy import Principal
from staff.services import OWN, add_team, change_oneself, change_user, drop_team, end_sessions, rename_team
from staff.steps import forget_steps, guard_role, step_is_due


@for_staff("contacts:read")
def account(request: HttpRequest, principal: Principal) -> HttpResponse:
    """One's own account: what one is called, in which language and time, and how one signs in."""
    user = _user(principal)
    own = {name: getattr(user, name) for name in OWN}
    form = forms.OwnForm(request.POST or None, initial=own)
    if form.is_valid():
        change_oneself(user=user, **form.cleaned_data)
        return toast(request, redirect("desk:settings"), _("Saved."))
    context = {"form": form, "steps": _steps(user), "feed": feed_of(user)}
    return shown(request, principal, "account.html", context, form)


@require_POST
@for_staff("contacts:read")
def account_leave(request: HttpRequest, principal: Principal) -> HttpResponse:
    """End one's sessions everywhere, also here."""
    end_sessions(user=_user(principal), by=principal)
    return redirect("desk:path")


@require_GET
@for_staff("contacts:read")
def roles(request: HttpRequest, principal: Principal) -> HttpResponse:
    user, asked = _user(principal), request.GET.get("role", "")
    context = policy(user) | {
        "may_manage": principal.may("staff:manage"),
        "picked": asked if asked in Role.values else user.role,  # a phone shows one at a time
    }
    return shown(request, principal, "roles.html", context)


@require_POST
@for_staff("staff:manage")
def role_guard(request: HttpRequest, principal: Principal, role: str) -> HttpResponse:
    """Whether people of the role need a second step."""
    if role not in Role.values:
        raise Http404
    needed, back = request.POST.get("needed") == "1", redirect(f"{reverse('desk:roles')}?role={role}")
    try:
        guard_role(role=Role(role), by=principal, needed=needed)
    except ValidationError as error:
        return toast(request, back, " ".join(error.messages), tone="refused")
    words = _("%(role)s: a second step is needed now.") if needed else _("%(role)s: no second step is needed.")
    return toast(request, back, words % {"role": Role(role).label.capitalize()})


@signed_in
def second_step(request: HttpRequest) -> HttpResponse:
    """What somebody whose role needs a second step sees until they have one."""
    assert isinstance(request.user, User)
    if not step_is_due(request, request.user):
        return redirect("desk:path")
    return render(request, "desk/house/second_step.html")


# --- Who works here ---------------------------------------------------------------------------------------------------


@require_GET
@for_staff("staff:manage")
def staff_list(request: HttpRequest, principal: Principal) -> HttpResponse:
    everybody = list(members())
    working = sum(one.is_active for one in everybody)
    context = {"members": everybody, "working": working, "invitations": open_invitations()}
    return shown(request, principal, "staff.html", context)


@for_staff("staff:manage")
def staff_invite(request: HttpRequest, principal: Principal) -> HttpResponse:
    form = forms.InvitationForm(request.POST or None)
    if form.is_valid():
        try:
            invitation, token = invite(by=principal, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return _sent(request, principal, invitation, token)
    return shown(request, principal, "invite.html", {"form": form, "goes_out": settings.MAIL_GOES_OUT}, form)


@require_POST
@for_staff("staff:manage")
def invitation_change(request: HttpRequest, principal: Principal, invitation_id: int, deed: str) -> HttpResponse:
    invitation = get_object_or_404(Invitation, pk=invitation_id, used_at=None, withdrawn_at=None)
    match deed:
        case "renew":
            return _sent(request, principal, *renew_invitation(invitation=invitation, by=principal))
        case "withdraw":
            withdraw_invitation(invitation=invitation, by=principal)
            words = _("The invitation of %(email)s opens nothing any more.") % {"email": invitation.email}
            return toast(request, redirect("desk:staff"), words)
    raise Http404


@for_staff("staff:manage")
def staff_member(request: HttpRequest, principal: Principal, user_id: int) -> HttpResponse:
    user = get_object_or_404(User.objects.select_related("team"), pk=user_id)
    form = forms.StaffForm(request.POST or None, initial=forms.place_of(user))
    if form.is_valid():
        try:
            change_user(user=user, by=principal, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return toast(request, redirect("desk:staff"), _("%(name)s: saved.") % {"name": form.cleaned_data["name"]})
    return shown(request, principal, "member.html", {"form": form, "member": user, "steps": _steps(user)}, form)


@require_POST
@for_staff("staff:manage")
def staff_help(request: HttpRequest, principal: Principal, user_id: int, deed: str) -> HttpResponse:
    """What an admin does for somebody who cannot come in, or should not."""
    user = get_object_or_404(User, pk=user_id)
    back = redirect("desk:staff-member", user.pk)
    match deed:
        case "sign-in-link":
            link = letters.sign_in_url(make_sign_in_link(user=user, by=principal))
            return _link(request, principal, user, link, _("It lets %(name)s in once, within 30 minutes."))
        case "password-link":
            link = letters.make_password_url(user=user, by=principal)
            return _link(request, principal, user, link, _("Within a day."))
        case "end-sessions":
            end_sessions(user=user, by=principal)
            return toast(request, back, _("%(name)s must sign in again.") % {"name": user})
        case "forget-second-step":
            forget_steps(user=user, by=principal)
            return toast(request, back, _("%(name)s signs in without a second step now.") % {"name": user})
    raise Http404


@for_staff("staff:manage")
def team_list(request: HttpRequest, principal: Principal) -> HttpResponse:
    number = number_said(request.GET.get("team", ""))
    renamed = None if number is None else get_object_or_404(Team, pk=number)
    form = forms.TeamForm(request.POST or None, initial={"name": renamed.name} if renamed else None)
    if form.is_valid():
        try:
            team = add_team(by=principal, name=form.cleaned_data["name"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return toast(request, redirect("desk:teams"), _("%(name)s is a team now.") % {"name": team})
    return shown(request, principal, "teams.html", {"form": form, "teams": teams(), "renamed": renamed}, form)


@require_POST
@for_staff("staff:manage")
def team_change(request: HttpRequest, principal: Principal, team_id: int, deed: str) -> HttpResponse:
    team = get_object_or_404(Team, pk=team_id)
    back = redirect("desk:teams")
    try:
        match deed:
            case "rename":
                rename_team(team=team, by=principal, name=request.POST.get("name", ""))
            case "drop":
                drop_team(team=team, by=principal)
            case _:
                raise Http404
    except ValidationError as error:
        return toast(request, back, " ".join(error.messages), tone="refused")
    return toast(request, back, _("Saved."))


# --- Links ------------------------------------------------------------------------------------------------------------


def _sent(request: HttpRequest, principal: Principal, invitation: Invitation, token: str) -> HttpResponse:
    """Say that the letter is on its way; or show the link, this once, to be handed over."""
    if letters.send_invitation(invitation, token):
        words = _("%(email)s has a letter with the link.") % {"email": invitation.email}
        return toast(request, redirect("desk:staff"), words)
    link = letters.invitation_url(token)
    return _link(request, principal, invitation, link, _("It works once, within seven days."))


def _link(request: HttpRequest, principal: Principal, whose: Any, link: str, words: str) -> HttpResponse:
    said = words % {"name": whose} if "%(" in words else words
    return shown(request, principal, "link.html", {"whose": whose, "link": link, "words": said})


def _steps(user: User) -> dict[str, list[Authenticator]]:
    """The second steps of somebody, by kind."""
    kinds: dict[str, list[Authenticator]] = {}
    for one in Authenticator.objects.filter(user=user).order_by("pk"):
        kinds.setdefault(one.type, []).append(one)
    return kinds


def _user(principal: Principal) -> User:
    assert principal.user  # the desk's door lets in nobody else
    return principal.user
