"""Campaigns over REST: made once, found by their key, refused when they cannot be."""

import pytest

from campaigns.models import Campaign, Cost
from tests.callers import make_caller
from tests.factories import make_user
from tests.funnel.worlds import install

pytestmark = pytest.mark.django_db

SPRING = {"key": "spring", "name": "Spring", "channel": "paid", "starts_on": "2026-03-01", "ends_on": None}
UNSAID = {
    "owner": None,
    "question": "reach",
    "stage": None,
    "audience": "",
    "view": None,
    "value_proposition": "",
    "tactic": "",
    "budget": None,
    "currency": "EUR",
    "archived": False,
}


def test_a_campaign_is_made_read_changed_and_listed():
    caller = make_caller()

    made = caller.post("/api/v1/campaigns", SPRING)
    changed = caller.patch("/api/v1/campaigns/spring", {"ends_on": "2026-04-01"})

    assert made.status_code == 201
    assert made.json() == SPRING | UNSAID
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


def test_a_plan_is_kept_with_its_budget_and_put_away():
    install()
    caller, owner = make_caller(), make_user()
    plan = {
        "question": "keep",
        "stage": "loyalty",
        "audience": "Who bought once",
        "value_proposition": "A second month for half",
        "tactic": "A letter on day 60",
        "owner": owner.pk,
        "budget": "1200.50",
        "currency": "sek",
    }
    caller.post("/api/v1/campaigns", SPRING)

    changed = caller.patch("/api/v1/campaigns/spring", plan | {"archived": True})

    money = {"budget": {"amount": "1200.50", "currency": "SEK"}, "currency": "SEK"}
    assert changed.json() == SPRING | UNSAID | plan | money | {"archived": True}
    assert caller.patch("/api/v1/campaigns/spring", {"currency": "XYZ"}).status_code == 422
    assert caller.patch("/api/v1/campaigns/spring", {"budget": "1.234"}).status_code == 422
    Cost.objects.create(campaign=Campaign.objects.get(), first_on="2026-03-01", last_on="2026-03-01", sum_minor=1)
    assert caller.patch("/api/v1/campaigns/spring", {"currency": "EUR"}).status_code == 422
