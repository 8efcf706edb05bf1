"""A small company in the browser's database, and what each page must hold to."""

from datetime import timedelta

from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page

from contacts.catalogue import install_catalogue
from contacts.messages import ContactRef
from contacts.models import Company, Contact, Membership
from funnel.advancing import advance_everything
from funnel.services import install_path
from staff.models import Role, User
from tests.factories import make_message, make_source, make_user, record
from tests.rows import made_once

EMAIL, PASSWORD = "jukka@example.com", "a long enough secret"
NAMES = ("Aino Hämäläinen", "Matti Mäkelä", "Sanna Rautio", "Olli Virtanen", "Elina-Margareeta Laaksonen-Nieminen")
DEEDS = ("page_viewed", "quote_requested", "order_completed")


@made_once
def furnished() -> User:
    """Five people, at most three deeds each; Aino has bought twice and has a company."""
    install_catalogue()
    install_path()
    source, now = make_source("shop"), timezone.now()
    for number, name in enumerate(NAMES):
        ref = ContactRef(email=f"{name.split()[0].lower()}@example.com")
        record(
            source,
            make_message("contact_created", ref, occurred_at=now - timedelta(days=90), properties={"name": name}),
        )
        for day, deed in enumerate(DEEDS[: 3 - number % 3]):
            at = now - timedelta(days=60 - 10 * day)
            record(source, make_message(deed, ref, occurred_at=at, value_minor=2550, currency="EUR"))
    lately = now - timedelta(days=3)
    again = make_message("order_completed", "aino@example.com", occurred_at=lately, value_minor=99900, currency="EUR")
    record(source, again)
    company = Company.objects.create(name="Pohjois-Savon Liikunta ja Hyvinvointi Oy")
    Membership.objects.create(contact=aino(), company=company, title="HR manager")
    advance_everything()
    return make_user(EMAIL, password=PASSWORD, role=Role.ADMIN, name="Jukka Mäkelä")


def aino() -> Contact:
    return Contact.objects.get(emails__contains=["aino@example.com"])


def sign_in(page: Page) -> None:
    """Come in as Jukka, by a session made for him: the door itself is tried in test_desk."""
    enter(page, User.objects.get(email=EMAIL))
    page.goto("/")


def enter(page: Page, user: User) -> None:
    """A session of this member of staff in the browser."""
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    session = client.cookies[settings.SESSION_COOKIE_NAME]
    address = page.site_url  # type: ignore[attr-defined]
    page.context.add_cookies([{"name": session.key, "value": session.value, "url": address}])


def sign_in_by_hand(page: Page) -> None:
    page.goto("/accounts/login/")
    page.fill("#id_login", EMAIL)
    page.fill("#id_password", PASSWORD)
    page.locator("main form[action='/accounts/login/'] button").click()
    page.wait_for_url("**/")


def serious(page: Page) -> list[str]:
    """What axe finds serious or critical on the page as it is."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{one['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
        for one in found
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]


_STICKING_OUT = """() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    const scrolls = one => one && one !== document.body
        && (getComputedStyle(one).overflowX !== 'visible' || scrolls(one.parentElement));
    return [...document.querySelectorAll('body *')]
        .filter(one => one.getBoundingClientRect().right > width && !scrolls(one.parentElement))
        .map(one => `${one.outerHTML.slice(0, 80)} ends at ${Math.round(one.getBoundingClientRect().right)}`);
}"""


_NEXT_FRAME = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def sideways(page: Page) -> list[str]:
    """What makes the page wider than the window."""
    page.evaluate(_NEXT_FRAME)  # what fits itself to a window does so when it is drawn
    found: list[str] = page.evaluate(_STICKING_OUT)
    return found
