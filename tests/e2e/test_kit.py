"""What every page of the desk has: toasts with undo, drawers, keys, the account, and a server that is away."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.scenes import furnished, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_scripts_of_the_kit_run_under_the_strict_policy(site: Page):
    furnished()
    sign_in(site)

    assert (
        site.evaluate("[typeof htmx.ajax, typeof Alpine.data, typeof desk.toast, typeof desk.keys.add]")
        == ["function"] * 4
    )
    assert site.evaluate("[htmx.config.allowEval, htmx.config.includeIndicatorStyles]") == [False, False]


def test_a_toast_shows_and_is_closed_by_key(site: Page):
    furnished()
    sign_in(site)
    site.evaluate("desk.toast('Aino is a lead now.')")

    toast = site.locator(".toasts .toast-pk")
    expect(toast).to_have_text("Aino is a lead now.")
    toast.get_by_role("button", name="Close").press("Enter")

    expect(toast).to_have_count(0)


def test_the_look_is_chosen_in_the_account_and_stays(site: Page):
    furnished()
    sign_in(site)
    site.get_by_role("button", name="Your settings").click()
    site.get_by_role("button", name="Dark").click()

    site.goto("/contacts")
    assert site.evaluate("getComputedStyle(document.querySelector('.sheet')).backgroundColor") == "rgb(19, 25, 23)"
    site.get_by_role("button", name="Your settings").click()
    expect(site.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
