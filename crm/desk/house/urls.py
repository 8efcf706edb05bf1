from django.urls import path

from crm.desk.house import api, arriving, declaring, posting, views
from crm.desk.house.trail import trail
from rest import paths  # noqa: F401  (the converter `row`)
from rest.endpoints import endpoint

urlpatterns = [
    path("settings", views.account, name="settings"),
    path("settings/leave", views.account_leave, name="account-leave"),
    path("settings/roles", views.roles, name="roles"),
    path("settings/roles/<slug:role>/second-step", views.role_guard, name="role-guard"),
    path("settings/second-step", views.second_step, name="second-step"),
    path("settings/staff", views.staff_list, name="staff"),
    path("settings/staff/invite", views.staff_invite, name="staff-invite"),
    path(
        "settings/staff/invitations/<int:invitation_id>/<slug:deed>", views.invitation_change, name="invitation-change"
    ),
    path("settings/staff/<int:user_id>", views.staff_member, name="staff-member"),
    path("settings/staff/<int:user_id>/<slug:deed>", views.staff_help, name="staff-help"),
    path("settings/teams", views.team_list, name="teams"),
    path("settings/teams/<int:team_id>/<slug:deed>", views.team_change, name="team-change"),
    path("settings/fields", declaring.field_list, name="fields"),
    path("settings/fields/<int:field_id>/<slug:deed>", declaring.field_change, name="field-change"),
    path("settings/mail", posting.mail, name="mail"),
    path("settings/mail/sending", posting.sending, name="sending"),
    path("settings/trail", trail, name="trail"),
    path("join/<str:token>", arriving.join, name="join"),
    path("enter/<str:token>", arriving.enter, name="enter"),
]
programs = [
    path("users", endpoint(GET=api.user_list, POST=api.user_invite)),
    path("users/<row:user_id>", endpoint(PATCH=api.user_change)),
    path("roles", endpoint(GET=api.role_list)),
    path("roles/<slug:role>", endpoint(PATCH=api.role_change)),
    path("teams", endpoint(GET=api.team_list, POST=api.team_add)),
    path("teams/<row:team_id>", endpoint(PATCH=api.team_rename)),
    path("sending", endpoint(GET=api.sending_show, PATCH=api.sending_change)),
    path("audit", endpoint(GET=api.audit_list)),
]
