"""The pictures of README and docs, taken of a running demo: `python -m tests.e2e.pictures var` while `make run` runs.

Give the state folder of the demo, and its address if it is not http://localhost:8000.
"""

import json
import os
import sys
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

IMAGES = Path(__file__).parents[2] / "docs" / "images"
WIDE: ViewportSize = {"width": 1440, "height": 900}
FIRST = "main table tbody a[href^='{room}/']"
# The picture, the address of its room, and which of the list is opened there.
ROOMS: list[tuple[str, str, str | None]] = [
    ("today", "/today", None),
    ("people", "/contacts?stage=lead", None),
    ("company", "/companies?ordering=-people", FIRST.format(room="/companies")),
    ("campaign", "/campaigns", FIRST.format(room="/campaigns")),
    ("strategy", "/strategy", None),
    ("form", "/forms", FIRST.format(room="/forms")),
    ("import", "/imports", FIRST.format(room="/imports")),
    ("playbook", "/playbooks", None),
    ("intake", "/intake", None),
]


def take(state: Path, address: str) -> None:
    login = json.loads((state / "first-login.json").read_text())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or "/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport=WIDE, locale="en-GB", timezone_id="Europe/Helsinki", reduced_motion="reduce")
        sign_in(page, address, login["email"], login["password"])
        picture(page, "path")
        page.goto(f"{address}/board")
        picture(page, "board")
        page.goto(f"{address}/contacts?stage=loyalty")
        page.locator("main table tbody a[href^='/contacts/']").nth(1).click()
        picture(page, "contact")
        for name, room, first in ROOMS:
            page.goto(f"{address}{room}")
            if first:
                page.locator(first).first.click()
            picture(page, name)
        backtest(page, address)
        picture(page, "backtest")
        page.emulate_media(color_scheme="dark")
        page.goto(f"{address}/contacts?stage=lead")
        find(page, "ain")
        picture(page, "find-dark")
        browser.close()


def picture(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=IMAGES / f"{name}.png")


def backtest(page: Page, address: str) -> None:
    """The draft of the demo, which was tried on the past."""
    page.goto(f"{address}/playbooks")
    page.locator("main a[href^='/playbooks/drafts/']").first.click()
    page.locator("#backtest .why").first.wait_for()


def find(page: Page, typed: str) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type(typed)
    page.locator(".pi mark").first.wait_for()


def sign_in(page: Page, address: str, email: str, password: str) -> None:
    page.goto(f"{address}/accounts/login/")
    page.fill("#id_login", email)
    page.fill("#id_password", password)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/")


if __name__ == "__main__":
    take(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "http://localhost:8000")
