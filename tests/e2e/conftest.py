"""Browser tests: the system's Chromium against a live server; `make e2e` runs them, apart from the other tests."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

WIDE, PHONE = {"width": 1360, "height": 900}, {"width": 390, "height": 844}

expect.set_options(timeout=15_000)  # a busy machine is slow, not wrong


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    quiet = ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update"]
    return {
        "executable_path": os.environ.get("CHROMIUM") or "/usr/bin/chromium",
        "args": ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-sync", *quiet],
    }


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    return {"viewport": WIDE, "locale": "en-GB", "timezone_id": "Europe/Helsinki"}


# What htmx says of a request that was under way when one walked on, as one may: the server answered it or not.
LEFT_BEHIND = ("htmx:afterRequest", "htmx:sendError")


class Seen:
    """What a page did that no page of ours may: errors, refused inline code, requests to other hosts."""

    def __init__(self, page: Page, own: str) -> None:
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("console", lambda line: self._heard(line.type, line.text))
        page.on("request", lambda request: self._asked(request.url, own))

    def forgive(self, *beginnings: str) -> None:
        """What a test brought about on purpose, by how the browser begins to say it, is no fault."""
        said = tuple(f"console: {beginning}" for beginning in beginnings)
        self.faults = [fault for fault in self.faults if not fault.startswith(said)]

    def _heard(self, kind: str, text: str) -> None:
        if kind == "error" and not text.startswith(LEFT_BEHIND):
            self.faults.append(f"console: {text}")

    def _asked(self, url: str, own: str) -> None:
        if not url.startswith((own, "data:", "blob:")):
            self.faults.append(f"request: {url}")


@pytest.fixture
def site(live_server: Any, context: BrowserContext) -> Iterator[Page]:
    """A page that opens our addresses as `/path`; at the end nothing may have gone wrong in it."""
    context.set_default_timeout(30_000)
    page = context.new_page()
    seen = Seen(page, live_server.url)
    goto = page.goto
    page.forgive = seen.forgive  # type: ignore[attr-defined]
    page.site_url = live_server.url  # type: ignore[attr-defined]
    page.faults = lambda: seen.faults  # type: ignore[attr-defined]
    page.goto = lambda path, **options: goto(f"{live_server.url}{path}", **options)  # type: ignore[method-assign]
    yield page
    assert seen.faults == []
