"""Addresses and forms that nobody is led to: numbers and days that no row and no calendar has are as if not said."""

import pytest
from django.core.signing import BadSignature

from crm.desk.finding import number_said, numbers_said
from crm.desk.undoing import sealed, unsealed
from staff.models import Role
from tests.factories import make_user
from tests.funnel.worlds import install

pytestmark = pytest.mark.django_db
HUGE = "9" * 4400  # more digits than Python turns into a number


@pytest.fixture
def admin(client):
    install()
    client.force_login(make_user(role=Role.ADMIN))
    return client


def test_a_number_is_one_that_a_row_can_have():
    assert [number_said(text) for text in ("7", "0", "9" * 18, "9" * 19, HUGE, "", "-1", "²", "٣", "1.0", " 7")] == [
        7, 0, 10**18 - 1, None, None, None, None, None, None, None, None,
    ]  # fmt: skip
    assert numbers_said(["3", "x", "1", "3"]) == [3, 1]


@pytest.mark.parametrize(
    "address",
    [
        f"/?days={HUGE}&within={HUGE}&owner={HUGE}&team={HUGE}",
        *("/?as_of=0001-01-01", "/?known_on=0001-01-01", "/?as_of=9999-12-31", "/?known_on=9999-12-31"),
        *(f"{page}?month={month}" for page in ("/", "/path/targets") for month in ("0001-01", "9999-12")),
        f"/companies/new/alike?name=x&but={HUGE}",
        f"/settings/trail?who={HUGE}",
        f"/settings/teams?team={HUGE}",
        f"/contacts?c.0=created&c.0.o=last&c.0.v={HUGE}&c.0.g={HUGE}",
    ],
)
def test_a_page_takes_what_is_no_number_or_day_for_nothing(admin, address):
    assert admin.get(address).status_code == 200


def test_what_takes_one_deed_back_takes_no_other_back():
    token = sealed("join 7", [3, 4])

    assert unsealed("join 7", token) == [3, 4]
    for other in ("join 70", "decline 7", "place 7", "task 7", ""):
        with pytest.raises(BadSignature):
            unsealed(other, token)
