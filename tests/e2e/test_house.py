"""The settings and the door in a real browser: inviting, coming in, the second step, a passkey; wide and on a phone."""

import os
import re
from datetime import datetime

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from playwright.sync_api import Page, expect

from staff.models import Role, User
from tests.e2e.conftest import PHONE
from tests.e2e.scenes import EMAIL, PASSWORD, furnished, serious, sign_in
from tests.factories import make_team, make_user

ROOMS = tuple(f"/settings{room}" for room in ("", "/roles", "/staff", "/staff/invite", "/teams", "/trail"))
DOOR = ("/accounts/password/change/", "/accounts/2fa/totp/activate/", "/accounts/2fa/webauthn/add/")
PICTURES = os.environ.get("POLKU_PICTURES")


@pytest.fixture(autouse=True)
def _company(transactional_db: None, settings) -> None:
    settings.MAIL_GOES_OUT = False
    admin = furnished()
    north = make_team("Myynti, pohjoinen")
    User.objects.filter(pk=admin.pk).update(team=north)
    make_user("laura@example.com", role=Role.SALES, name="Laura Peltola", team=north)
    make_user("mikko@example.com", role=Role.MARKETER, name="Mikko Heino", is_active=False)


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


def prove_oneself(page: Page) -> None:
    """What opens the account is changed only after the password."""
    expect(page.get_by_role("heading", name="Is it you?")).to_be_visible()
    page.fill("#id_password", PASSWORD)
    page.get_by_role("button", name="Go on").click()


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light")])
def test_the_settings_are_open_to_everybody_and_scroll_no_page_sideways(site, size, scheme):
    site.set_viewport_size(size)
    site.emulate_media(color_scheme=scheme)
    sign_in(site)
    faults = {}
    for address in ROOMS:
        site.goto(address)
        picture(site, f"house{address.replace('/', '-')}-{size['width']}-{scheme}")
        wider = site.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        faults[address] = (serious(site), wider)

    assert faults == dict.fromkeys(ROOMS, ([], False))


def test_somebody_is_invited_comes_in_and_sees_what_they_may(site, browser):
    sign_in(site)
    site.goto("/settings/staff")
    site.get_by_role("link", name="Invite").click()
    site.get_by_label("E-mail").fill("sanna@example.com")
    site.get_by_label("Role").select_option("read_only")
    site.get_by_role("button", name="Invite").click()
    ours = re.sub(r"(//[^/]+)/.*", r"\1", site.url)
    link = ours + re.sub(r".*?//[^/]+", "", site.get_by_label("Link").input_value())
    picture(site, "house-link")

    theirs = browser.new_context(locale="fi-FI").new_page()
    theirs.goto(link)
    picture(theirs, "house-join-fi")
    theirs.get_by_label("Nimesi").fill("Sanna Rautio")
    theirs.get_by_label("Oma salasanasi").fill("kuusen neulasia sateessa")
    theirs.get_by_role("button", name="Aloita").click()
    theirs.goto(re.sub(r"/join/.*", "/settings/roles", link))

    expect(theirs.get_by_role("heading", name="Kuka saa tehdä mitä")).to_be_visible()
    expect(theirs.get_by_role("navigation", name="Asetukset").get_by_role("link")).to_have_count(2)
    picture(theirs, "house-roles-fi")
    theirs.context.close()


def test_the_second_step_is_switched_on_and_asked_for(site):
    sign_in(site)
    site.goto("/settings")
    site.get_by_role("link", name="Switch on").click()
    prove_oneself(site)
    picture(site, "house-totp")
    assert serious(site) == []
    secret = site.locator("main code").inner_text()
    site.locator("#id_code").fill(code_of(secret))
    site.get_by_role("button", name="Switch on").click()
    expect(site.get_by_role("heading", name="Recovery codes")).to_be_visible()
    picture(site, "house-codes")
    [first, *_rest] = site.locator("main li code").all_inner_texts()
    site.context.clear_cookies()

    site.goto("/accounts/login/")
    site.fill("#id_login", EMAIL)
    site.fill("#id_password", PASSWORD)
    site.get_by_role("button", name="Sign in").click()
    picture(site, "house-second-step")
    site.locator("#id_code").fill(first)
    site.get_by_role("button", name="Sign in").click()
    site.wait_for_url("**/")


def test_a_passkey_is_added_and_opens_the_door(site):
    devtools = site.context.new_cdp_session(site)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    sign_in(site)
    site.goto("/accounts/2fa/webauthn/add/")
    prove_oneself(site)
    picture(site, "house-passkey")
    site.locator("#id_passwordless").check()
    site.get_by_role("button", name="Add").click()
    expect(site.get_by_role("heading", name="Recovery codes")).to_be_visible()
    site.goto("/accounts/2fa/webauthn/")
    expect(site.locator(".door-keys li")).to_have_count(1)
    assert serious(site) == []
    picture(site, "house-passkeys")
    site.context.clear_cookies()

    site.goto("/accounts/login/")
    picture(site, "house-login")
    assert serious(site) == []
    site.get_by_role("button", name="Use a passkey").click()
    site.wait_for_url("**/")
    came_in_at = User.objects.get(email=EMAIL).last_login
    assert came_in_at is not None
    assert came_in_at > datetime(2026, 1, 1).astimezone()


@pytest.mark.parametrize("size", [PHONE])
def test_the_pages_of_the_door_are_sound(site, size):
    site.set_viewport_size(size)
    sign_in(site)
    faults = {}
    for address in DOOR:
        site.goto(address)
        picture(site, f"door{address.replace('/', '-')}{size['width']}")
        faults[address] = serious(site)

    assert faults == {address: [] for address in DOOR}
