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
# Neighbours are met in the other language, and looked through by axe in the other look. Rooms look closer at their own.
LOOKS: list[tuple[Scheme, Any]] = [("light", WIDE), ("dark", PHONE)]
LANGUAGES = ("en", "fi")
OUT_OF_REACH = """() => [...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, textarea, summary, [data-drawer], [data-key], [data-palette]'
)].filter(one => one.checkVisibility({visibilityProperty: true}) && !one.disabled
    && !one.closest('[inert], [aria-hidden=true]') && one.tabIndex < 0
    && !one.closest('[role=listbox], [role=tablist], [role=grid], [role=menu], [role=toolbar]'))
  .map(one => one.outerHTML.slice(0, 120))"""
NAMELESS = """() => [...document.querySelectorAll('h1')].filter(one => one.checkVisibility()).length"""


def test_every_page_holds_what_we_promise(site: Page):
    install()
    admin = furnish()
    client = Client()
    client.force_login(admin, "django.contrib.auth.backends.ModelBackend")
    addresses = every_page(client, admin)
    assert len(addresses) > 20
    enter(site, admin)

    faults = {}
    for place, address in enumerate(addresses):
        User.objects.filter(pk=admin.pk).update(language=LANGUAGES[place % 2])
        faults[address] = faults_of(site, address, scanned=LOOKS[place // 2 % 2])

    assert {address: found for address, found in faults.items() if found} == {}


def faults_of(site: Page, address: str, *, scanned: tuple[Scheme, Any]) -> list[str]:
    """What is wrong with a page in all looks; axe looks at one of them."""
    heard: list[str] = site.faults()  # type: ignore[attr-defined]
    heard.clear()
    found = []
    answer = site.goto(address, wait_until="load")
    if answer is None or answer.status != 200:
        return [f"answers {answer and answer.status}"]
    for look in LOOKS:
        scheme, size = look
        site.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        site.set_viewport_size(size)
        seen = [*sideways(site), *(serious(site) if look == scanned else ())]
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
