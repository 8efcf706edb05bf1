"""English or Finnish: whose choice it is, and that nothing is left in the other."""

from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from django.template import Context, Template
from django.test import Client
from django.utils import timezone, translation

from contacts.ingest import retract_event
from crm.templatetags.polku import percent, points, when, whole_days
from funnel.advancing import advance_everything
from tests import catalogue
from tests.desk.scenes import ago, asker, at_desk, buyer
from tests.funnel.worlds import happened, install, person

pytestmark = pytest.mark.django_db


class Words(HTMLParser):
    """What a reader of the page sees or hears, piece by piece."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.pieces: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        spoken = {"aria-label", "placeholder", "title", "alt"}
        self.pieces |= {value or "" for name, value in attrs if name in spoken}

    def handle_data(self, data: str) -> None:
        self.pieces.add(" ".join(data.split()).strip("· "))


def english_only() -> set[str]:
    """Texts whose Finnish is another one, but for the name of English itself, which stands on the switch."""
    both = ((one.id, one.string) for one in catalogue.finnish() if isinstance(one.id, str) and one.id)
    return {text for text, finnish in both if text not in {finnish, "English"}} | {
        "Order",
        "Lead",
        "Customer",
        "Loyalty",
        "Advocate",
    }


def test_no_english_is_left_on_the_finnish_pages():
    install()
    client, _user = at_desk(language="fi")
    aino = buyer(ago(400), name="Aino")
    happened(aino, "order_completed", ago(1), recorded_at=ago(0), value_minor=150000, currency="EUR")
    retract_event(event=happened(aino, "page_viewed", ago(2)))
    happened(asker(ago(4), name="Matti"), "disqualified", ago(2))
    happened(person(known=False), "page_viewed", ago(1))
    advance_everything()

    addresses = ("/", "/contacts", "/contacts?q=zzz", f"/contacts/{aino.pk}", f"/contacts/{person().pk}")
    left = {address: Words(client.get(address).text).pieces & english_only() for address in addresses}

    assert {address: pieces for address, pieces in left.items() if pieces} == {}


def test_no_english_is_left_on_the_pages_of_the_door():
    client = Client(headers={"Accept-Language": "fi"})

    left = {
        address: Words(client.get(address).text).pieces & english_only()
        for address in ("/accounts/login/", "/accounts/password/reset/")
    }

    assert {address: pieces for address, pieces in left.items() if pieces} == {}


def test_the_page_says_which_language_it_is_in():
    client = Client()

    pages = [client.get("/accounts/login/", headers={"Accept-Language": asked}).text for asked in ("fi", "en", "sv")]

    assert [page[page.index("<html") : page.index(">", 20)].split('"')[1] for page in pages] == ["fi", "en", "en"]


def test_whoever_is_not_signed_in_keeps_the_choice_in_a_cookie():
    client = Client()

    answer = client.post("/language", {"language": "fi", "next": "/accounts/login/?next=/contacts"})

    assert answer.headers["Location"] == "/accounts/login/?next=/contacts"
    assert "Kirjaudu sisään" in client.get("/accounts/login/").text


def test_the_choice_of_a_member_of_staff_holds_wherever_they_sign_in():
    install()
    client, user = at_desk()
    client.post("/language", {"language": "fi", "next": "/"})

    elsewhere = Client(headers={"Accept-Language": "en"})
    user.refresh_from_db()
    elsewhere.force_login(user, "django.contrib.auth.backends.ModelBackend")

    assert user.language == "fi"
    assert '<html lang="fi"' in elsewhere.get("/").text
    assert elsewhere.get("/").headers["Content-Language"] == "fi"


@pytest.mark.parametrize("language", ["sv", "", "../../etc", "fi\x00", "x" * 300])
def test_a_language_we_do_not_have_changes_nothing(language):
    client, user = at_desk(language="fi")

    client.post("/language", {"language": language, "next": "/"})

    user.refresh_from_db()
    assert user.language == "fi"


def test_the_switch_leads_nowhere_else_and_only_by_post():
    client, _user = at_desk()

    answer = client.post("/language", {"language": "fi", "next": "https://evil.example/"})

    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert client.get("/language").status_code == 405
    assert Client(enforce_csrf_checks=True).post("/language", {"language": "fi"}).status_code == 403


@pytest.mark.parametrize(
    ("language", "shares", "changes", "lengths", "thousands"),
    [
        ("en", ["24.6 %", "37 %", "–"], ["+1.1", "−11.0", "±0"], ["under 1 d", "1,200 d"], "12,345"),
        ("fi", ["24,6 %", "37 %", "–"], ["+1,1", "−11,0", "±0"], ["alle 1 pv", "1\u202f200 pv"], "12\u202f345"),
    ],
)
def test_figures_are_written_as_the_language_writes_them(language, shares, changes, lengths, thousands):
    with translation.override(language):
        assert [percent(24.64), percent(36.7, 0), percent(None)] == shares
        assert [points(1.08), points(-11.02), points(-0.04)] == changes
        assert [whole_days(0.4), whole_days(1200.2)] == lengths
        assert Template("{% load humanize %}{{ n|intcomma }}").render(Context({"n": 12345})) == thousands


def test_moments_are_told_as_shortly_as_can_be(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 11, 21, 12, tzinfo=UTC))
    moments = [
        datetime(2026, 11, 21, 7, 41, tzinfo=UTC),
        datetime(2026, 11, 20, 22, 30, tzinfo=UTC),  # 00:30 of this day in Helsinki
        datetime(2026, 11, 17, 13, 40, tzinfo=UTC),
        datetime(2026, 11, 23, 7, 0, tzinfo=UTC),
        datetime(2026, 6, 3, 11, 12, tzinfo=UTC),
        datetime(2025, 6, 3, 11, 12, tzinfo=UTC),
    ]

    with translation.override("en"):
        assert [when(at) for at in moments] == ["09:41", "00:30", "Tue 15:40", "Mon 09:00", "3 Jun 14:12", "3 Jun 2025"]
    with translation.override("fi"):
        told = ["klo 9.41", "klo 0.30", "ti klo 15.40", "ma klo 9.00", "3.6. klo 14.12", "3.6.2025"]
        assert [when(at) for at in moments] == told


def test_times_are_those_of_the_zone_of_the_reader():
    install()
    aino = person(name="Aino")
    happened(aino, "page_viewed", datetime(2026, 1, 5, 22, 30, tzinfo=UTC))
    advance_everything()

    shown = {}
    for zone in ("Europe/Helsinki", "America/New_York", "", "Not/AZone"):
        client, _user = at_desk(email=f"{len(zone)}@example.com", time_zone=zone)
        page = client.get(f"/contacts/{aino.pk}").text
        shown[zone] = "2026-01-06T00:30:00+02:00" in page, "2026-01-05T17:30:00-05:00" in page

    assert shown == {
        "Europe/Helsinki": (True, False),
        "America/New_York": (False, True),
        "": (True, False),
        "Not/AZone": (True, False),
    }
