"""The first event of a newcomer, in a real browser: from "Connect a program" to its arriving by what is pasted."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from contacts.catalogue import install_catalogue
from contacts.models import Event, Quarantine
from funnel.services import install_path
from staff.models import Role
from tests.e2e.scenes import enter, serious, sideways
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)


def newcomer(site: Page, language: str = "en"):
    install_catalogue()
    install_path()
    admin = make_user("jukka@example.com", role=Role.ADMIN, name="Jukka Mäkelä", language=language)
    enter(site, admin)


def connect(site: Page) -> None:
    site.goto("/intake")
    site.get_by_role("link", name="Connect a program").first.click()
    site.fill("#id_name", "Web shop")
    site.get_by_role("button", name="Make a key").click()
    expect(site.locator("#live")).to_contain_text("Waiting for your first event…")


def run(site: Page, name: str, folder: Path) -> None:
    """Run a snippet just as it stands on the page."""
    text = site.locator(f"#snip-{name}").text_content() or ""
    script = folder / f"{name}.txt"
    script.write_text(text)
    command = ["bash", str(script)] if name == "curl" else [sys.executable, str(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def test_a_newcomer_sends_the_first_event_by_what_the_page_gives(site: Page, tmp_path: Path):
    newcomer(site)
    connect(site)
    assert serious(site) == []

    run(site, "rest", tmp_path)
    expect(site.locator("#live")).to_contain_text("first@example.com")
    expect(site.locator("#live")).to_contain_text("Recorded")
    run(site, "rest", tmp_path)
    expect(site.locator("#live")).to_contain_text("Sent again")
    run(site, "python", tmp_path)
    expect(site.locator("#live")).to_contain_text("Aino Korhonen")
    if shutil.which("curl"):
        run(site, "curl", tmp_path)
        expect(site.locator("#live li")).to_have_count(5)
    assert Event.objects.filter(source__key="web-shop", type__key="order_completed").count() == 2
    assert not Quarantine.objects.exists()


def test_a_bad_message_is_mended_by_thumb_in_the_dark(site: Page):
    newcomer(site, "fi")
    site.set_viewport_size({"width": 390, "height": 844})
    site.emulate_media(color_scheme="dark")
    site.goto("/intake/connect")
    site.fill("#id_name", "Kauppa")
    site.locator(".in-form button[type=submit]").click()
    secret = site.locator("#secret").text_content() or ""
    bad = {"message_id": "m1", "type": "page_viewed", "contact": {}}
    site.request.post(
        f"{site.site_url}/api/v1/events",  # type: ignore[attr-defined]
        headers={"Authorization": f"Bearer {secret}"},
        data=bad,
    )
    expect(site.locator("#live")).to_contain_text("missing-identity")
    assert (serious(site), sideways(site)) == ([], [])
    site.locator("#live a").last.click()
    site.fill("#raw", '{"message_id": "m1", "type": "page_viewed", "contact": {"user_id": "7"}}')
    assert (serious(site), sideways(site)) == ([], [])
    site.locator(".in-form button[type=submit]").click()
    expect(site.locator(".in-empty")).to_be_visible()
    for address in ("/intake", "/intake/claims", "/intake/types", "/intake/webhooks"):
        site.goto(address)
        assert (serious(site), sideways(site)) == ([], [])
    assert Event.objects.filter(source__key="kauppa").count() == 1
