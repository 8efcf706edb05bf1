"""The first pages in a real browser: wide and on a phone, light and dark, by mouse and by keyboard."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.e2e.scenes import furnished, sign_in, sign_in_by_hand

pytestmark = pytest.mark.django_db(transaction=True)
WIDE: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}


WITHIN_REACH = """[...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, summary, [tabindex="0"]'
)].filter(one => one.checkVisibility({visibilityProperty: true}))"""


def addresses() -> list[str]:
    return ["/", "/contacts"]


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (PHONE, "dark")], ids=["wide", "phone"])
def test_one_signs_in_finds_somebody_reads_why_and_signs_out(site: Page, size: Any, scheme: Any):
    furnished()
    site.set_viewport_size(size)
    site.emulate_media(color_scheme=scheme)

    sign_in_by_hand(site)
    expect(site.locator("h1")).to_have_text(re.compile("became"))
    site.goto("/contacts")
    site.fill("#q", "hama")
    site.keyboard.press("Enter")
    site.get_by_role("link", name="Aino Hämäläinen").click()

    expect(site.locator("h1")).to_have_text("Aino Hämäläinen")
    expect(site.locator(".why-card .sentence")).to_contain_text("Aino moved to Loyalty")
    expect(site.locator(".why-card")).to_contain_text("An order on a second day within a year makes loyalty")
    site.goto("/contacts")  # on a phone, what one does to a person stands in the place of the tabs
    site.locator("[popovertarget=me]:visible").click()
    site.get_by_role("button", name="Sign out").click()
    site.wait_for_url("**/accounts/login/**")
    site.goto("/contacts")
    assert "/accounts/login/" in site.url


def test_the_keyboard_reaches_everything_in_the_order_of_the_page(site: Page):
    furnished()
    site.set_viewport_size(WIDE)
    site.route("**/path/changes*", lambda route: route.fulfill(status=204))  # else the page changes under one's hands
    sign_in(site)

    for address in addresses():
        site.goto(address)
        wanted = site.evaluate(f"{WITHIN_REACH}.length")
        reached = []
        for _ in range(wanted):
            site.keyboard.press("Tab")
            reached.append(
                site.evaluate("""() => { const one = document.activeElement; one.dataset.reached = 1;
                return [...document.querySelectorAll('*')].indexOf(one); }""")
            )
        assert reached == sorted(reached), address
        assert site.locator("[data-reached]").count() == wanted, address


def test_the_skip_link_comes_first_and_leads_to_the_content(site: Page):
    furnished()
    sign_in(site)

    site.keyboard.press("Tab")
    skip = site.locator(".skip")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    site.keyboard.press("Enter")

    assert site.evaluate("location.hash") == "#main"


def test_a_why_opens_with_enter(site: Page):
    furnished()
    sign_in(site)
    why = site.locator(".mvs .whyline").first
    why.locator("summary").focus()

    site.keyboard.press("Enter")

    expect(why.locator("p")).to_contain_text("Rule")


def test_a_period_and_a_stage_are_a_click_away_without_any_script(site: Page):
    furnished()
    sign_in(site)

    site.get_by_role("link", name="12 mo").click()
    expect(site.locator(".seg [aria-current]")).to_have_text("12 mo")
    site.locator(".flow-stage a").nth(4).click()

    expect(site).to_have_url(re.compile(r"/contacts\?stage=loyalty$"))
    expect(site.locator("main table tbody tr")).to_have_count(1)


def test_the_language_changes_where_one_stands_and_stays(site: Page):
    furnished()
    site.goto("/accounts/login/")
    site.get_by_role("button", name="Suomi").click()
    expect(site.locator("h1")).to_have_text("Kirjaudu sisään")
    sign_in(site)

    expect(site.locator("h1")).to_contain_text("tuli asiakas")
    site.goto("/contacts")
    site.locator("[popovertarget=me]:visible").click()
    site.locator("#me .langs button[lang=en]").click()

    expect(site.locator("h1")).to_have_text("Contacts")
    assert site.url.endswith("/contacts")
    site.goto("/")
    assert site.locator("html").get_attribute("lang") == "en"


def test_without_a_chosen_theme_the_page_is_dark_where_the_system_is(site: Page):
    furnished()
    colours = {}
    for scheme in ("light", "dark"):
        site.emulate_media(color_scheme=scheme)
        site.goto("/accounts/login/")
        colours[scheme] = site.evaluate("getComputedStyle(document.querySelector('.door-l')).backgroundColor")

    assert colours == {"light": "rgb(255, 255, 255)", "dark": "rgb(19, 25, 23)"}
