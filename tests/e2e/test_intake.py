"""The first event of a newcomer, in a real browser: from "Connect a program" to its arriving by what is pasted."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from contacts.catalogue import install_catalogue
from contacts.models import Event, Quarantine
from funnel.services import install_path
from staff.models import Role
from tests.e2e.scenes import enter, serious, sideways
from tests.factories import make_user

PACKAGE = '{"imports": {"@segment/analytics-next": "/package.js"}}'  # as a bundler finds it: by its name
NEXT = settings.NODE_MODULES / "@segment" / "analytics-next" / "dist" / "umd"

pytestmark = pytest.mark.django_db(transaction=True)


def newcomer(site: Page, language: str = "en"):
    install_catalogue()
    install_path()
    admin = make_user("jukka@example.com", role=Role.ADMIN, name="Jukka Mäkelä", language=language)
    enter(site, admin)


def connect(site: Page, *, public: bool = False) -> None:
    site.goto("/intake")
    site.get_by_role("link", name="Connect a program").first.click()
    site.fill("#id_name", "Web shop")
    if public:
        site.locator("[name=trust][value=public]").check()
    site.get_by_role("button", name="Make a key").click()
    expect(site.locator("#live")).to_contain_text("Waiting for your first event…")


def pasted(site: Page, name: str) -> str:
    """A snippet just as it stands on the page."""
    return site.locator(f"#snip-{name}").text_content() or ""


def run(site: Page, name: str, folder: Path) -> None:
    script = folder / f"{name}.mjs"
    script.write_text(pasted(site, name))
    program = {"curl": "bash", "node": shutil.which("node") or "node"}.get(name, sys.executable)
    done = subprocess.run([program, str(script)], capture_output=True, text=True, timeout=120, check=False)
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
    if shutil.which("node"):
        (tmp_path / "node_modules").symlink_to(settings.NODE_MODULES)
        run(site, "node", tmp_path)
        assert Event.objects.filter(source__key="web-shop", type__key="order_completed").count() == 3
    assert not Quarantine.objects.exists()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[str]:
    """Another site on this machine, with the files of a folder."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_said: Any) -> None:
        pass


def test_a_page_of_another_site_sends_by_what_the_page_gives(site: Page, shop: str, tmp_path: Path):
    newcomer(site)
    connect(site, public=True)
    bundled = f'<script src="/index.js"></script><script type="importmap">{PACKAGE}</script>'
    (tmp_path / "prices.html").write_text(f'{bundled}<script type="module">{pasted(site, "browser")}</script>')
    (tmp_path / "package.js").write_text("export const { AnalyticsBrowser } = window.AnalyticsNext;")
    (tmp_path / "index.js").symlink_to(NEXT / "index.js")
    page = site.context.new_page()
    bundles = f"{site.site_url}/analytics-next/bundles/*"  # type: ignore[attr-defined]
    page.route(bundles, lambda route: route.fulfill(path=NEXT / route.request.url.rpartition("/")[2]))
    page.goto(f"{shop}/prices.html")

    expect(site.locator("#live")).to_contain_text("Recorded")
    page.close()
    viewed = Event.objects.values_list("type__key", "properties__path", "source__trust")
    assert list(viewed) == [("page_viewed", "/prices.html", "public")]
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
    expect(site.locator("#live")).to_contain_text("Siinä ei sanota, ketä se koskee")
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


def test_the_list_that_follows_by_itself_stays_narrowed(site: Page):
    newcomer(site)
    site.goto("/intake/connect")
    site.fill("#id_name", "Shop")
    site.get_by_role("button", name="Make a key").click()
    secret = site.locator("#secret").text_content() or ""
    site.goto("/intake?result=quarantine")
    expect(site.locator("#live")).to_contain_text("None of these lately")
    for number, contact in enumerate(({"user_id": "7"}, {})):
        site.request.post(
            f"{site.site_url}/api/v1/events",  # type: ignore[attr-defined]
            headers={"Authorization": f"Bearer {secret}"},
            data={"message_id": f"m{number}", "type": "page_viewed", "contact": contact},
        )
    expect(site.locator("#live li")).to_have_count(1)
    expect(site.locator("#live")).to_contain_text("does not say whom")
    site.wait_for_timeout(2500)
    expect(site.locator("#live li")).to_have_count(1)
    assert (serious(site), sideways(site)) == ([], [])
    site.get_by_role("link", name="All", exact=True).click()
    expect(site.locator("#live li")).to_have_count(2)
