"""Forms and the tracking script in a real browser: built, filled in by a stranger, and in the page of another site."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from campaigns.building import Asked, add_site, open_form, save_form
from campaigns.models import Form
from campaigns.questions import Kind, Question
from contacts.models import Contact, Event, Identity
from funnel.advancing import advance_everything
from staff.models import User
from staff.policy import Principal
from tests.e2e.conftest import PHONE
from tests.e2e.scenes import EMAIL, furnished, serious, sideways, sign_in
from tests.funnel.worlds import stage_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(site: Page, settings: Any) -> Page:
    furnished()
    settings.SITE_URL = site.site_url  # type: ignore[attr-defined]
    sign_in(site)
    return site


def test_a_form_is_built_shared_and_what_a_stranger_sends_is_a_lead(desk: Page, browser: Browser):
    desk.goto("/forms")
    desk.get_by_role("link", name="They ask for a quote").click()
    expect(desk.locator("#preview")).to_contain_text("Ask for a quote")
    desk.get_by_label("Headline").fill("Training for your people")
    expect(desk.locator("#preview")).to_contain_text("Training for your people")
    desk.get_by_role("button", name="One of several").click()
    expect(desk.get_by_label("Answers to choose from, one a line")).to_be_visible()
    desk.get_by_label("Words of question 6").fill("How many are you?")
    desk.get_by_label("Answers to choose from, one a line").fill("1-10\n11-50")
    desk.get_by_role("button", name="Move “How many are you?” up").or_(
        desk.get_by_role("button", name="Move “One of several” up")
    ).click()
    expect(desk.get_by_label("Words of question 5")).to_have_value("How many are you?")
    assert serious(desk) == []
    desk.get_by_role("button", name="Save").click()
    desk.get_by_role("button", name="Open it").click()
    expect(desk.get_by_role("link", name="Open the page")).to_be_visible()
    link = desk.get_by_label("Its own page").input_value()

    stranger = browser.new_context(viewport=PHONE, locale="en-GB").new_page()  # type: ignore[arg-type]
    stranger.goto(f"{link}?utm_campaign=spring")
    assert (serious(stranger), sideways(stranger)) == ([], [])
    stranger.get_by_label("Name").fill("Pekka Puro")
    stranger.get_by_label("How many are you?").select_option("11-50")
    stranger.get_by_label("Your message").fill("Two days in March?")
    stranger.wait_for_timeout(2100)  # nobody writes quicker
    stranger.get_by_role("button", name="Send").click()
    expect(stranger.get_by_text("This is needed.")).to_be_visible()
    stranger.get_by_label("E-mail").fill("pekka@example.com")
    stranger.get_by_role("button", name="Send").click()
    expect(stranger.get_by_role("status")).to_contain_text("Thank you.")
    stranger.context.close()
    advance_everything()

    pekka = Contact.objects.get(emails__contains=["pekka@example.com"])
    assert (pekka.name, stage_of(pekka)) == ("Pekka Puro", "lead")
    desk.reload()
    desk.get_by_role("link", name="Pekka Puro").click()
    expect(desk.get_by_role("heading", level=1)).to_contain_text("Pekka Puro")


# --- On another site --------------------------------------------------------------------------------------------------


@contextmanager
def another_site(pages: dict[str, str]) -> Iterator[str]:
    """A website of somebody else: its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path.partition("?")[0], "").encode()
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


def form_for(by: Principal) -> Form:
    questions = [Question("email", Kind.EMAIL, "E-mail", is_needed=True)]
    values: dict[str, Any] = {"name": "Newsletter", "title": "Our letter", "button": "Send", "thanks": "Thank you."}
    form = save_form(form=Form(), by=by, questions=questions, asked=Asked(), **values)
    open_form(form=form, by=by)
    return form


def seen() -> list[str]:
    return list(Event.objects.filter(source__name="www.example.com").order_by("pk").values_list("type__key", flat=True))


def test_the_script_waits_for_consent_then_tells_and_a_form_in_the_page_knows_who_came(
    desk: Page, browser: Browser, live_server: Any
):
    by = Principal(user=User.objects.get(email=EMAIL))
    tracked, form = add_site(name="www.example.com", by=by), form_for(by)
    script = f'<script src="{live_server.url}/t.js" data-key="{tracked.secret}" defer></script>'
    frame = f'<iframe src="{live_server.url}/f/{form.token}/framed" title="Our letter" height="500"></iframe>'
    own = '<form data-polku="Quote Requested" onsubmit="return false"><input name="email"><button>Ask</button></form>'
    html = "<!doctype html><title>Home</title>{}<h1>Hei</h1>{}"
    with another_site({"/": html.format(script, frame), "/two": html.format(script, own)}) as address:
        visitor = browser.new_context().new_page()
        visitor.goto(f"{address}/?utm_campaign=spring&utm_source=insta&gclid=abc")
        expect(visitor.frame_locator("iframe").get_by_label("E-mail")).to_be_visible()
        assert (visitor.context.cookies(), seen()) == ([], [])

        with visitor.expect_response(re.compile("/v1/p")):
            visitor.evaluate("polku.consent(true)")
        [cookie] = visitor.context.cookies(address)
        assert cookie["name"] == "polku_id"
        with visitor.expect_response(re.compile("/v1/p")):
            visitor.evaluate("history.pushState({}, '', '/elsewhere')")
        framed = visitor.frame_locator("iframe")
        expect(visitor.locator("iframe")).to_have_attribute("src", re.compile("a=.*utm|utm.*a="))
        framed.get_by_label("E-mail").fill("virpi@example.com")
        visitor.wait_for_timeout(2100)  # nobody writes quicker
        framed.get_by_role("button", name="Send").click()
        expect(framed.get_by_role("status")).to_contain_text("Thank you.")

        with visitor.expect_response(re.compile("/v1/p")):
            visitor.goto(f"{address}/two")
        visitor.fill("[name=email]", "virpi@example.com")
        with visitor.expect_response(re.compile("/v1/t")):
            visitor.get_by_role("button", name="Ask").click()
        visitor.evaluate("polku.consent(false)")
        assert visitor.context.cookies(address) == []
        visitor.context.close()

    virpi = Identity.objects.get(kind="anonymous_id", value=cookie["value"]).contact
    assert virpi.emails == ["virpi@example.com"]
    told = list(virpi.events.order_by("rank", "pk").values_list("type__key", "campaign_key"))
    assert sorted(told, key=str) == [
        ("attributes_changed", "spring"),  # what the second page says of somebody known by then is a claim
        ("form_submitted", "spring"),
        ("page_viewed", "spring"), ("page_viewed", "spring"), ("page_viewed", None),
        ("quote_requested", None),
    ]  # fmt: skip
    first = virpi.events.filter(type__key="page_viewed").order_by("pk")[0]
    assert (first.properties["gclid"], first.properties["path"]) == ("abc", "/")


def test_who_takes_consent_back_is_forgotten_by_the_forms_in_the_page_and_by_what_waits(
    desk: Page, browser: Browser, live_server: Any
):
    by = Principal(user=User.objects.get(email=EMAIL))
    tracked, form = add_site(name="www.example.com", by=by), form_for(by)
    script = f'<script src="{live_server.url}/t.js" data-key="{tracked.secret}" defer></script>'
    frame = f'<iframe src="{live_server.url}/f/{form.token}/framed" title="Our letter" height="500"></iframe>'
    with another_site({"/": f"<!doctype html><title>Home</title>{script}{frame}"}) as address:
        visitor = browser.new_context().new_page()
        visitor.goto(f"{address}/?utm_campaign=spring")
        with visitor.expect_response(re.compile("/v1/p")):
            visitor.evaluate("polku.consent(true)")
        expect(visitor.locator("iframe")).to_have_attribute("src", re.compile("[?&]a="))

        visitor.evaluate("polku.consent(false); polku.track('Video Watched', {length: 9})")
        expect(visitor.locator("iframe")).not_to_have_attribute("src", re.compile("[?&][ak]="))
        expect(visitor.locator("iframe")).to_have_attribute("src", re.compile("utm_campaign=spring"))
        with visitor.expect_response(re.compile("/v1/p")):
            visitor.evaluate("polku.consent(true)")
        visitor.context.close()

    assert seen() == ["page_viewed", "page_viewed"]
