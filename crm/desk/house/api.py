"""/api/v1/users, teams and audit: who works here, for programs that share work out or keep accounts in step."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from crm.desk.house import letters
from crm.desk.house.shapes import (
    AuditShape,
    InvitationBody,
    InvitationShape,
    RoleChanges,
    RoleShape,
    RolesShape,
    SendingChanges,
    SendingShape,
    TeamBody,
    TeamShape,
    UserChanges,
    UserShape,
    show_invitation,
    show_record,
    show_sending,
    show_team,
    show_user,
)
from crm.sending import take_up_sending
from rest.answers import answer
from rest.bodies import body_as
from rest.endpoints import caller, operation
from rest.lists import listed
from rest.queries import refuse_unknown_parameters
from rest.schema import BODY_PROBLEMS, IDEMPOTENCY_KEY, LIST_PROBLEMS, page_shape, paging_parameters
from staff.inviting import invite
from staff.models import AuditRecord, Role, Team, User
from staff.policy import ROLE_SCOPES
from staff.sending import pause_sending
from staff.services import add_team, change_user, rename_team
from staff.steps import guard_role, guarded_roles

TAG = _("Staff")


@operation(
    "contacts:read",
    summary=_("List members of staff"),
    tag=TAG,
    answers={200: page_shape("UserPage", UserShape)},
    parameters=paging_parameters("id"),
    problems=LIST_PROBLEMS,
)
def user_list(request: Request) -> HttpResponse:
    """Who may own people and companies. Closed accounts are listed too: rows may still be theirs."""
    return listed(request, User.objects.all(), show_user)


@operation(
    "staff:manage",
    summary=_("Invite somebody to work here"),
    tag=TAG,
    takes=InvitationBody,
    example={"email": "laura@example.com", "name": "Laura Peltola", "role": "sales"},
    answers={201: InvitationShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=BODY_PROBLEMS,
)
def user_invite(request: Request) -> HttpResponse:
    """They get a letter with a link that works once, within seven days; without a mail server the link is in the
    answer. They become a user when they choose a password."""
    invitation, token = invite(by=caller(request), **body_as(InvitationBody, request))
    link = "" if letters.send_invitation(invitation, token) else letters.invitation_url(token)
    return answer(show_invitation(invitation, link), status=201)


@operation(
    "staff:manage",
    summary=_("Change a member of staff"),
    tag=TAG,
    takes=UserChanges,
    example={"role": "manager", "is_active": True},
    answers={200: UserShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "not-found"),
)
def user_change(request: Request, user_id: int) -> HttpResponse:
    """Another role, or a closed account, ends their sessions. The last admin stays one."""
    user = get_object_or_404(User, pk=user_id)
    return answer(show_user(change_user(user=user, by=caller(request), **body_as(UserChanges, request))))


@operation("contacts:read", summary=_("List roles"), tag=TAG, answers={200: RolesShape})
def role_list(request: Request) -> HttpResponse:
    """What people of each role may do. Keys of programs have scopes of their own."""
    refuse_unknown_parameters(request._request, ())
    guarded = guarded_roles()
    return answer(RolesShape([_role(role, role.value in guarded) for role in Role]))


@operation(
    "staff:manage",
    summary=_("Change a role"),
    tag=TAG,
    takes=RoleChanges,
    example={"needs_second_step": True},
    answers={200: RoleShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "not-found"),
)
def role_change(request: Request, role: str) -> HttpResponse:
    """Say whether people of a role need a second step to sign in. Whoever has none is led to set it up."""
    if role not in Role.values:
        raise Http404
    needed = body_as(RoleChanges, request)["needs_second_step"]
    guard_role(role=Role(role), by=caller(request), needed=needed)
    return answer(_role(Role(role), needed))


def _role(role: Role, needed: bool) -> RoleShape:
    return RoleShape(role.value, sorted(ROLE_SCOPES[role.value]), needed)


@operation(
    "contacts:read",
    summary=_("List teams"),
    tag=TAG,
    answers={200: page_shape("TeamPage", TeamShape)},
    parameters=paging_parameters("id"),
    problems=LIST_PROBLEMS,
)
def team_list(request: Request) -> HttpResponse:
    """Sales see the people of their team."""
    return listed(request, Team.objects.all(), show_team)


@operation(
    "staff:manage",
    summary=_("Add a team"),
    tag=TAG,
    takes=TeamBody,
    answers={201: TeamShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=BODY_PROBLEMS,
)
def team_add(request: Request) -> HttpResponse:
    return answer(show_team(add_team(by=caller(request), **body_as(TeamBody, request))), status=201)


@operation(
    "staff:manage",
    summary=_("Rename a team"),
    tag=TAG,
    takes=TeamBody,
    answers={200: TeamShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "not-found"),
)
def team_rename(request: Request, team_id: int) -> HttpResponse:
    team = get_object_or_404(Team, pk=team_id)
    return answer(show_team(rename_team(team=team, by=caller(request), **body_as(TeamBody, request))))


@operation(
    "audit:read",
    summary=_("Read the audit trail"),
    tag=TAG,
    answers={200: page_shape("AuditPage", AuditShape)},
    parameters=paging_parameters("id"),
    problems=LIST_PROBLEMS,
)
def audit_list(request: Request) -> HttpResponse:
    """Who did what, the newest first. Records are only ever added."""
    return listed(request, AuditRecord.objects.select_related("api_key"), show_record, default="-id")


@operation("staff:manage", summary=_("Whether letters and webhooks go out"), tag=TAG, answers={200: SendingShape})
def sending_show(request: Request) -> HttpResponse:
    """They wait while sending is paused, and in a database that was restored or copied."""
    refuse_unknown_parameters(request, ())
    return answer(show_sending())


@operation(
    "staff:manage",
    summary=_("Pause sending, or take it up again"),
    tag=TAG,
    takes=SendingChanges,
    example={"is_on": True, "drop": False},
    answers={200: SendingShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=BODY_PROBLEMS,
)
def sending_change(request: Request) -> HttpResponse:
    """Taken up again, the database is the real one from now on; with `drop` what waits now never goes out by itself."""
    said = body_as(SendingChanges, request)
    if said["is_on"]:
        take_up_sending(by=caller(request), drop=said["drop"])
    else:
        pause_sending(by=caller(request))
    return answer(show_sending())
