"""Coming to work here: invitations and sign-in links open once, for a while, for one person."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db.models import F
from django.test import Client

from staff.inviting import accept_invitation, invite, renew_invitation, withdraw_invitation
from staff.links import make_sign_in_link, open_invitation, open_sign_in
from staff.models import AuditRecord, Invitation, Role, SignInLink, User
from staff.policy import Principal
from tests.factories import make_team, make_user

pytestmark = pytest.mark.django_db
PASSWORD = "spruce needles in the rain"


@pytest.fixture
def admin() -> Principal:
    return Principal(user=make_user("admin@example.com", role=Role.ADMIN))


def test_who_is_invited_chooses_a_password_and_is_in(admin):
    team = make_team("North")
    _invitation, token = invite(by=admin, email=" Laura@Example.com ", role=Role.MARKETER, team=team)
    client = Client()

    assert "laura@example.com" in client.get(f"/join/{token}").text
    answer = client.post(f"/join/{token}", {"name": "Laura Peltola", "password": PASSWORD})

    user = User.objects.get(email="laura@example.com")
    assert (answer.status_code, answer.headers["Location"], client.session["_auth_user_id"]) == (302, "/", str(user.pk))
    assert (user.name, user.role, user.team, user.check_password(PASSWORD)) == (
        "Laura Peltola",
        Role.MARKETER,
        team,
        True,
    )
    assert list(AuditRecord.objects.order_by("id").values_list("user", "action", "object_kind")) == [
        (admin.user.pk, "user_invited", "invitation"),
        (user.pk, "user_joined", "user"),
        (user.pk, "signed_in", "user"),
    ]


def test_a_link_works_once_and_reading_its_page_spends_nothing(admin):
    _invitation, token = invite(by=admin, email="laura@example.com", role=Role.SALES)
    for _ in range(3):
        assert Client().get(f"/join/{token}").status_code == 200
    form = {"name": "Laura", "password": PASSWORD}
    assert Client().post(f"/join/{token}", form).status_code == 302

    again = [Client().get(f"/join/{token}"), Client().post(f"/join/{token}", form)]

    assert [answer.status_code for answer in again] == [404, 404]
    assert User.objects.filter(email="laura@example.com").count() == 1


@pytest.mark.parametrize("how", ["withdrawn", "replaced", "never made"])
def test_a_link_that_is_no_more_opens_nothing(admin, how):
    invitation, token = invite(by=admin, email="laura@example.com", role=Role.SALES)
    match how:
        case "withdrawn":
            withdraw_invitation(invitation=invitation, by=admin)
        case "replaced":
            renew_invitation(invitation=invitation, by=admin)
        case "never made":
            token = "made-up"

    assert (open_invitation(token), Client().get(f"/join/{token}").status_code) == (None, 404)


@pytest.mark.owner  # the role that serves may not put a moment off
def test_a_link_whose_time_is_over_opens_nothing(admin):
    _invitation, token = invite(by=admin, email="laura@example.com", role=Role.SALES)
    Invitation.objects.update(expires_at=F("made_at"))

    assert (open_invitation(token), Client().get(f"/join/{token}").status_code) == (None, 404)


def test_a_weak_password_is_refused_in_words_and_the_link_stays(admin):
    _invitation, token = invite(by=admin, email="laura@example.com", role=Role.SALES)

    page = Client().post(f"/join/{token}", {"name": "Laura", "password": "password1234"})

    assert "This password is too common." in page.text
    assert (User.objects.filter(email="laura@example.com").exists(), bool(open_invitation(token))) == (False, True)


def test_two_who_bring_the_same_link_at_once_become_one(admin):
    invitation, _token = invite(by=admin, email="laura@example.com", role=Role.SALES)
    accept_invitation(invitation=invitation, name="Laura", password=PASSWORD)

    with pytest.raises(ValidationError) as refusal:
        accept_invitation(invitation=invitation, name="Eve", password=PASSWORD)

    assert (refusal.value.code, User.objects.filter(name="Eve").exists()) == ("used", False)


def test_who_works_here_is_not_invited(admin):
    with pytest.raises(ValidationError, match="work here already"):
        invite(by=admin, email="ADMIN@example.com", role=Role.SALES)


def test_only_hashes_of_links_are_kept(admin):
    _invitation, token = invite(by=admin, email="laura@example.com", role=Role.SALES)
    other = make_sign_in_link(user=admin.user, by=admin)

    rows = f"{list(Invitation.objects.values())}{list(SignInLink.objects.values())}{list(AuditRecord.objects.values())}"
    assert (token in rows, other in rows) == (False, False)


def test_an_invitation_lasts_a_week_and_a_sign_in_link_half_an_hour(admin):
    invitation, _token = invite(by=admin, email="laura@example.com", role=Role.SALES)
    make_sign_in_link(user=admin.user, by=admin)
    invitation.refresh_from_db()
    link = SignInLink.objects.get()

    lasting = [round((one.expires_at - one.made_at).total_seconds()) for one in (invitation, link)]
    assert lasting == [timedelta(days=7).total_seconds(), timedelta(minutes=30).total_seconds()]


def test_a_sign_in_link_lets_in_once(admin):
    user, client = make_user("laura@example.com"), Client()
    token = make_sign_in_link(user=user, by=admin)
    assert client.get(f"/enter/{token}").status_code == 200

    answers = [client.post(f"/enter/{token}"), Client().post(f"/enter/{token}")]

    assert [answer.status_code for answer in answers] == [302, 404]
    assert client.session["_auth_user_id"] == str(user.pk)


def test_a_sign_in_link_of_a_closed_account_or_an_older_one_lets_nobody_in(admin):
    user = make_user()
    older, newer = [make_sign_in_link(user=user, by=admin) for _ in range(2)]
    assert (open_sign_in(older), open_sign_in(newer) is None) == (None, False)

    User.objects.filter(pk=user.pk).update(is_active=False)

    assert open_sign_in(newer) is None
