from django.urls import path

from crm.desk.house import arriving, views
from crm.desk.house.trail import trail

urlpatterns = [
    path("settings", views.account, name="settings"),
    path("settings/leave", views.account_leave, name="account-leave"),
    path("settings/roles", views.roles, name="roles"),
    path("settings/staff", views.staff_list, name="staff"),
    path("settings/staff/invite", views.staff_invite, name="staff-invite"),
    path(
        "settings/staff/invitations/<int:invitation_id>/<slug:deed>", views.invitation_change, name="invitation-change"
    ),
    path("settings/staff/<int:user_id>", views.staff_member, name="staff-member"),
    path("settings/staff/<int:user_id>/<slug:deed>", views.staff_help, name="staff-help"),
    path("settings/teams", views.team_list, name="teams"),
    path("settings/teams/<int:team_id>/<slug:deed>", views.team_change, name="team-change"),
    path("settings/trail", trail, name="trail"),
    path("join/<str:token>", arriving.join, name="join"),
    path("enter/<str:token>", arriving.enter, name="enter"),
]
