"""The first pages in a real browser: wide and on a phone, light and dark, by mouse and by keyboard."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.e2e.scenes import aino, furnished, serious, sideways, sign_in

pytestmark = pytest.mark.django_db(transaction=True)
WIDE: ViewportSize = {"width": 1440, "height": 900}
MIDDLE: ViewportSize = {"width": 768, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
SMALLEST: ViewportSize = {"width": 320, "height": 640}


WITHIN_REACH = """[...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, summary, [tabindex="0"]'
)].filter(one => one.checkVisibility({visibilityProperty: true}))"""


def addresses() -> list[str]:
    return ["/", "/?days=365", "/contacts", "/contacts?q=nobody", f"/contacts/{aino().pk}", "/api/docs"]


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_one_signs_in_finds_somebody_reads_why_and_signs_out(site: Page, size: Any, scheme: Any):
    furnished()
    site.set_viewport_size(size)
    site.emulate_media(color_scheme=scheme)

    sign_in(site)
    expect(site.locator("h1")).to_have_text(re.compile("became"))
    site.goto("/contacts")
    site.fill("#q", "hama")
    site.keyboard.press("Enter")
    site.get_by_role("link", name="Aino Hämäläinen").click()

    expect(site.locator("h1")).to_have_text("Aino Hämäläinen")
    expect(site.locator(".why-card .sentence")).to_contain_text("An order on a second day within a year makes loyalty")
    why = site.locator(".evs .whyline").first
    why.locator("summary").click()
    expect(why.locator("p")).to_be_visible()
    site.locator("button[aria-label='Sign out']:visible").click()
    site.wait_for_url("**/accounts/login/**")
    site.goto("/contacts")
    assert "/accounts/login/" in site.url


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(site: Page, scheme: Any):
    furnished()
    site.emulate_media(color_scheme=scheme)
    site.goto("/accounts/login/")
    found = {"/accounts/login/": serious(site)}
    sign_in(site)

    for size in (WIDE, PHONE):
        site.set_viewport_size(size)
        for address in addresses():
            site.goto(address)
            for closed in site.locator("details.whyline > summary").all()[:2]:
                closed.click()
            found[f"{address} at {size['width']}"] = serious(site)

    assert {address: faults for address, faults in found.items() if faults} == {}


@pytest.mark.parametrize("language", ["en", "fi"])
def test_no_page_scrolls_sideways(site: Page, language: str):
    user = furnished()
    user.language = language
    user.save()
    sign_in(site)

    wider = {}
    for size in (SMALLEST, PHONE, MIDDLE, WIDE):
        site.set_viewport_size(size)
        for address in (*addresses(), "/accounts/password/change/"):
            site.goto(address)
            wider[f"{address} at {size['width']}"] = sideways(site)

    assert {place: parts for place, parts in wider.items() if parts} == {}


def test_the_keyboard_reaches_everything_in_the_order_of_the_page(site: Page):
    furnished()
    site.set_viewport_size(WIDE)
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

    assert site.url.endswith("/contacts?stage=loyalty")
    expect(site.locator(".people tbody tr")).to_have_count(1)


def test_the_language_changes_where_one_stands_and_stays(site: Page):
    furnished()
    site.goto("/accounts/login/")
    site.get_by_role("button", name="Suomi").click()
    expect(site.locator("h1")).to_have_text("Kirjaudu sisään")
    sign_in(site)

    expect(site.locator("h1")).to_contain_text("tuli asiakas")
    site.goto("/contacts")
    site.locator(".rail .langs button[lang=en]").click()

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
