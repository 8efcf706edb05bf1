"""What is seldom done, in a browser: a tag renamed and undone, a person erased, a role that needs a second step."""

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from campaigns.gate import Ground
from campaigns.models import Mail, MailState
from contacts.models import Contact, Erasure
from contacts.services import update_contact
from funnel.advancing import advance_everything
from staff.models import Role
from staff.policy import Principal
from tests.e2e.scenes import aino, furnished, serious, sideways, sign_in
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(site: Page) -> Page:
    admin = furnished()
    update_contact(contact=aino(), by=Principal(user=admin), attributes={"tags": ["fair"]})
    advance_everything()
    sign_in(site)
    return site


def tags() -> list[str]:
    return list(aino().tags)


def test_a_tag_is_renamed_in_a_drawer_by_keys_and_z_takes_it_back(desk: Page):
    desk.goto("/contacts")
    desk.get_by_role("link", name="Tags").click()
    desk.get_by_role("link", name="Rename “fair”").focus()
    desk.keyboard.press("Enter")
    name = desk.get_by_label("New name")
    expect(name).to_be_focused()
    assert serious(desk) == []
    name.fill("trade fair")
    desk.keyboard.press("Enter")

    expect(desk.locator(".toast-pk")).to_contain_text("1 person has “trade fair” instead of “fair”")
    expect(desk.locator(".tags-tb")).to_contain_text("trade fair")
    assert (tags(), sideways(desk)) == (["trade fair"], [])
    desk.keyboard.press("z")
    expect(desk.locator(".toast-pk", has_text="Undone for 1 person")).to_be_visible()
    assert tags() == ["fair"]


def test_erasing_asks_first_with_the_way_back_in_focus(desk: Page):
    person = aino()
    desk.goto(f"/contacts/{person.pk}")
    desk.get_by_role("link", name="Erase for ever").click()
    expect(desk.get_by_role("button", name="Keep them")).to_be_focused()
    assert serious(desk) == []
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("button", name="Keep them")).to_have_count(0)
    assert not Erasure.objects.exists()

    desk.get_by_role("link", name="Erase for ever").click()
    desk.get_by_role("button", name="Erase for ever").click()

    desk.wait_for_url("**/contacts")
    expect(desk.locator(".toasts .toast-pk")).to_contain_text("The person is erased")
    assert Contact.objects.get(pk=person.pk).erased_at is not None


def test_a_letter_that_failed_is_sent_again_from_the_page_and_taken_back(desk: Page):
    person = aino()
    said = {"subject": "Your quote", "body": "Hello", "next_at": timezone.now(), "ground": Ground.CONTRACT}
    Mail.objects.create(contact=person, address=person.emails[0], state=MailState.FAILED, reason="554 full", **said)
    desk.goto(f"/contacts/{person.pk}")

    desk.get_by_role("button", name="Send again").click()

    expect(desk.locator(".toast-pk")).to_contain_text("The letter goes out again")
    expect(desk.get_by_role("button", name="Take back")).to_be_visible()
    desk.keyboard.press("z")
    expect(desk.locator(".toast-pk", has_text="The letter does not go out")).to_be_visible()
    assert Mail.objects.get().state == MailState.CANCELLED


def test_whoever_lacks_the_second_step_their_role_needs_is_led_to_set_it_up(desk: Page):
    desk.goto("/settings/roles")
    switch = desk.get_by_role("switch", name="A second step for sales")
    expect(switch).to_have_attribute("aria-checked", "false")
    switch.click()
    expect(desk.locator(".toast-pk")).to_contain_text("Sales: a second step is needed now")
    expect(desk.get_by_role("switch", name="A second step for sales")).to_have_attribute("aria-checked", "true")
    assert serious(desk) == []

    liisa = make_user("liisa@example.com", password="a long enough secret", role=Role.SALES)
    browser = desk.context.browser
    assert browser
    elsewhere = browser.new_context()
    page = elsewhere.new_page()
    page.goto(f"{desk.site_url}/accounts/login/")  # type: ignore[attr-defined]
    page.fill("#id_login", liisa.email)
    page.fill("#id_password", "a long enough secret")
    page.locator("main form[action='/accounts/login/'] button").click()
    page.wait_for_url("**/settings/second-step")
    assert serious(page) == []
    page.get_by_role("link", name="Use an app on the phone").click()
    page.wait_for_url("**/accounts/2fa/totp/activate/")
    elsewhere.close()
