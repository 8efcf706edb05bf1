"""Today, the inbox and the bell in a real browser, without a mouse; wide and on a phone, light and dark."""

from datetime import datetime, time, timedelta
from urllib.parse import urlsplit

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from contacts.models import AnswerClock, Contact, NoticeKind, Task
from contacts.noticing import notify
from contacts.tasking import add_task
from funnel.advancing import advance_everything
from staff.models import Role, User
from staff.policy import Principal
from tests.e2e.conftest import PHONE, WIDE
from tests.e2e.scenes import EMAIL, aino, furnished, serious, sign_in
from tests.factories import make_message, make_source, make_team, make_user, record

PAGES = (
    "/today",
    "/tasks",
    "/inbox",
    "/inbox/answers",
    "/notices",
    "/settings/hours",
    "/settings/assignment",
    "/settings",
)


@pytest.fixture(autouse=True)
def _company(transactional_db: None) -> None:
    admin = furnished()
    source, now = make_source("website"), timezone.now()
    for minutes, name, text in ((90, "aino", "Do you take vouchers?"), (30, "matti", "Ten trainings in spring.")):
        said = {"text": text}
        at = now - timedelta(minutes=minutes)
        record(source, make_message("message_received", f"{name}@example.com", occurred_at=at, properties=said))
    advance_everything()
    by = Principal(user=admin)
    for title, hours in (("Call back", -2), ("Send the quote", 30)):
        add_task(contact=aino(), by=by, title=title, due_at=now + timedelta(hours=hours), repeat="P1W")
    make_user("laura@example.com", role=Role.SALES, name="Laura Peltola", team=make_team("North"))
    notify([admin], NoticeKind.GIVEN, "given:1", contact_id=aino().pk)


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (PHONE, "dark")])
def test_the_pages_are_sound_and_none_scrolls_sideways(site, size, scheme):
    site.set_viewport_size(size)
    site.emulate_media(color_scheme=scheme)
    sign_in(site)
    faults = {}
    for address in PAGES:
        site.goto(address)
        wider = site.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        faults[address] = (serious(site), wider)

    assert faults == dict.fromkeys(PAGES, ([], False))


def test_the_inbox_is_worked_through_by_keys(site):
    sign_in(site)
    site.goto("/inbox")
    rows = site.locator("[data-row]")
    expect(rows).to_have_count(2)
    site.keyboard.press("j")
    expect(site.get_by_role("link", name="Aino Hämäläinen")).to_be_focused()
    site.keyboard.press("t")
    expect(rows.first).to_contain_text("Jukka Mäkelä has it")
    site.keyboard.press("x")
    expect(rows).to_have_count(1)
    expect(site.locator(".toast-pk").last).to_contain_text("needs no answer")
    advance_everything()
    site.keyboard.press("z")
    expect(site.locator(".toast-pk").last).to_contain_text("Undone")
    advance_everything()
    site.reload()
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("“Do you take vouchers?”")
    rows.first.get_by_role("link", name="Give").click()
    site.get_by_label("Who answers", exact=True).select_option(label="Laura Peltola")
    site.get_by_role("dialog").get_by_role("button", name="Give").click()
    expect(rows.first).to_contain_text("Laura Peltola has it")

    assert AnswerClock.objects.running().count() == 2


def test_tasks_are_done_put_off_and_taken_back_by_keys(site):
    sign_in(site)
    site.goto("/today")
    task = site.locator(".td-task").filter(has_text="Call back").first
    expect(task).to_contain_text("every week")
    site.keyboard.press("j")
    site.keyboard.press("p")
    expect(site.locator(".toast-pk").last).to_contain_text("Call back: on")
    expect(site.get_by_role("heading", name="Overdue")).to_have_count(0)
    site.keyboard.press("x")
    expect(site.locator(".toast-pk").last).to_contain_text("Done:")
    left = Task.objects.open().count()
    site.keyboard.press("z")
    expect(site.locator(".toast-pk").last).to_contain_text("Back on the list")

    assert (left, Task.objects.open().count()) == (2, 2)


def test_the_bell_tells_and_is_quiet_when_it_was_read(site):
    sign_in(site)
    site.goto("/today")
    bell = site.locator(".rail .bell")
    expect(bell.locator(".bell-n")).to_have_text("1")
    bell.click()
    expect(site.get_by_role("dialog")).to_contain_text("Aino Hämäläinen is a new lead, and yours.")
    site.get_by_role("button", name="Mark all as read").click()
    expect(bell.locator(".bell-n")).to_have_count(0)
    bell.click()
    site.get_by_role("button", name="Aino Hämäläinen is a new lead").click()
    site.wait_for_url(f"**/contacts/{aino().pk}")

    assert User.objects.get(email=EMAIL).notices.filter(read_at=None).count() == 0
    assert Contact.objects.filter(pk=aino().pk).exists()


def test_tasks_of_the_week_are_dragged_chosen_and_worked_on_together(site):
    monday = timezone.localdate() + timedelta(days=14 - timezone.localdate().weekday())
    admin = User.objects.get(email=EMAIL)
    for title in ("Send the price list", "Ask who decides"):
        at = timezone.make_aware(datetime.combine(monday, time(10)))
        add_task(contact=aino(), by=Principal(user=admin), title=title, due_at=at)
    sign_in(site)
    site.goto(f"/tasks?day={monday}")
    days = site.locator("[data-day]")
    expect(days.first.locator("[data-row]")).to_have_count(2)
    days.first.locator("[data-row]", has_text="Ask who decides").drag_to(days.nth(3))
    expect(days.nth(3)).to_contain_text("Ask who decides")
    expect(site.locator(".toast-pk", has_text="1 task is due on")).to_be_visible()
    site.keyboard.press("j")
    site.keyboard.press("x")
    site.keyboard.press("j")
    site.keyboard.press("x")
    bar = site.get_by_role("toolbar", name="What to do with those chosen")
    expect(bar).to_contain_text("2 chosen")
    bar.get_by_label("To whom").select_option(label="Laura Peltola")
    bar.get_by_role("button", name="Give").click()
    expect(site.locator(".toast-pk").last).to_contain_text("Laura Peltola has 2 tasks more.")
    expect(site.locator("[data-row]")).to_have_count(0)
    site.keyboard.press("z")
    expect(site.locator("[data-row]")).to_have_count(2)
    site.keyboard.press("]")
    expect(site.get_by_role("link", name="This week")).to_be_visible()

    mine = Task.objects.open().for_user(admin).filter(due_at__gte=timezone.make_aware(datetime.combine(monday, time())))
    due = mine.order_by("due_at").values_list("title", "due_at")
    assert [(title, (timezone.localdate(at) - monday).days) for title, at in due] == [
        ("Send the price list", 0), ("Ask who decides", 3)
    ]  # fmt: skip


def test_a_calendar_address_is_made_read_and_taken_back_in_the_settings(site):
    sign_in(site)
    site.goto("/settings")
    site.get_by_role("button", name="Make an address").click()
    address = urlsplit(site.get_by_label("Secret address").input_value()).path
    site.get_by_role("link", name="Done").click()
    calendar = site.request.get(f"{site.site_url}{address}")
    assert (calendar.status, calendar.text().count("BEGIN:VEVENT")) == (200, 2)
    site.reload()
    expect(site.get_by_text("Last read by a calendar on")).to_be_visible()
    site.get_by_role("button", name="Take it back").click()
    expect(site.get_by_role("button", name="Make an address")).to_be_visible()

    assert site.request.get(f"{site.site_url}{address}").status == 404
