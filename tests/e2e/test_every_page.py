"""Every page of the site, in both languages, light and dark, wide and on a phone."""

from typing import Any, Literal

import pytest
from django.test import Client
from playwright.sync_api import Page

from staff.models import User
from tests.e2e.pages import every_page, furnish
from tests.e2e.scenes import enter, serious, sideways
from tests.funnel.worlds import install

pytestmark = pytest.mark.django_db(transaction=True)
Scheme = Literal["light", "dark"]
WIDE, PHONE, SMALLEST = {"width": 1440, "height": 900}, {"width": 390, "height": 844}, {"width": 320, "height": 640}
# Each look is met in each language, at each width: every pair once. Finnish words are longer, not less accessible.
LOOKS: dict[str, list[tuple[Scheme, Any]]] = {
    "en": [("light", WIDE), ("dark", PHONE)],
    "fi": [("dark", WIDE), ("light", PHONE)],
}
SCANNED = "en"
LONG = "/api/docs"  # the same parts some hundred times over: scanned in one look
OUT_OF_REACH = """() => [...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, textarea, summary, [data-drawer], [data-key], [data-palette]'
)].filter(one => one.checkVisibility({visibilityProperty: true}) && !one.disabled && !one.closest('[inert]')
    && one.tabIndex < 0 && !one.closest('[role=listbox], [role=tablist], [role=grid], [role=menu], [role=toolbar]'))
  .map(one => one.outerHTML.slice(0, 120))"""
NAMELESS = """() => [...document.querySelectorAll('h1')].filter(one => one.checkVisibility()).length"""


@pytest.mark.parametrize("language", LOOKS)
def test_every_page_holds_what_we_promise(site: Page, language: str):
    install()
    admin = furnish()
    client = Client()
    client.force_login(admin, "django.contrib.auth.backends.ModelBackend")
    addresses = every_page(client, admin)
    assert len(addresses) > 20
    enter(site, admin)

    User.objects.filter(pk=admin.pk).update(language=language)
    looks, scan = LOOKS[language], language == SCANNED
    faults = {address: faults_of(site, address, looks, scan=scan) for address in addresses}

    assert {address: found for address, found in faults.items() if found} == {}


def faults_of(site: Page, address: str, looks: list[tuple[Scheme, Any]], *, scan: bool) -> list[str]:
    """What is wrong with a page in these looks."""
    heard: list[str] = site.faults()  # type: ignore[attr-defined]
    heard.clear()
    found = []
    answer = site.goto(address, wait_until="load")
    if answer is None or answer.status != 200:
        return [f"answers {answer and answer.status}"]
    for scheme, size in looks:
        site.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        site.set_viewport_size(size)
        seen = [*sideways(site), *(serious(site) if scan else ())]
        scan = scan and address != LONG
        found += [f"{scheme} {size['width']}: {one}" for one in seen]
    site.set_viewport_size(SMALLEST)  # type: ignore[arg-type]
    found += [f"320: {one}" for one in sideways(site)]
    found += [f"out of reach: {one}" for one in site.evaluate(OUT_OF_REACH)]
    if site.evaluate("window.canary !== undefined"):
        found.append("what somebody wrote was run")
    if (headlines := site.evaluate(NAMELESS)) != 1:
        found.append(f"{headlines} headlines of the first order")
    found += heard
    heard.clear()
    return found
