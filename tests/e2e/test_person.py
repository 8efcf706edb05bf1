"""The page of a person in a real browser: working from it with and without a mouse, wide and by thumb."""

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from contacts.models import Event
from funnel.advancing import advance_everything
from tests.e2e.people import open_page, story
from tests.e2e.scenes import serious, sideways

pytestmark = pytest.mark.django_db(transaction=True)
WIDE: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}


def pictured(page: Page, name: str) -> None:
    """A picture for whoever asks for them by PICTURES=folder."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True, caret="initial")


@pytest.mark.parametrize(  # each pair of two of them once
    ("size", "scheme", "language"),
    [(WIDE, "light", "fi"), (WIDE, "dark", "en"), (PHONE, "light", "en"), (PHONE, "dark", "fi")],
)
def test_the_page_is_fit_to_be_seen(site: Page, size: Any, scheme: Any, language: str):
    user, aino = story()
    user.language = language
    user.save()
    site.set_viewport_size(size)
    site.emulate_media(color_scheme=scheme)

    open_page(site, f"/contacts/{aino.pk}")

    expect(site.locator("h1")).to_have_text("Aino Korhonen")
    pictured(site, f"person-{language}-{scheme}-{size['width']}")
    assert (serious(site), sideways(site)) == ([], [])


def test_a_call_is_logged_by_two_keys_and_undone_by_one(site: Page):
    _user, aino = story()
    open_page(site, f"/contacts/{aino.pk}")

    site.keyboard.press("c")
    expect(site.get_by_role("button", name="No answer")).to_be_visible()
    pictured(site, "composer-call")
    site.keyboard.press("2")

    expect(site.locator(".toast-text")).to_have_text("The call is logged.")
    expect(site.locator(".evs .ev:not(.is-move)").first).to_contain_text("Jukka called No answer")
    tried = Event.objects.get(type__key="call_tried")
    site.keyboard.press("z")
    expect(site.locator(".evs .is-retracted")).to_contain_text("Jukka called")
    tried.refresh_from_db()
    assert tried.retracted_at is not None


def test_what_was_typed_stays_when_it_cannot_be_taken(site: Page):
    _user, aino = story()
    open_page(site, f"/contacts/{aino.pk}")

    site.locator("#composer").get_by_role("link", name="Meeting").click()
    site.get_by_label("What was agreed").fill("A demo in their office")
    site.get_by_label("When, if not now").fill("2099-01-01T10:00")
    site.get_by_role("button", name="Log the meeting").click()

    expect(site.locator(".errorlist")).to_have_text("It has not happened yet. Make it a task.")
    expect(site.get_by_label("What was agreed")).to_have_value("A demo in their office")
    site.forgive("Failed to load resource: the server responded with a status of 422")  # type: ignore[attr-defined]


def test_somebody_is_put_off_and_opened_again_from_the_page(site: Page):
    _user, aino = story()
    open_page(site, f"/contacts/{aino.pk}")

    site.locator("#more-deeds-button").click()
    site.get_by_role("link", name="Not now").click()
    site.get_by_label("Why not now").fill("Budget comes in spring")
    site.locator("#composer button[type=submit]").click()
    expect(site.locator(".toast-text")).to_contain_text("Aino Korhonen comes back on")
    advance_everything()

    expect(site.locator(".standing-note")).to_be_visible()
    pictured(site, "person-not-now")


def test_a_task_is_made_and_ticked_off_by_keys(site: Page):
    _user, aino = story()
    open_page(site, f"/contacts/{aino.pk}")

    site.keyboard.press("t")
    site.get_by_label("What is to be done").fill("Ask about January")
    pictured(site, "composer-task")
    site.keyboard.press("Enter")
    expect(site.locator(".todo li")).to_have_count(2)
    site.locator("h1").click()
    site.keyboard.press("d")

    expect(site.locator(".todo li")).to_have_count(1)
    expect(site.locator(".toast-text").last).to_contain_text("Done:")


def test_one_walks_the_list_one_came_from_by_keys(site: Page):
    story()
    open_page(site, "/contacts")
    names = site.locator("main table tbody a[href^='/contacts/']").all_inner_texts()

    site.get_by_role("link", name=names[0]).first.click()
    expect(site.locator(".walk-at")).to_contain_text("1 of 3")
    site.keyboard.press("j")
    expect(site.locator("h1")).to_have_text(names[1])
    expect(site.locator(".walk-at")).to_contain_text("2 of 3")
    site.keyboard.press("k")

    expect(site.locator("h1")).to_have_text(names[0])


def test_details_are_edited_in_place_by_keys(site: Page):
    _user, aino = story()
    open_page(site, f"/contacts/{aino.pk}")

    site.keyboard.press("e")
    site.get_by_label("Title").fill("HR director")
    pictured(site, "person-edit")
    site.get_by_role("button", name="Save", exact=True).click()

    expect(site.locator(".who")).to_contain_text("HR director at Nordlogi Oy")
    expect(site.locator("#met-details form")).to_have_count(0)


def test_on_a_phone_one_writes_with_the_thumb_and_takes_it_back(site: Page):
    _user, aino = story()
    site.set_viewport_size(PHONE)
    open_page(site, f"/contacts/{aino.pk}")

    site.locator(".thumb").get_by_role("link", name="Write").click()
    site.get_by_label("Subject").fill("The team day")
    site.get_by_label("Letter").fill("Hei Aino")
    pictured(site, "composer-write-phone")
    site.get_by_role("button", name="Send", exact=True).click()

    expect(site.locator("#side-mails")).to_be_visible()
    site.locator(".toast-pk button", has_text="Undo").click()
    expect(site.locator("#side-mails")).to_have_count(0)
