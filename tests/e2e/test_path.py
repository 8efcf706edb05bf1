"""The page of the path in a real browser: narrowed, as of a past, as tables, live, with its trend and its plan."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, ViewportSize, expect

from contacts.models import Contact
from contacts.tasking import add_task
from funnel.advancing import advance_everything
from staff.models import User
from staff.policy import Principal
from tests.e2e.scenes import aino, furnished, serious, sideways, sign_in
from tests.factories import make_message, make_source, record

pytestmark = pytest.mark.django_db(transaction=True)
WIDE: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
LOOK = "htmx.trigger(document.getElementById('changes'), 'every-15s')"


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "dark"), (PHONE, "light")], ids=["wide", "phone"])
def test_the_path_and_its_tables_are_for_everybody(site: Page, size: Any, scheme: Any):
    furnished()
    site.set_viewport_size(size)
    site.emulate_media(color_scheme=scheme)
    sign_in(site)

    for address in ("/", "/?view=table", "/?source=shop&days=90", "/path/narrow", "/path/targets"):
        site.goto(address)
        assert serious(site) == []
        assert sideways(site) == []


def test_the_trend_is_drawn_and_its_stages_chosen_by_keys(site: Page):
    furnished()
    sign_in(site)

    site.locator(".trend").scroll_into_view_if_needed()

    expect(site.locator(".trend svg")).to_be_visible()
    customer = site.get_by_role("button", name="Customer", exact=True)
    expect(customer).to_have_attribute("aria-pressed", "true")
    customer.focus()
    site.keyboard.press("Enter")
    expect(customer).to_have_attribute("aria-pressed", "false")
    expect(customer).to_be_focused()


def test_one_narrows_the_path_in_a_drawer_and_widens_it_again(site: Page):
    furnished()
    sign_in(site)

    site.get_by_role("link", name="All sources").click()
    site.get_by_label("Source").select_option("shop")
    yesterday = timezone.localdate() - timedelta(days=1)
    site.get_by_label("As it stood on").fill(yesterday.isoformat())
    site.get_by_role("button", name="Show").click()

    expect(site).to_have_url(re.compile(rf"source=shop.*as_of={yesterday}"))
    expect(site.locator(".narrowed")).to_contain_text("As it stood on")
    site.get_by_role("link", name="Without “As it stood on”").click()
    site.get_by_role("link", name="Without “Source”").click()
    expect(site.locator(".narrowed")).to_have_count(0)


def test_what_others_do_appears_and_what_one_reads_stays(site: Page):
    furnished()
    sign_in(site)
    heading = site.locator("h1").inner_text()
    source = make_source("fair")
    record(source, make_message("order_completed", "new@example.com", value_minor=100, currency="EUR"))
    Contact.objects.filter(emails=["new@example.com"]).update(name="Uusi Ostaja")
    advance_everything()

    site.evaluate(LOOK)

    expect(site.get_by_role("link", name="Uusi Ostaja")).to_be_visible()
    expect(site.locator("h1")).not_to_have_text(heading)
    site.locator("#path-newest summary").first.click()
    record(source, make_message("order_completed", "next@example.com", value_minor=100, currency="EUR"))
    advance_everything()
    with site.expect_response("**/path/changes*"):
        site.evaluate(LOOK)
    expect(site.locator("#path-newest details[open]")).to_have_count(1)


def test_a_task_of_today_is_done_from_the_page(site: Page):
    user: User = furnished()
    add_task(contact=aino(), by=Principal(user=user), title="Call Aino", due_at=timezone.now())
    sign_in(site)

    site.get_by_role("button", name="Done: Call Aino").click()

    expect(site.get_by_text("Nothing is due today.")).to_be_visible()


def test_targets_are_set_in_a_drawer_and_the_plan_shows_them(site: Page):
    furnished()
    sign_in(site)

    site.get_by_role("link", name="Set the targets").click()
    site.get_by_label("Customer", exact=True).fill("8")
    site.get_by_role("button", name="Set the targets").click()

    expect(site.locator("#path-plan")).to_contain_text("Customer")
    expect(site.locator("#path-plan td").nth(1)).to_have_text("8")
