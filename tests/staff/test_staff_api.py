"""Who works here, for programs."""

import pytest
from django.test import Client

from staff.models import AuditRecord, Role, User
from tests.callers import make_caller
from tests.factories import make_team, make_user

pytestmark = pytest.mark.django_db


def test_members_of_staff_and_teams_are_listed():
    team = make_team("North")
    user = make_user("laura@example.com", name="Laura", team=team, role=Role.SALES)
    caller = make_caller("contacts:read")

    shown = {"id": user.pk, "name": "Laura", "role": "sales", "team": team.pk, "is_active": True}
    assert caller.get("/api/v1/users").json()["results"] == [shown]
    assert caller.get("/api/v1/teams").json()["results"] == [{"id": team.pk, "name": "North"}]


def test_somebody_is_invited_and_the_link_is_in_the_answer_where_no_mail_goes_out(settings):
    settings.MAIL_GOES_OUT = False
    body = {"email": "Laura@example.com", "role": "marketer", "name": "Laura"}

    answer = make_caller("staff:manage").post("/api/v1/users", body)

    said = answer.json()
    assert (answer.status_code, said["email"], said["role"], said["team"]) == (
        201,
        "laura@example.com",
        "marketer",
        None,
    )
    assert Client().get(said["link"].removeprefix("http://localhost:8000")).status_code == 200


def test_who_works_here_already_is_not_invited():
    user = make_user()

    answer = make_caller("staff:manage").post("/api/v1/users", {"email": user.email, "role": "sales"})

    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, ["/email"])


def test_a_member_of_staff_is_changed_on_record():
    make_user(role=Role.ADMIN)
    user, caller = make_user(role=Role.SALES), make_caller("staff:manage")

    answer = caller.patch(f"/api/v1/users/{user.pk}", {"role": "manager"})

    assert (answer.status_code, answer.json()["role"]) == (200, "manager")
    record = AuditRecord.objects.get(action="user_changed")
    assert (record.api_key, record.detail) == (caller.key, {"before": {"role": "sales"}, "after": {"role": "manager"}})


def test_the_last_admin_stays_whoever_asks():
    admin = make_user(role=Role.ADMIN)

    answer = make_caller("staff:manage").patch(f"/api/v1/users/{admin.pk}", {"is_active": False})

    assert (answer.status_code, User.objects.get(pk=admin.pk).is_active) == (422, True)


def test_teams_are_added_and_renamed():
    caller = make_caller("staff:manage")
    made = caller.post("/api/v1/teams", {"name": "North"}).json()

    assert caller.patch(f"/api/v1/teams/{made['id']}", {"name": "South"}).json() == {"id": made["id"], "name": "South"}
    assert caller.post("/api/v1/teams", {"name": "South"}).status_code == 422


def test_the_trail_is_read_newest_first_without_secrets():
    caller = make_caller("staff:manage", "audit:read")
    caller.post("/api/v1/teams", {"name": "North"})

    newest = caller.get("/api/v1/audit").json()["results"][0]

    said = {name: newest[name] for name in ("user", "key", "action", "kind", "detail")}
    assert said == {
        "user": None,
        "key": caller.key.prefix,
        "action": "team_added",
        "kind": "team",
        "detail": {"name": "North"},
    }
