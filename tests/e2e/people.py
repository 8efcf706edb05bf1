"""A person with a whole story, for the browser: seen by lists and ads, a step back, orders, talks, colleagues."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from playwright.sync_api import Page

from contacts.catalogue import install_catalogue
from contacts.ingest import record_staff_event
from contacts.messages import ContactRef
from contacts.models import Company, Contact, Membership
from contacts.tasking import add_task
from funnel.advancing import advance_everything
from funnel.services import install_path
from staff.models import Role, User
from staff.policy import Principal
from tests.e2e.scenes import EMAIL, PASSWORD, enter
from tests.factories import make_message, make_source, make_user, record
from tests.rows import made_once

AINO = ContactRef(email="aino.korhonen@nordlogi.fi")


def ago(days: float) -> datetime:
    return timezone.now() - timedelta(days=days)


@made_once
def story() -> tuple[User, Contact]:
    """Jukka, who sells, and Aino, who has bought, was refunded, and bought again."""
    install_catalogue()
    install_path()
    jukka = make_user(EMAIL, password=PASSWORD, role=Role.ADMIN, name="Jukka Mäkelä")
    make_user("laura@example.com", role=Role.SALES, name="Laura Niemi")
    shop, web = make_source("web-shop"), make_source("polku-js")
    details = {
        "name": "Aino Korhonen",
        "title": "HR manager",
        "country": "FI",
        "language": "fi",
        "time_zone": "Europe/Helsinki",
        "phone": "+358401234567",
        "owner": jukka.pk,
    }
    said: list[tuple[Any, str, float, dict[str, Any]]] = [
        (shop, "contact_created", 251, {"properties": details}),
        (web, "ad_clicked", 232, {"campaign": "kesakuntoon"}),
        (web, "content_downloaded", 215, {"properties": {"title": "Selkä kuntoon", "kind": "guide"}}),
        (shop, "order_completed", 198, {"value_minor": 14900, "currency": "EUR", "properties": {"order_id": "1987"}}),
        (shop, "order_refunded", 193, {"value_minor": 14900, "currency": "EUR", "properties": {"order_id": "1987"}}),
        (shop, "order_completed", 169, _order("2041", "Työpaikkatreeni", 10, 59000)),
        (web, "email_clicked", 4, {"properties": {"name": "Marraskuun kirje"}}),
        *((web, "page_viewed", 0.1 + 0.01 * n, {"properties": {"title": title}}) for n, title in enumerate(_PAGES)),
    ]
    for source, type_, days, more in said:
        record(source, make_message(type_, AINO, occurred_at=ago(days), **more))
    aino = Contact.objects.get(emails__contains=["aino.korhonen@nordlogi.fi"])
    talk = {"outcome": "answered", "minutes": 12, "text": "They plan a wellness day in January, budget until December"}
    record_staff_event(contact=aino, type="call_held", by=jukka, properties=talk, occurred_at=ago(3))
    _colleagues(aino, shop)
    due = timezone.now() + timedelta(hours=20)
    add_task(contact=aino, by=Principal(user=jukka), title="Send the team-day offer", due_at=due)
    advance_everything()
    return jukka, Contact.objects.get(pk=aino.pk)


_PAGES = ("Hinnasto", "Etusivu", "Tiimipäivä", "Ota yhteyttä")


def _order(number: str, name: str, quantity: int, cents: int) -> dict[str, Any]:
    products = [{"name": name, "quantity": quantity}]
    return {"value_minor": cents, "currency": "EUR", "properties": {"order_id": number, "products": products}}


def _colleagues(aino: Contact, shop: Any) -> None:
    company = Company.objects.create(name="Nordlogi Oy")
    Membership.objects.create(contact=aino, company=company, role="decision_maker")
    for name, deed, role in (("Petri Salo", "quote_requested", "gatekeeper"), ("Jenni Aalto", "ad_clicked", "user")):
        ref = ContactRef(email=f"{name.split()[0].lower()}@nordlogi.fi")
        record(shop, make_message("contact_created", ref, occurred_at=ago(30), properties={"name": name}))
        record(shop, make_message(deed, ref, occurred_at=ago(20)))
        mate = Contact.objects.get(name=name)
        Membership.objects.create(contact=mate, company=company, role=role)


def open_page(page: Page, address: str) -> None:
    """Come in as Jukka, straight to an address."""
    enter(page, User.objects.get(email=EMAIL))
    page.goto(address)
