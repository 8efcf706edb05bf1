"""The playbook in a real browser: a rule changed by tokens, a backtest opened to one person, a version published."""

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from funnel.advancing import advance_everything
from funnel.backtesting import work_off_backtests
from funnel.models import PlaybookDraft, Position, Stage
from tests.e2e.scenes import furnished, serious, sideways, sign_in

pytestmark = pytest.mark.django_db(transaction=True)
WIDE: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture
def book(site: Page) -> Page:
    furnished()
    site.set_viewport_size(WIDE)
    sign_in(site)
    site.goto("/playbooks")
    return site


def test_a_rule_is_changed_tried_on_the_past_and_published(book: Page) -> None:
    book.get_by_role("button", name="Draft changes").click()
    book.get_by_role("link", name="When a page is viewed").click()
    expect(book.locator("#c0-value")).to_have_value("3")
    book.locator("#c0-value").fill("1")
    book.keyboard.press("Tab")
    expect(book.locator("h1")).to_have_text("This draft changes 1 thing.")
    expect(book.locator("#c0-value")).to_have_value("1")

    book.locator("#on-token").click()
    book.locator("details.many[open]").get_by_label("Letter sent").check()
    book.keyboard.press("Escape")
    expect(book.locator("#on-token")).to_contain_text("Letter sent")
    book.get_by_role("button", name="Done").click()
    expect(book.locator("li.rule del").first).to_be_visible()
    expect(book.locator("li.rule", has_text="a letter is sent").get_by_text("changed")).to_be_visible()

    expect(book.locator("#examples .is-parted")).to_contain_text("Looks at three pages, but over half a year")
    book.get_by_role("link", name="Example", exact=True).click()
    book.get_by_label("What it shows").fill("Looks once")
    book.locator("#e0-type").select_option(label="Page viewed")
    book.get_by_role("button", name="Another event").click()
    expect(book.locator("#e1-day")).to_be_focused()
    book.locator("#e1-day").fill("3")
    book.locator("#e1-type").select_option(label="Letter sent")
    assert serious(book) == []
    book.locator("#example-stage").select_option("retargeting")
    book.get_by_role("button", name="Keep the example").click()
    expect(book.locator("#examples li", has_text="Looks once")).to_contain_text("Holds:")
    book.locator("#examples .is-parted summary").click()
    expect(book.locator("#examples .is-parted .ex-steps")).to_contain_text("day 0")
    assert serious(book) == []
    book.locator("#since").fill("2020-01-01")
    book.get_by_role("button", name="Run the backtest").click()
    expect(book.locator("#backtest progress")).to_be_visible()
    work_off_backtests()
    expect(book.locator("h1")).to_have_text("With this draft: 1 more in Retargeting and 1 fewer in Prospecting.")
    book.locator("#backtest .why").first.click()
    expect(book.locator(".two-paths")).to_contain_text("(it was ")
    book.keyboard.press("Escape")

    book.get_by_role("link", name="Publish version 2…").click()
    book.get_by_label("From a day").check()
    book.get_by_label("The day").fill("2020-01-01")
    book.get_by_label("That is meant.").check()
    book.get_by_role("button", name="Publish version 2", exact=True).click()
    expect(book.locator("#applying")).to_contain_text("Version 2 is being applied.")
    advance_everything()
    expect(book.locator("#applying")).to_have_count(0)
    retargeting = Stage.objects.get(key="retargeting").pk
    assert Position.objects.live().filter(stage_id=retargeting).count() == 1
    assert not PlaybookDraft.objects.exists()


def test_rules_are_put_in_another_order_by_keys_and_by_dragging(book: Page) -> None:
    book.get_by_role("button", name="Draft changes").click()
    book.locator("#rule-8 a.r-open").focus()
    book.keyboard.press("Alt+ArrowUp")
    expect(book.locator("#rule-7")).to_contain_text("page is viewed")
    expect(book.locator("li.rule").get_by_text("was 9")).to_be_visible()
    grip = book.locator("#rule-7 .r-grip")
    grip.hover()
    book.mouse.down()
    book.mouse.move(800, 320, steps=8)
    box = book.locator("#rule-1").bounding_box()
    assert box
    book.mouse.move(box["x"] + 60, box["y"] + 4, steps=12)
    book.mouse.up()
    expect(book.locator("#rule-7")).not_to_contain_text("page is viewed")


def test_the_proof_says_how_much_was_compared(book: Page) -> None:
    book.get_by_role("button", name="Prove it").click()
    expect(book.locator("#proof progress")).to_be_visible()
    work_off_backtests()
    expect(book.locator("#proof")).to_contain_text("0 differences.")


def test_a_draft_by_thumb_in_the_dark(book: Page) -> None:
    book.get_by_role("button", name="Draft changes").click()
    draft = PlaybookDraft.objects.get()
    book.set_viewport_size(PHONE)
    book.emulate_media(color_scheme="dark")
    book.goto(f"/playbooks/drafts/{draft.pk}?rule=4")
    assert serious(book) == []
    assert sideways(book) == []
    book.get_by_role("button", name="Move rule 3 down").click()
    expect(book.locator("li.rule").get_by_text("was ").first).to_be_visible()


def test_a_rule_is_given_its_reason_and_the_draft_is_tried_on_somebody(book: Page) -> None:
    book.get_by_role("button", name="Draft changes").click()
    book.locator("#rules .r-open").first.click()
    book.fill("#note", "Agreed with sales in May.")
    book.locator("#rule-form").get_by_role("button", name="Done").click()
    expect(book.locator(".r-note")).to_have_text("Agreed with sales in May.")
    assert (serious(book), sideways(book)) == ([], [])
    book.get_by_role("link", name="Compare").click()
    expect(book.locator(".r-side")).to_contain_text("another note")
    assert (serious(book), sideways(book)) == ([], [])
    book.go_back()
    book.get_by_role("button", name="Try it on somebody").click()
    expect(book.get_by_role("heading", name="Try the draft on somebody")).to_be_visible()
    assert (serious(book), sideways(book)) == ([], [])
