"""Who works here: roles, teams, the last admin, sessions, and what is on record of it."""

from threading import Barrier, Thread

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from staff.models import AuditRecord, Role, Team, User
from staff.policy import Principal
from staff.services import add_team, change_oneself, change_user, drop_team, end_sessions, rename_team
from tests.desk.scenes import at_desk
from tests.factories import make_contact, make_team, make_user

SIGN_IN = "/accounts/login/"


def on_record():
    return list(AuditRecord.objects.order_by("id").values_list("user", "action", "object_id", "detail"))


@pytest.mark.django_db
def test_a_change_is_on_record_with_what_was_before_and_what_is_now():
    admin, user, team = make_user(role=Role.ADMIN), make_user(role=Role.SALES, name="Laura"), make_team("North")

    change_user(user=user, by=Principal(user=admin), role=Role.MANAGER, team=team, name="Laura")

    detail = {"before": {"role": "sales", "team": None}, "after": {"role": "manager", "team": "North"}}
    assert on_record() == [(admin.pk, "user_changed", user.pk, detail)]
    user.refresh_from_db()
    assert (user.role, user.team) == (Role.MANAGER, team)


@pytest.mark.django_db
def test_what_is_as_it_was_is_not_a_change():
    user = make_user(name="Laura")

    change_oneself(user=user, name="Laura", language="", time_zone="")

    assert on_record() == []


@pytest.mark.django_db
@pytest.mark.parametrize("change", [{"role": Role.SALES}, {"is_active": False}])
def test_the_last_admin_stays_one(change):
    admin = make_user(role=Role.ADMIN)
    make_user(role=Role.ADMIN, is_active=False)

    with pytest.raises(ValidationError) as refusal:
        change_user(user=admin, by=Principal(user=admin), **change)

    admin.refresh_from_db()
    assert (refusal.value.code, admin.role, admin.is_active, on_record()) == ("last_admin", Role.ADMIN, True, [])


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_give_up_at_once_leave_one():
    admins, ready, refused = [make_user(role=Role.ADMIN) for _ in range(2)], Barrier(2), []

    def give_up(user: User) -> None:
        ready.wait()
        try:
            change_user(user=user, by=Principal(user=user), role=Role.SALES)
        except ValidationError as error:
            refused.append(error.code)
        finally:
            connection.close()

    threads = [Thread(target=give_up, args=[admin]) for admin in admins]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (refused, User.objects.filter(role=Role.ADMIN).count()) == (["last_admin"], 1)


@pytest.mark.django_db
@pytest.mark.parametrize("change", [{"role": Role.READ_ONLY}, {"is_active": False}])
def test_another_role_or_a_closed_account_ends_the_sessions(change):
    client, user = at_desk(Role.SALES)
    assert client.get("/settings").status_code == 200

    change_user(user=user, by=Principal(user=make_user(role=Role.ADMIN)), **change)

    assert client.get("/settings").headers["Location"].startswith(SIGN_IN)


@pytest.mark.django_db
def test_another_team_or_name_keeps_them():
    client, user = at_desk(Role.SALES)

    change_user(user=user, by=Principal(user=user), name="Another", team=make_team())

    assert client.get("/settings").status_code == 200


@pytest.mark.django_db
def test_sessions_can_be_ended_everywhere():
    client, user = at_desk(Role.SALES)

    end_sessions(user=user, by=Principal(user=user))

    assert client.get("/settings").headers["Location"].startswith(SIGN_IN)
    assert on_record() == [(user.pk, "sessions_ended", user.pk, {})]


@pytest.mark.django_db
def test_teams_are_added_renamed_and_dropped_on_record():
    by = Principal(user=make_user(role=Role.ADMIN))

    team = rename_team(team=add_team(by=by, name=" North "), by=by, name="South")
    contact = make_contact(team=team)
    drop_team(team=team, by=by)

    contact.refresh_from_db()
    assert (Team.objects.count(), contact.team) == (0, None)
    assert [(action, detail) for _user, action, _row, detail in on_record()] == [
        ("team_added", {"name": "North"}),
        ("team_renamed", {"before": "North", "after": "South"}),
        ("team_dropped", {"name": "South"}),
    ]


@pytest.mark.django_db
def test_a_team_that_somebody_is_in_stays():
    team = make_team()
    make_user(team=team)

    with pytest.raises(ValidationError) as refusal:
        drop_team(team=team, by=Principal(user=make_user(role=Role.ADMIN)))

    assert (refusal.value.code, Team.objects.count(), on_record()) == ("in_use", 1, [])
