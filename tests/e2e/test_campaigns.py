"""Campaigns and the strategy in a real browser: planned, paid for, linked, clicked, and seen to work."""

import re
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Page, ViewportSize, expect

from campaigns.models import Campaign, Cost, Link, LinkDay
from funnel.advancing import advance_everything
from staff.models import User
from tests.e2e.scenes import aino, furnished, serious, sideways, sign_in
from tests.factories import make_message, make_source, record

pytestmark = pytest.mark.django_db(transaction=True)
WIDE: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
EXPORT = "Day,Campaign,Currency code,Cost\n2026-11-01,Brand search,EUR,12.50\n03/11/2026,Brand search,EUR,1\n"


def test_a_campaign_is_planned_paid_for_linked_clicked_and_its_result_seen(site: Page):
    furnished()
    sign_in(site)
    site.goto("/strategy")
    expect(site.get_by_role("heading", level=1)).to_have_text("Three questions, and no campaign works on any of them.")

    site.keyboard.press("c")
    drawer = site.get_by_role("dialog")
    drawer.get_by_label("Name", exact=True).fill("Spring offer")
    drawer.get_by_label("Which question does it answer?").select_option("keep")
    drawer.get_by_label("For whom?").fill("Who asked for a price")
    drawer.get_by_label("Budget").fill("1 200,50")
    drawer.get_by_role("button", name="Save").click()
    expect(site.get_by_role("heading", level=1)).to_contain_text("Nothing came of it")
    expect(site.locator(".camp-side")).to_contain_text("spring-offer")

    site.get_by_role("link", name="Write down", exact=True).click()
    drawer.get_by_label("Sum in EUR").fill("much")
    drawer.get_by_role("button", name="Save").click()
    expect(drawer.get_by_role("alert")).to_contain_text("A sum such as")
    site.forgive("Failed to load resource: the server responded with a status of 422")  # type: ignore[attr-defined]
    drawer.get_by_label("Sum in EUR").fill("30")
    drawer.get_by_role("button", name="Save").click()
    expect(site.locator(".costs")).to_contain_text("€30")

    site.get_by_role("link", name="Make a link").click()
    drawer.get_by_label("Address of the page").fill(f"{site.site_url}/t.js")  # type: ignore[attr-defined]
    drawer.get_by_label("Source: where the link stands").fill("newsletter")
    drawer.get_by_label("Medium: what kind of place that is").fill("email")
    drawer.get_by_role("button", name="Save").click()
    expect(site.get_by_label("Short link")).to_have_value(re.compile(r"/l/"))
    token = Link.objects.get().token
    agent = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"}
    site.request.get(f"{site.site_url}/l/{token}", max_redirects=0, headers=agent)  # type: ignore[attr-defined]
    assert list(LinkDay.objects.values_list("clicks", "left_out")) == [(1, 0)]

    bought = make_message("order_completed", "uusi@example.com", value_minor=9000, currency="EUR")
    touched = make_message("email_clicked", "uusi@example.com", campaign="spring-offer")
    record(make_source("mailer"), touched, bought)
    advance_everything()
    site.reload()
    expect(site.get_by_role("heading", level=1)).to_have_text(
        re.compile(r"It brought 1 person to Customer in 30 days\. Each cost €30\.")
    )
    expect(site.locator(".links")).to_contain_text("1 click")
    site.get_by_role("link", name="Who: New customers").click()
    expect(drawer).to_contain_text("uusi@example.com")


def test_costs_are_read_from_a_file_once(site: Page):
    furnished()
    Campaign.objects.create(key="search", name="Search ads", channel="paid")
    sign_in(site)

    for times in (1, 2):
        site.goto("/campaigns")
        site.get_by_role("link", name="Costs from a file").click()
        file: FilePayload = {"name": "october.csv", "mimeType": "text/csv", "buffer": EXPORT.encode()}
        site.get_by_label("File of costs (CSV)").set_input_files([file])
        site.get_by_role("button", name="Look at it").click()
        if times == 1:
            expect(site.get_by_role("heading", level=1)).to_have_text("0 costs would be written down.")
            site.get_by_label("Brand search").select_option(label="Search ads")
            site.get_by_role("button", name="Look again").click()
            expect(site.get_by_role("heading", level=1)).to_have_text("1 cost would be written down.")
            expect(site.locator("main")).to_contain_text("no day that could be read one way only")
            site.get_by_role("button", name="Write down").click()
            expect(site.get_by_text("1 cost is written down.")).to_be_visible()
    expect(site.get_by_role("heading", level=1)).to_have_text(
        "All of this is written down already: nothing would change."
    )
    assert list(Cost.objects.values_list("sum_minor", flat=True)) == [1250]


@pytest.mark.parametrize(("size", "scheme", "language"), [(WIDE, "dark", "fi"), (PHONE, "light", "fi")])
def test_the_pages_are_for_everybody(site: Page, size: Any, scheme: Any, language: str):
    user = furnished()
    User.objects.filter(pk=user.pk).update(language=language)
    one = Campaign.objects.create(key="fair", name="Tampereen kevätmessut ja avoimet ovet", owner=user)
    record(make_source("fair"), make_message("ad_clicked", aino(), campaign="fair"))
    advance_everything()
    site.set_viewport_size(size)
    site.emulate_media(color_scheme=scheme)
    sign_in(site)

    pages = (
        "/strategy",
        "/strategy?view=table",
        "/campaigns",
        "/campaigns/compared",
        f"/campaigns/{one.pk}",
        "/campaigns/new",
    )
    for address in (*pages, f"/campaigns/{one.pk}?view=table", f"/campaigns/{one.pk}/people?what=touched"):
        site.goto(address)
        assert serious(site) == []
        assert sideways(site) == []
