"""Links: made by staff, leading only where they said, counted without the machines."""

import pytest
from django.test import Client

from campaigns.models import Campaign, LinkDay
from staff.models import Role
from tests.callers import make_caller
from tests.desk.scenes import at_desk

pytestmark = pytest.mark.django_db

PERSON = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"
OFFER = {"url": "https://example.com/offer?a=1&utm_source=old#top", "source": "news letter", "medium": "email"}


@pytest.fixture(autouse=True)
def _campaign() -> None:
    Campaign.objects.create(key="spring", name="Spring")


def test_a_link_leads_to_its_address_with_the_fields_of_the_campaign_and_counts_people_alone():
    caller, anybody = make_caller(), Client()
    made = caller.post("/api/v1/campaigns/spring/links", OFFER | {"content": "button"})
    link = made.json()

    opened = anybody.get(f"/l/{link['token']}", headers={"User-Agent": PERSON})
    for machine in ("Googlebot/2.1", "Slackbot-LinkExpanding 1.0", "WhatsApp/2.2", "curl/8.0", ""):
        assert anybody.get(f"/l/{link['token']}", headers={"User-Agent": machine}).status_code == 302
    anybody.head(f"/l/{link['token']}", headers={"User-Agent": PERSON})
    anybody.get(f"/l/{link['token']}", headers={"User-Agent": PERSON, "Sec-Purpose": "prefetch;prerender"})

    assert made.status_code == 201
    assert opened.status_code == 302
    assert opened["Location"] == link["address"]
    assert link["address"] == (
        "https://example.com/offer?a=1&utm_source=news+letter&utm_medium=email&utm_campaign=spring"
        "&utm_content=button#top"
    )
    assert list(LinkDay.objects.values_list("clicks", "left_out")) == [(1, 7)]
    [listed] = caller.get("/api/v1/campaigns/spring/links").json()["results"]
    assert listed == link | {"clicks": 1, "left_out": 7}
    assert caller.post("/api/v1/campaigns/spring/links", OFFER | {"content": "button"}).json()["id"] == link["id"]


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "//example.com", "/contacts", "ftp://example.com", "https://me@example.com/", "http://[x/"],
)
def test_a_link_leads_only_to_the_web(url):
    refusal = make_caller().post("/api/v1/campaigns/spring/links", OFFER | {"url": url})

    assert refusal.status_code == 422
    assert [error["pointer"] for error in refusal.json()["errors"]] == ["/url"]


def test_no_address_of_a_stranger_is_ever_led_to():
    anybody = Client()

    assert anybody.get("/l/nothing").status_code == 404
    assert anybody.get("/l/https://example.com").status_code == 404
    assert anybody.post("/l/nothing").status_code == 405


def test_a_link_is_drawn_as_a_picture_to_print():
    link = make_caller().post("/api/v1/campaigns/spring/links", OFFER).json()
    client, _user = at_desk(Role.READ_ONLY)

    picture = client.get(f"/links/{link['id']}/qr.svg")

    assert picture["Content-Type"] == "image/svg+xml"
    assert b"<path" in picture.content
    assert b"<script" not in picture.content
