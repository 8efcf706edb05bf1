"""The settings: one's own account, staff, teams, roles, the trail."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core import mail
from django.test import Client

from staff.models import AuditRecord, Invitation, Role, Team, User
from staff.policy import DEEDS
from tests.desk.scenes import at_desk, queries_for
from tests.factories import make_team, make_user
from tests.funnel.worlds import install

pytestmark = pytest.mark.django_db
LINK = re.compile(r"http://localhost:8000(/(?:join|enter|accounts/password/reset/key)/[^\s<]+)")


@pytest.fixture(autouse=True)
def _path() -> None:
    install()


def actions() -> list[str]:
    return list(AuditRecord.objects.order_by("id").values_list("action", flat=True))


def test_one_says_what_one_is_called_and_in_which_language_and_zone():
    client, user = at_desk(Role.READ_ONLY)

    client.post("/settings", {"name": "Sanna Rautio", "language": "fi", "time_zone": "Europe/Lisbon"})

    user.refresh_from_db()
    assert (user.name, user.language, user.time_zone) == ("Sanna Rautio", "fi", "Europe/Lisbon")
    assert "Oma tili" in client.get("/settings").text


def test_a_wrong_time_zone_is_said_beside_the_field():
    client, _user = at_desk()

    page = client.post("/settings", {"name": "Sanna", "time_zone": "Mars/Olympus"})

    assert (page.status_code, "Select a valid choice" in page.text) == (422, True)


@pytest.mark.parametrize("role", list(Role))
def test_everybody_reads_who_may_do_what_and_their_own_column_is_marked(role):
    client, _user = at_desk(role)

    page = client.get("/settings/roles").text

    assert all(deed.scope in page for deed in DEEDS)
    assert page.count('class="is-own') == 1 + len(DEEDS)


@pytest.mark.parametrize("goes_out", [True, False])
def test_an_invitation_goes_by_mail_or_is_shown_once(settings, goes_out):
    settings.MAIL_GOES_OUT = goes_out
    client, _admin = at_desk()

    page = client.post("/settings/staff/invite", {"email": "laura@example.com", "role": "sales"}, follow=True).text

    sent = [str(text.body) for text in mail.outbox]
    assert (len(sent), len(LINK.findall(page))) == ((1, 0) if goes_out else (0, 1))
    [address] = LINK.findall(sent[0] if goes_out else page)
    assert Client().get(address).status_code == 200
    assert not LINK.findall(client.get("/settings/staff").text)


def test_who_works_here_already_is_said_and_what_was_typed_stays():
    client, admin = at_desk()

    page = client.post("/settings/staff/invite", {"email": admin.email, "role": "manager", "name": "Again"})

    assert (page.status_code, "They work here already." in page.text, 'value="Again"' in page.text) == (422, True, True)


def test_an_invitation_is_renewed_and_taken_back(settings):
    settings.MAIL_GOES_OUT = False
    client, _admin = at_desk()
    client.post("/settings/staff/invite", {"email": "laura@example.com", "role": "sales"})
    first = Invitation.objects.get()

    [address] = LINK.findall(client.post(f"/settings/staff/invitations/{first.pk}/renew").text)
    second = Invitation.objects.latest("pk")
    assert Client().get(address).status_code == 200
    client.post(f"/settings/staff/invitations/{second.pk}/withdraw")

    assert Client().get(address).status_code == 404
    assert client.post(f"/settings/staff/invitations/{first.pk}/renew").status_code == 404


def test_an_admin_gives_role_and_team_and_closes_an_account():
    client, _admin = at_desk()
    user, team = make_user(name="Mikko"), make_team("North")

    client.post(f"/settings/staff/{user.pk}", {"name": "Mikko Heino", "role": "manager", "team": team.pk})

    user.refresh_from_db()
    assert (user.name, user.role, user.team, user.is_active) == ("Mikko Heino", "manager", team, False)


def test_the_last_admin_is_told_why_not():
    client, admin = at_desk(name="Jukka")

    page = client.post(f"/settings/staff/{admin.pk}", {"name": "Jukka", "role": "sales", "is_active": "on"})

    assert (page.status_code, "Somebody must stay admin." in page.text) == (422, True)


def test_an_admin_makes_links_for_who_cannot_come_in():
    client, _admin = at_desk()
    user = make_user("laura@example.com", password="the password of before")

    [enter] = LINK.findall(client.post(f"/settings/staff/{user.pk}/sign-in-link").text)
    [reset] = LINK.findall(client.post(f"/settings/staff/{user.pk}/password-link").text)

    theirs = Client()
    form = theirs.get(reset, follow=True)
    done = theirs.post(form.request["PATH_INFO"], {"password1": "a new long secret", "password2": "a new long secret"})
    user.refresh_from_db()
    assert (done.status_code, user.check_password("a new long secret")) == (302, True)
    assert Client().get(reset, follow=True).context.get("token_fail") is True
    assert Client().post(enter).headers["Location"] == "/"
    assert actions() == ["sign_in_link_made", "password_link_made", "password_changed", "signed_in"]


def test_who_lost_the_phone_signs_in_without_it_again():
    client, _admin = at_desk()
    user = make_user("laura@example.com", password="a long enough secret")
    TOTP.activate(user, generate_totp_secret())
    form, theirs = {"login": user.email, "password": "a long enough secret"}, Client()
    assert theirs.post("/accounts/login/", form).headers["Location"].startswith("/accounts/2fa/authenticate/")

    client.post(f"/settings/staff/{user.pk}/forget-second-step")

    assert Client().post("/accounts/login/", form).headers["Location"] == "/"
    assert (Authenticator.objects.count(), actions()) == (0, ["second_step_removed", "signed_in"])


def test_a_link_asks_for_the_second_step_too():
    client, _admin = at_desk()
    user = make_user()
    TOTP.activate(user, generate_totp_secret())
    [enter] = LINK.findall(client.post(f"/settings/staff/{user.pk}/sign-in-link").text)

    assert Client().post(enter).headers["Location"].startswith("/accounts/2fa/authenticate/")


def test_the_secret_of_the_second_step_is_sealed_in_the_database():
    secret = generate_totp_secret()
    TOTP.activate(make_user(), secret)

    assert secret not in str(Authenticator.objects.get().data)


def test_teams_are_added_renamed_and_dropped():
    client, _admin = at_desk()
    client.post("/settings/teams", {"name": "North"})
    team = Team.objects.get()

    client.post(f"/settings/teams/{team.pk}/rename", {"name": "South"})
    assert [team.name for team in Team.objects.all()] == ["South"]
    client.post(f"/settings/teams/{team.pk}/drop")
    assert Team.objects.count() == 0


def test_the_trail_tells_who_changed_what_from_what():
    client, _admin = at_desk(name="Jukka")
    user = make_user(name="Mikko", role=Role.SALES)
    client.post(f"/settings/staff/{user.pk}", {"name": "Mikko", "role": "manager", "is_active": "on"})

    page = client.get("/settings/trail").text

    assert re.search(r"Changed a member of staff.*role</span>\s*<s>sales</s> → manager", page, re.DOTALL)
    assert f'<a class="link anywhere" href="/settings/staff/{user.pk}">Mikko</a>' in page
    assert "Changed a member of staff</b>" not in client.get("/settings/trail?action=contacts_exported").text
    assert client.get("/settings/trail?cursor=made-up").status_code == 404


def test_wrong_passwords_are_on_record_without_what_was_typed():
    user = make_user("jukka@example.com", password="a long enough secret")
    for login in ("jukka@example.com", "nobody@example.com"):
        Client().post("/accounts/login/", {"login": login, "password": "wrong password"})

    records = AuditRecord.objects.order_by("id").values_list("action", "object_id", "detail")
    assert list(records) == [("sign_in_failed", user.pk, {}), ("sign_in_failed", None, {})]


def test_guessers_from_many_machines_get_ten_tries_at_one_address():
    make_user("jukka@example.com", password="a long enough secret")
    for machine in range(14):
        form = {"login": "jukka@example.com", "password": f"wrong {machine}"}
        Client(REMOTE_ADDR=f"192.0.2.{machine}").post("/accounts/login/", form)

    assert actions() == ["sign_in_failed"] * 10


def test_the_pages_cost_as_many_queries_however_many_work_here():
    client, _admin = at_desk()
    client.post(
        f"/settings/staff/{make_user(team=make_team()).pk}", {"name": "N", "role": "manager", "is_active": "on"}
    )
    few = [len(queries_for(client, address)) for address in ("/settings/staff", "/settings/trail", "/settings/teams")]
    for number in range(12):
        user = make_user(team=make_team())
        client.post(f"/settings/staff/{user.pk}", {"name": f"N{number}", "role": "manager", "is_active": "on"})

    many = [len(queries_for(client, address)) for address in ("/settings/staff", "/settings/trail", "/settings/teams")]
    assert many == few
    assert User.objects.count() == 14
