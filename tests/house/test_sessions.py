"""Session and account are one statement, and still end at once, and are nobody else's."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db.models import F
from django.utils import timezone

from crm.sessions import SessionStore
from staff.models import User
from tests.asking import asked_by
from tests.desk.scenes import at_desk
from tests.factories import make_user

pytestmark = pytest.mark.django_db
ENDS = {
    "everywhere": lambda: User.objects.update(session_epoch=F("session_epoch") + 1),
    "another role": lambda: User.objects.update(role="read_only"),
    "another password": lambda: User.objects.update(password="another"),
    "a closed account": lambda: User.objects.update(is_active=False),
    "a way in that is none": lambda: _said("_auth_user_backend", "some.Backend"),
    "time": lambda: Session.objects.update(expire_date=timezone.now() - timedelta(minutes=5)),
    "another secret": lambda: Session.objects.update(session_data="what we never signed"),
}


def _said(name, value):
    for row in Session.objects.all():
        store = SessionStore(row.session_key)
        store[name] = value
        store.save()


@pytest.mark.parametrize("end", ENDS)
def test_a_session_that_was_known_a_moment_ago_ends_at_once(end):
    client, _user = at_desk()
    seen = [client.get("/settings").status_code for _ in range(3)]

    ENDS[end]()

    assert (seen, client.get("/settings").status_code) == ([200, 200, 200], 302)


def test_session_and_account_are_one_statement():
    client, _user = at_desk()

    asked = asked_by(lambda: client.get("/settings"))

    assert [one for one in asked if "staff_user" in one] == [one for one in asked if "django_session" in one]
    assert len([one for one in asked if "django_session" in one]) == 1


def test_whoever_a_session_is_taken_for_it_stays_that_of_its_own_person():
    client, _user = at_desk(email="laura@example.com")
    [session] = Session.objects.all()
    SessionStore._whose[session.session_key] = make_user("somebody@example.com").pk

    assert "laura@example.com" in client.get("/settings").text
