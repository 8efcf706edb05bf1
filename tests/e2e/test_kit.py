"""What every page of the desk has: toasts with undo, drawers, keys, the account, and a server that is away."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.scenes import furnished, serious, sign_in

pytestmark = pytest.mark.django_db(transaction=True)
# As somebody types who is quicker than any machine is slow.
_LOOK = "box => (style => [style.appearance, style.borderTopColor, style.backgroundColor])(getComputedStyle(box))"
QUICKLY = """letters => {
    const box = document.getElementById('palette-input');
    for (const letter of letters) {
        box.value += letter;
        box.dispatchEvent(new Event('input', {bubbles: true}));
    }
}"""


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


def test_boxes_look_the_same_wherever_they_stand(site: Page):
    furnished()
    sign_in(site)
    site.emulate_media(color_scheme="dark")

    def look(address: str) -> list[str]:
        site.goto(address)
        return list(site.locator("input[type=checkbox]:visible").first.evaluate(_LOOK))

    ours = ["none", "rgb(110, 123, 118)", "rgb(19, 25, 23)"]
    assert [look(address) for address in ("/contacts", "/settings", "/settings/assignment")] == [ours] * 3
    site.goto("/contacts/export")
    assert site.locator("input[type=radio]:not(:checked)").first.evaluate(_LOOK) == ours


def test_anybody_is_found_and_opened_by_keyboard_alone(site: Page):
    furnished()
    sign_in(site)
    site.keyboard.press("Control+k")
    site.keyboard.type("hama")
    option = site.locator("#found .pi.is-on")

    expect(option).to_contain_text("Aino Hämäläinen")
    expect(option).to_have_attribute("aria-selected", "true")
    expect(site.locator("#palette-preview h2")).to_have_text("Aino Hämäläinen")
    assert serious(site) == []
    site.keyboard.press("Enter")

    expect(site.locator("h1")).to_have_text("Aino Hämäläinen")
    site.forgive("htmx:")  # type: ignore[attr-defined]  # a question on its way when the page was left


def test_the_arrows_walk_what_is_found_and_escape_gives_the_page_back(site: Page):
    furnished()
    sign_in(site)
    site.keyboard.press("/")
    first = site.locator(".pi.is-on").text_content()
    site.keyboard.press("ArrowDown")

    expect(site.locator(".pi.is-on")).not_to_have_text(first or "")
    site.keyboard.press("ArrowUp")
    expect(site.locator(".pi.is-on")).to_have_text(first or "")
    site.keyboard.press("Escape")
    expect(site.locator("#palette")).to_be_hidden()


def test_a_letter_more_is_one_request_at_most(site: Page):
    furnished()
    sign_in(site)
    asked: list[str] = []
    site.on("request", lambda request: asked.append(request.url) if "/find?" in request.url else None)
    site.keyboard.press("Control+k")
    expect(site.locator(".pi")).not_to_have_count(0)
    asked.clear()
    site.evaluate(QUICKLY, "mat")

    expect(site.get_by_role("option", name="Matti Mäkelä").first).to_be_visible()
    assert len(asked) == 1


def test_two_keys_lead_from_place_to_place_but_not_while_typing(site: Page):
    furnished()
    sign_in(site)
    site.keyboard.type("gc")
    site.wait_for_url("**/contacts")
    site.locator("#q").focus()
    site.keyboard.type("gp")

    expect(site.locator("#q")).to_have_value("gp")
    assert site.url.endswith("/contacts")


def test_the_help_sheet_shows_the_keys_and_turns_them_off(site: Page):
    furnished()
    sign_in(site)
    site.keyboard.press("?")
    sheet = site.get_by_role("dialog", name="Keys")
    expect(sheet).to_contain_text("Undo the last deed")
    assert serious(site) == []
    sheet.get_by_role("checkbox").uncheck()
    site.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    site.keyboard.type("gc")
    site.keyboard.press("?")

    expect(sheet).to_be_hidden()
    assert site.url.endswith("/")


def test_a_server_that_is_away_is_said_and_what_was_typed_stays(site: Page):
    furnished()
    sign_in(site)
    site.keyboard.press("Control+k")
    expect(site.locator(".pi")).not_to_have_count(0)
    site.context.set_offline(True)
    site.locator("#palette-input").fill("aino")

    expect(site.locator(".toasts")).to_contain_text("The server is away. Nothing is lost")
    expect(site.locator("#palette-input")).to_have_value("aino")
    site.context.set_offline(False)
    site.locator("#palette-input").fill("aino h")
    expect(site.get_by_role("option", name="Aino Hämäläinen").first).to_be_visible()
    expect(site.locator(".toast-pk")).to_have_count(0)
    site.forgive("Failed to load resource: net::ERR_INTERNET_DISCONNECTED", "htmx:", "Response Status")  # type: ignore[attr-defined]


def test_somebody_whose_session_ended_is_told_so(site: Page):
    furnished()
    sign_in(site)
    site.keyboard.press("Control+k")
    expect(site.locator(".pi")).not_to_have_count(0)
    site.context.clear_cookies()
    site.locator("#palette-input").fill("aino")

    expect(site.locator(".toasts")).to_contain_text("You are signed out. Nothing is lost")
    expect(site.locator(".toasts").get_by_role("link", name="Sign in")).to_have_attribute("target", "_blank")
    site.forgive("Failed to load resource: the server responded with a status of 401", "htmx:", "Response Status")  # type: ignore[attr-defined]


def test_a_drawer_keeps_what_was_typed_until_it_is_right_then_leads_on(site: Page):
    furnished()
    sign_in(site)
    site.keyboard.press("n")
    drawer = site.get_by_role("dialog", name="Add a contact")
    expect(drawer.get_by_label("Name", exact=True)).to_be_focused()
    assert serious(site) == []
    site.keyboard.type("Heidi Mattila")
    drawer.get_by_label("E-mail").fill("heidi@")
    site.keyboard.press("Enter")
    expect(drawer.locator(".is-wrong")).to_be_visible()
    expect(drawer.get_by_label("Name", exact=True)).to_have_value("Heidi Mattila")
    drawer.get_by_label("E-mail").fill("heidi@example.com")
    site.context.clear_cookies(name="polku_csrf")  # as after signing in again on another tab
    site.keyboard.press("Enter")

    expect(site.locator("h1")).to_have_text("Heidi Mattila")
    expect(site.locator(".toasts")).to_contain_text("Heidi Mattila is added.")
    site.forgive("Failed to load resource: the server responded with a status of", "htmx:", "Response Status")  # type: ignore[attr-defined]


def test_escape_closes_a_drawer_and_gives_the_focus_back(site: Page):
    furnished()
    sign_in(site)
    site.goto("/contacts")
    opener = site.locator("[data-drawer]:visible").first
    opener.focus()
    site.keyboard.press("Enter")
    expect(site.locator("#drawer")).to_be_visible()
    site.keyboard.press("Escape")

    expect(site.locator("#drawer")).to_be_hidden()
    expect(opener).to_be_focused()
