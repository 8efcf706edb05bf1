"""Campaigns over REST: made once, found by their key, refused when they cannot be."""

import pytest

from campaigns.models import Campaign
from tests.callers import make_caller

pytestmark = pytest.mark.django_db

SPRING = {"key": "spring", "name": "Spring", "channel": "paid", "starts_on": "2026-03-01", "ends_on": None}


def test_a_campaign_is_made_read_changed_and_listed():
    caller = make_caller()

    made = caller.post("/api/v1/campaigns", SPRING)
    changed = caller.patch("/api/v1/campaigns/spring", {"ends_on": "2026-04-01"})

    assert made.status_code == 201
    assert made.json() == SPRING | {"owner": None}
    assert changed.json() == made.json() | {"ends_on": "2026-04-01"}
    assert caller.get("/api/v1/campaigns/spring").json() == changed.json()
    assert caller.get("/api/v1/campaigns").json()["results"] == [changed.json()]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (SPRING | {"channel": "carrier pigeon"}, "/channel"),
        (SPRING | {"name": ""}, "/name"),
        (SPRING | {"key": "taken"}, "/key"),
        ({"name": "No key"}, "/key"),
    ],
)
def test_what_cannot_be_is_refused_by_name(body, pointer):
    Campaign.objects.create(key="taken", name="Taken")

    refusal = make_caller().post("/api/v1/campaigns", body)

    assert refusal.status_code == 422
    assert [error["pointer"] for error in refusal.json()["errors"]] == [pointer]
    assert Campaign.objects.count() == 1


def test_a_campaign_does_not_end_before_it_starts():
    refusal = make_caller().post("/api/v1/campaigns", SPRING | {"ends_on": "2026-02-01"})

    assert refusal.status_code == 422
    assert not Campaign.objects.exists()


def test_the_key_of_a_campaign_stays():
    caller = make_caller()
    caller.post("/api/v1/campaigns", SPRING)

    assert caller.patch("/api/v1/campaigns/spring", {"key": "autumn"}).status_code == 400
    assert caller.get("/api/v1/campaigns/winter").status_code == 404
