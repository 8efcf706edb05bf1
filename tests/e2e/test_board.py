"""The board in a real browser: by mouse, by keys, on a phone, undone, refused, and with others at work on it."""

import re
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, ViewportSize, expect

from contacts.models import Contact, Event
from funnel.advancing import advance_everything
from funnel.moving import move_contacts
from staff.models import Role
from staff.policy import Principal
from tests.e2e.scenes import enter, furnished, serious, sideways, sign_in
from tests.factories import make_message, make_source, make_user, record
from tests.funnel.worlds import stage_of

pytestmark = pytest.mark.django_db(transaction=True)
PHONE: ViewportSize = {"width": 390, "height": 844}
WIDE: ViewportSize = {"width": 1440, "height": 900}


@pytest.fixture
def board(site: Page) -> Page:
    furnished()
    site.set_viewport_size(WIDE)
    sign_in(site)
    site.goto("/board")
    return site


def card(page: Page, name: str) -> Locator:
    return page.locator(".k", has_text=name)


def names(page: Page, lane: str) -> list[str]:
    return page.locator(f"#lane-{lane} .k-name").all_text_contents()


def count(page: Page, lane: str) -> str:
    return page.locator(f"#lane-{lane} header [data-count]").inner_text()


def drag(page: Page, name: str, lane: str) -> None:
    place = card(page, name).bounding_box()
    target = page.locator(f"#lane-{lane} .cards").bounding_box()
    assert place
    assert target
    page.mouse.move(place["x"] + 60, place["y"] + 30)
    page.mouse.down()
    page.mouse.move(place["x"] + 90, place["y"] + 40, steps=4)
    page.mouse.move(target["x"] + 60, target["y"] + 25, steps=12)
    expect(page.locator(f"#lane-{lane} .k", has_text=name)).to_be_visible()  # it follows the pointer by and by
    page.mouse.up()


def folded(page: Page, name: str) -> None:
    """The worker's part, done here; the page finds out by itself."""
    expect(page.locator(".toast-pk", has_text=f"{name} moved to")).to_be_visible()
    expect(card(page, name)).to_have_class(re.compile("is-moving"))
    advance_everything()
    expect(card(page, name)).not_to_have_class(re.compile("is-moving"))


def who(name: str) -> Contact:
    return Contact.objects.get(name=name)


@pytest.fixture
def laura() -> Principal:
    return Principal(user=make_user(role=Role.ADMIN, name="Laura Lahti"))


def test_a_card_is_dragged_asked_about_and_stands_in_its_new_lane(board: Page):
    drag(board, "Sanna Rautio", "customer")

    reason = board.get_by_role("dialog")
    expect(reason).to_contain_text("Prospecting")
    expect(reason).to_contain_text("Customer")
    expect(board.locator("#lane-prospecting .k-ghost")).to_have_count(1)
    reason.get_by_role("button", name="Met in person").click()
    board.keyboard.press("Enter")
    expect(card(board, "Sanna Rautio").get_by_text("being moved")).to_be_visible()
    folded(board, "Sanna Rautio")

    assert "Sanna Rautio" in names(board, "customer")
    expect(card(board, "Sanna Rautio")).to_contain_text("Met in person")
    expect(board.locator(".k-ghost")).to_have_count(0)
    assert (count(board, "prospecting"), stage_of(who("Sanna Rautio"))) == ("0", "customer")
    expect(board.locator(".toast-pk")).to_contain_text("Sanna Rautio moved to Customer")
    heads = board.locator(".band, .lane header, .lane-v")
    told = heads.all_inner_texts()
    board.reload()
    expect(heads).to_have_text(told, use_inner_text=True)


def test_a_move_is_undone_with_z(board: Page):
    drag(board, "Sanna Rautio", "customer")
    board.keyboard.type("Paid")
    board.keyboard.press("Enter")
    folded(board, "Sanna Rautio")

    board.keyboard.press("z")
    expect(board.locator(".toast-pk", has_text="Undone")).to_be_visible()
    advance_everything()

    expect(board.locator("#lane-prospecting .k", has_text="Sanna Rautio")).to_be_visible()
    assert stage_of(who("Sanna Rautio")) == "prospecting"


def test_escape_puts_the_card_back_and_records_nothing(board: Page):
    drag(board, "Sanna Rautio", "customer")
    expect(board.get_by_role("dialog")).to_be_visible()

    board.keyboard.press("Escape")

    expect(board.locator("#lane-prospecting .k-name")).to_have_text(["Sanna Rautio"])
    expect(board.locator(".k-ghost")).to_have_count(0)
    assert not Event.objects.filter(type__key="stage_set").exists()


def test_arrows_walk_m_moves_and_enter_opens(board: Page):
    first = board.locator("#lane-prospecting .k-name").first
    first.focus()
    board.keyboard.press("ArrowRight")
    focused = board.locator(":focus")
    expect(board.locator("#lane-lead .k-name").first).to_be_focused()
    board.keyboard.press("ArrowDown")
    board.keyboard.press("ArrowUp")
    board.keyboard.press("ArrowLeft")
    expect(focused).to_have_text("Sanna Rautio")

    board.keyboard.press("m")
    dialog = board.get_by_role("dialog")
    expect(dialog).to_contain_text("Sanna Rautio")
    board.keyboard.press("ArrowDown")
    expect(dialog.get_by_role("radio", name="Lead")).to_be_checked()
    board.keyboard.press("Enter")
    board.keyboard.type("Asked for a quote by phone")
    board.keyboard.press("Enter")
    folded(board, "Sanna Rautio")

    assert "Sanna Rautio" in names(board, "lead")
    expect(card(board, "Sanna Rautio").locator(".k-name")).to_be_focused()
    board.keyboard.press("Enter")
    board.wait_for_url(f"**/contacts/{who('Sanna Rautio').pk}")


def test_somebody_moved_by_another_meanwhile_goes_where_they_stand_and_the_question_comes_again(
    board: Page, laura: Principal
):
    sanna = who("Sanna Rautio")
    drag(board, "Sanna Rautio", "customer")
    move_contacts(laura, [sanna.pk], "lead", "Rang us")
    advance_everything()

    board.keyboard.type("Paid")
    board.keyboard.press("Enter")

    expect(board.locator(".toast-pk.is-refused")).to_contain_text("Somebody moved Sanna Rautio meanwhile")
    expect(board.get_by_role("dialog")).to_contain_text("Lead")
    assert "Sanna Rautio" in names(board, "lead")
    board.keyboard.type("Paid")
    board.keyboard.press("Enter")
    folded(board, "Sanna Rautio")
    assert stage_of(sanna) == "customer"


def test_a_card_that_may_not_move_comes_back_and_says_why_and_the_way_out(board: Page):
    sanna = who("Sanna Rautio")
    drag(board, "Sanna Rautio", "customer")
    Contact.objects.filter(pk=sanna.pk).update(erased_at=timezone.now())

    board.keyboard.type("Paid")
    board.keyboard.press("Enter")

    expect(board.locator(".toast-pk.is-refused")).to_contain_text("This person was erased")
    expect(card(board, "Sanna Rautio")).to_have_count(0)


def test_where_the_playbook_decides_otherwise_the_card_stands_where_it_says(board: Page):
    drag(board, "Sanna Rautio", "customer")
    board.keyboard.type("Paid")
    board.keyboard.press("Enter")
    expect(board.locator(".toast-pk", has_text="Sanna Rautio moved to")).to_be_visible()
    record(make_source("till"), make_message("order_refunded", "sanna@example.com", value_minor=100, currency="EUR"))
    folded(board, "Sanna Rautio")

    assert "Sanna Rautio" in names(board, "lead")
    expect(board.locator(".toast-pk.is-refused")).to_contain_text("The playbook decided otherwise about Sanna Rautio")


def test_what_another_moved_waits_until_one_looks_and_keeps_ones_place(board: Page, laura: Principal):
    expect(board.locator("#board")).to_have_attribute("data-looks", "1")
    board.locator("#lane-lead .k-name").first.focus()
    name = board.locator("#lane-lead .k-name").first.inner_text()
    move_contacts(laura, [who("Sanna Rautio").pk], "loyalty", "Came back")
    advance_everything()

    board.evaluate("document.getElementById('board').dispatchEvent(new Event('look'))")
    expect(board.locator("#b-others")).to_contain_text("Laura moved 1")
    assert names(board, "prospecting") == ["Sanna Rautio"]
    board.locator("#lane-lead .k-name").first.focus()
    board.evaluate("document.querySelector('#b-others button').click()")

    expect(board.locator("#lane-loyalty .k.is-new")).to_contain_text("Sanna Rautio")
    expect(board.locator(":focus")).to_have_text(name)
    expect(board.locator("#b-others")).to_be_hidden()


def test_what_another_takes_back_in_a_browser_of_their_own_comes_back_on_this_board(board: Page, laura: Principal):
    assert laura.user
    browser = board.context.browser
    assert browser
    address = board.site_url  # type: ignore[attr-defined]
    elsewhere = browser.new_context(viewport=WIDE)
    hers = elsewhere.new_page()
    hers.site_url = address  # type: ignore[attr-defined]
    enter(hers, laura.user)
    hers.goto(f"{address}/board")
    drag(hers, "Sanna Rautio", "customer")
    hers.keyboard.type("Paid")
    hers.keyboard.press("Enter")
    folded(hers, "Sanna Rautio")
    board.reload()
    expect(board.locator("#lane-customer .k", has_text="Sanna Rautio")).to_be_visible()

    hers.keyboard.press("z")
    expect(hers.locator(".toast-pk", has_text="Undone")).to_be_visible()
    advance_everything()
    board.evaluate("document.getElementById('board').dispatchEvent(new Event('look'))")
    expect(board.locator("#b-others")).to_contain_text("Laura moved 1")
    board.locator("#b-others button").click()

    expect(board.locator("#lane-prospecting .k.is-new")).to_contain_text("Sanna Rautio")
    expect(hers.locator("#lane-prospecting .k", has_text="Sanna Rautio")).to_be_visible()
    elsewhere.close()


def test_the_owner_board_gives_people_away_and_health_stays_as_it_is(board: Page):
    make_user(name="Laura Lahti")
    board.goto("/board?by=owner")
    drag(board, "Sanna Rautio", board.locator(".lane", has_text="Laura Lahti").get_attribute("data-lane") or "")
    expect(board.locator(".toast-pk")).to_contain_text("Sanna Rautio belongs to Laura Lahti now")
    advance_everything()
    assert str(who("Sanna Rautio").owner) == "Laura Lahti"

    board.goto("/board?by=health")
    drag(board, "Aino", "lapsed")
    expect(board.locator(".toast-pk.is-refused")).to_contain_text("Nobody sets it by hand")
    assert "Aino Hämäläinen" in names(board, "active")


def test_filters_are_sent_as_they_are_chosen_and_stand_in_the_address(board: Page):
    board.locator("summary", has_text="Filter").click()
    board.get_by_label("Whose people").select_option("nobody")
    board.wait_for_url("**/board?owner=nobody")
    board.get_by_label("Search on the board").fill("hama")
    board.keyboard.press("Enter")
    board.wait_for_url("**/board?q=hama&owner=nobody")

    expect(board.locator(".k")).to_have_count(1)
    board.get_by_role("link", name="Health").click()
    board.wait_for_url("**/board?by=health&owner=nobody&q=hama")


def test_on_a_phone_lanes_come_one_at_a_time_under_chips_and_a_thumb_moves_people(board: Page):
    board.set_viewport_size(PHONE)
    board.goto("/board")
    chip = board.locator("[data-chip=lead]")
    chip.click()

    expect(chip).to_have_attribute("aria-current", "true")
    expect(board.locator("#lane-lead")).to_be_in_viewport(ratio=0.3)
    expect(board.locator("#lane-customer .k").first).not_to_be_in_viewport()
    name = board.locator("#lane-lead .k-name").first.inner_text()
    board.locator("#lane-lead .k-move").first.click()
    dialog = board.get_by_role("dialog")
    dialog.get_by_role("radio", name="Customer").check()
    dialog.get_by_role("button", name="Called us").click()
    dialog.get_by_role("button", name="Save").click()
    folded(board, name)

    expect(board.locator("#lane-customer .k", has_text=name)).to_have_count(1)
    assert sideways(board) == []


@pytest.mark.parametrize("scheme", ["dark"])
def test_axe_finds_nothing_serious_on_the_board(board: Page, scheme: Any):
    board.emulate_media(color_scheme=scheme)
    found = {}
    for size in (WIDE, PHONE):
        board.set_viewport_size(size)
        for address in ("/board", "/board?by=owner&order=longest", "/board?by=health"):
            board.goto(address)
            found[f"{address} at {size['width']}"] = serious(board)
        board.goto("/board")
        board.locator(".k-move").first.click(force=True)
        found[f"question at {size['width']}"] = serious(board)

    assert {address: faults for address, faults in found.items() if faults} == {}


def test_without_a_script_a_form_moves(board: Page):
    browser = board.context.browser
    assert browser
    plain = browser.new_context(java_script_enabled=False, storage_state=board.context.storage_state())
    page = plain.new_page()
    page.goto(board.url)

    card(page, "Sanna Rautio").hover()
    page.get_by_role("link", name="Move to: Sanna Rautio").click()
    page.get_by_role("radio", name="Lead").check()
    page.get_by_label("What happened?").fill("Rang us")
    page.get_by_role("button", name="Move", exact=True).click()

    expect(page.locator(".toast-pk")).to_contain_text("Sanna Rautio moved to Lead")
    advance_everything()
    page.reload()
    assert "Sanna Rautio" in names(page, "lead")
    plain.close()
