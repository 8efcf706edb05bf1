"""Forms that people outside fill in: built by staff, sent by anybody, and what comes of it in the log."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from time import sleep

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from campaigns.building import Asked, close_form, give_file, open_form, save_form
from campaigns.gate import MOST_UNANSWERED
from campaigns.mailing import claim_mail, send_mails
from campaigns.models import Form, FormDay, Mail, Submission, Wording
from campaigns.questions import Answers, Kind, Question, answers_in, faults_in
from campaigns.tickets import Age, new_ticket, read_ticket
from campaigns.views import MOST_A_MINUTE
from contacts.consents import consents_of
from contacts.erasing import erase_contact
from contacts.models import Claim, Contact, Event
from funnel.advancing import advance_everything
from staff.models import Role
from staff.policy import Principal
from tests.campaigns.mail_server import mail_server
from tests.factories import make_user
from tests.funnel.worlds import happened, install, stage_of

pytestmark = pytest.mark.django_db

EMAIL = Question("email", Kind.EMAIL, "E-mail", is_needed=True)
NAME = Question("name", Kind.NAME, "Name")
PHONE = Question("phone", Kind.PHONE, "Phone")
SIZE = Question("q1", Kind.CHOICE, "How many are you?", choices=("1-10", "11-50"))
WORDS = Question("q2", Kind.LONG, "What is it about?", is_needed=True)
QUESTIONS = [EMAIL, NAME, PHONE, SIZE, WORDS]
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"


@pytest.fixture
def maria() -> Principal:
    install()
    return Principal(user=make_user("maria@example.com", role=Role.MARKETER, name="Maria"))


def made(by: Principal, *, asked: str = "", needed: bool = False, is_open: bool = True, **values) -> Form:
    values = {"name": "Selkä kuntoon", "title": "Ask us", "button": "Send", "thanks": "We answer soon."} | values
    form = save_form(form=Form(), by=by, questions=QUESTIONS, asked=Asked(asked, needed), **values)
    if is_open:
        open_form(form=form, by=by)
    return form


def page_of(form: Form, query: str = "") -> str:
    return f"/f/{form.token}{query}"


def sent(form: Form, query: str = "", *, ticket: str = "", after: int = 60, **typed):
    """The page's answer to what somebody typed who had it open for `after` seconds."""
    typed = {"email": "aino@example.com", "q2": "My back aches."} | typed
    ticket = ticket or new_ticket(form.token, timezone.now() - timedelta(seconds=after))
    return Client(headers={"User-Agent": BROWSER}).post(page_of(form, query), {"ticket": ticket, **typed})


def told() -> list[tuple[str, dict]]:
    return list(Event.objects.order_by("rank", "pk").values_list("type__key", "properties"))


def test_what_somebody_new_sends_makes_a_lead_who_has_a_name(maria):
    form = made(maria)

    answer = sent(form, "?utm_campaign=spring&utm_source=insta&gclid=abc", name="Aino Aalto", phone="+358401234567")
    advance_everything()

    [submission] = Submission.objects.all()
    assert (answer.status_code, answer.url) == (302, f"/f/s/{submission.token}")
    aino = Contact.objects.get()
    assert submission.contact == aino
    assert (aino.name, aino.emails, aino.phones) == ("Aino Aalto", ["aino@example.com"], ["+358401234567"])
    assert stage_of(aino) == "lead"
    assert told() == [
        ("attributes_changed", {"name": "Aino Aalto", "phone": "+358401234567"}),
        (
            "form_submitted",
            {
                "form": "Selkä kuntoon",
                "text": "My back aches.",
                "answers": {"What is it about?": "My back aches."},
                "utm_source": "insta",
                "gclid": "abc",
            },
        ),
    ]
    assert set(Event.objects.values_list("campaign_key", "source__name")) == {("spring", "Selkä kuntoon")}
    assert b"We answer soon." in Client().get(answer.url).content


def test_the_same_page_sent_twice_counts_once_and_with_other_answers_again(maria):
    form = made(maria)
    ticket = new_ticket(form.token, timezone.now() - timedelta(seconds=60))

    urls = [sent(form, ticket=ticket, q2=words).url for words in ("One.", "One.", "Two.")]

    assert urls[0] == urls[1] != urls[2]
    assert [said["text"] for kind, said in told() if kind == "form_submitted"] == ["One.", "Two."]
    assert list(FormDay.objects.values_list("sent", "left_out")) == [(2, 0)]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"email": "aino"}, "This is not an e-mail address: it looks like name@example.com."),
        ({"email": ""}, "This is needed."),
        ({"q1": "a million"}, "Choose one of the answers."),
        ({"name": "x" * 121}, "At most 120 characters."),
        ({"after": 0}, "That was quicker than people write. Look it over and send it once more."),
        (
            {"after": 90_000},
            "This page was open for a long time. Everything you wrote is still here: send it once more.",
        ),
        ({"ticket": "made up"}, "This page was open for a long time."),
    ],
)
def test_what_cannot_be_taken_stays_in_the_page_with_a_sentence(maria, typed, said):
    form = made(maria)

    answer = sent(form, **({"q2": "Ten <b>words</b>"} | typed))

    page = answer.content.decode()
    assert (answer.status_code, told()) == (422, [])
    assert said in page
    assert "Ten &lt;b&gt;words&lt;/b&gt;" in page


def test_a_page_that_was_sent_once_more_after_it_grew_old_is_taken(maria):
    form = made(maria)

    answer = sent(form, after=90_000)
    [fresh] = re.findall(r'name="ticket" value="([^"]+)"', answer.content.decode())

    assert read_ticket(form.token, fresh, timezone.now()).age is Age.RIGHT


def test_a_robot_that_fills_in_everything_is_thanked_and_nothing_is_recorded(maria):
    form = made(maria)

    answer = sent(form, website="https://spam.example")

    assert (answer.status_code, told(), Contact.objects.count()) == (200, [], 0)
    assert b"We answer soon." in answer.content
    assert list(FormDay.objects.values_list("shown", "sent", "left_out")) == [(0, 0, 1)]


def test_pages_are_counted_as_people_open_them(maria):
    form = made(maria)

    for name in (BROWSER, "Googlebot/2.1", "", BROWSER):
        Client(headers={"User-Agent": name}).get(page_of(form))

    assert list(FormDay.objects.values_list("day", "shown")) == [(timezone.localdate(), 2)]


def test_what_a_form_says_of_somebody_known_waits_until_the_address_is_theirs(maria, settings):
    """The details and the consent are claims; the letter's link makes them true, once."""
    form = made(maria, asked="I want letters.", confirms_address=True)
    sent(form, name="Aino Aalto")
    aino = Contact.objects.get()

    second = sent(form, name="Somebody Else", agreed="1", q2="Again.")
    aino.refresh_from_db()
    assert (aino.name, consents_of([aino.pk]), Claim.objects.open().count()) == ("Aino Aalto", [], 2)

    Submission.objects.exclude(mail=None).update(sent_at=timezone.now() - timedelta(hours=2))  # a letter an hour
    third = sent(form, name="Aino Aalto-Berg", agreed="1", q2="Once more.")
    with mail_server(settings) as server:
        Mail.objects.update(next_at=Now())
        assert send_mails() == 2
    [link] = re.findall(r"/f/s/\S+/confirm", message_from_bytes(server.letters[-1], policy=default).get_content())
    assert link.startswith(third.url)
    assert b"Yes, it was me" in Client().get(link).content
    assert consents_of([aino.pk]) == []
    [Client().post(link) for _ in range(2)]

    aino.refresh_from_db()
    [consent] = consents_of([aino.pk])
    assert aino.name == "Aino Aalto-Berg"
    assert (consent.channel, consent.purpose, consent.given, consent.wording) == (
        "email", "marketing", True, "I want letters.",
    )  # fmt: skip
    assert Claim.objects.open().count() == 2  # those of the second, which nobody confirmed
    assert b"One more step" in Client().get(second.url).content  # as it would say of any address


def test_who_said_no_to_our_letters_is_asked_once_by_all_forms_together(maria, settings):
    """Whoever knows an address may type it into our forms; only the person behind it may take back a no."""
    forms = [made(maria, name=name, asked="I want letters.", confirms_address=True) for name in ("Letters", "Guide")]
    sent(made(maria, name="Ask us"))
    aino = Contact.objects.get()
    happened(aino, "unsubscribed", timezone.now() - timedelta(days=9))

    with mail_server(settings) as server:
        urls = [sent(form, agreed="1", q2=words).url for words in ("One.", "Two.") for form in forms]
        Mail.objects.update(next_at=Now())
        send_mails()
        [letter] = server.letters
        assert "You told us to send you no more letters, and that holds." in letter.decode()
        happened(aino, "unsubscribed", timezone.now())  # a second no opens no second question
        urls.append(sent(forms[1], agreed="1", q2="Three.").url)
        assert send_mails() == 0
    assert set(Mail.objects.values_list("state", "ground")) == {("sent", "request"), ("refused", "unsubscribed")}
    assert {b"One more step" in Client().get(url).content for url in urls} == {True}  # tells nobody who said no


@pytest.mark.django_db(transaction=True)
def test_two_workers_in_the_same_instant_ask_them_once(maria):
    for name in ("Letters", "Guide"):
        sent(made(maria, name=name, asked="I want letters.", confirms_address=True), agreed="1")
    happened(Contact.objects.get(), "unsubscribed", timezone.now() - timedelta(days=9))

    with ThreadPoolExecutor(1) as other, transaction.atomic():
        first = claim_mail()
        second = other.submit(_claimed_elsewhere)
        while not (second.done() or _somebody_waits()):
            sleep(0.01)

    assert (first is not None, second.result()) == (True, None)


def _claimed_elsewhere() -> Mail | None:
    try:
        return claim_mail()
    finally:
        connection.close()


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'advisory'")
        return cursor.fetchone() is not None


def test_letters_that_nobody_answers_come_to_an_end(maria, settings):
    form = made(maria, confirms_address=True)

    with mail_server(settings) as server:
        for words in "abcde":
            sent(form, q2=words)
            Submission.objects.update(sent_at=timezone.now() - timedelta(hours=2))
            Mail.objects.update(next_at=Now())
            send_mails()

    assert len(server.letters) == MOST_UNANSWERED
    assert list(Mail.objects.order_by("pk").values_list("ground", flat=True)) == ["request"] * 3 + ["unanswered"] * 2


def test_a_link_of_a_letter_ends_after_a_week(maria):
    form = made(maria, confirms_address=True)
    url = sent(form).url
    Submission.objects.update(sent_at=timezone.now() - timedelta(days=8))

    for answer in (Client().get(f"{url}/confirm"), Client().post(f"{url}/confirm")):
        assert (answer.status_code, Submission.objects.get().confirmed_at) == (410, None)
        assert b"This link has expired." in answer.content


@pytest.mark.django_db(transaction=True)
def test_whoever_opens_the_link_of_a_letter_has_confirmed_nothing_and_pressing_twice_counts_once(maria):
    form = made(maria, confirms_address=True)
    url = f"{sent(form).url}/confirm"

    opened = [Client().get(url), Client().head(url), Client().get(url)]
    assert ([answer.status_code for answer in opened], Submission.objects.get().confirmed_at) == ([200] * 3, None)

    with ThreadPoolExecutor(2) as both:
        pressed = list(both.map(_press, [url, url]))
    assert pressed == [302, 302]
    assert list(FormDay.objects.values_list("sent", "confirmed")) == [(1, 1)]
    assert Client().get(url).status_code == 302


def _press(url: str) -> int:
    try:
        return Client().post(url).status_code
    finally:
        connection.close()


def test_what_comes_without_a_page_or_too_often_is_asked_again_and_counted_as_the_work_of_robots(maria):
    form = made(maria)
    sent(form, ticket="made up")
    sent(form, after=0)
    sent(form, after=90_000)

    assert list(FormDay.objects.values_list("sent", "left_out")) == [(0, 2)]
    answers = [sent(form, q2=f"Words {number}").status_code for number in range(MOST_A_MINUTE)]
    assert 422 in answers
    assert list(FormDay.objects.values_list("sent", "left_out")) == [(answers.count(302), 2 + answers.count(422))]


def test_consent_that_is_needed_is_asked_for_and_its_words_are_kept_for_ever(maria):
    form = made(maria, asked="I want letters.", needed=True)

    assert b"This is needed." in sent(form).content
    save_form(form=form, by=maria, questions=QUESTIONS, asked=Asked("I want letters and calls.", True))
    save_form(form=form, by=maria, questions=QUESTIONS, asked=Asked("I want letters and calls.", True))
    sent(form, agreed="1")

    assert list(Wording.objects.order_by("number").values_list("number", "text")) == [
        (1, "I want letters."),
        (2, "I want letters and calls."),
    ]
    [claim] = Claim.objects.all()
    assert (claim.type.key, claim.body["properties"]["wording_version"]) == ("consent_given", 2)


def test_the_file_is_for_those_who_sent_the_form_and_that_they_took_it_is_known(maria):
    form = made(maria, confirms_address=True)
    give_file(form=form, by=maria, name="Opas.pdf", kind="application/pdf", body=b"%PDF-1.7")
    url = sent(form).url

    assert Client().get(f"{url}/file").status_code == 404
    Client().post(f"{url}/confirm")
    answers = [Client().get(f"{url}/file") for _ in range(2)]

    assert [(one.status_code, one.content, one["Content-Type"]) for one in answers] == [
        (200, b"%PDF-1.7", "application/pdf")
    ] * 2
    assert [said for kind, said in told() if kind == "content_downloaded"] == [
        {"kind": "guide", "file": "Opas.pdf", "form": "Selkä kuntoon"}
    ]


def test_a_closed_form_says_so_and_takes_nothing(maria):
    form = made(maria)
    close_form(form=form, by=maria)

    assert (sent(form).status_code, told()) == (410, [])
    assert Client().get("/f/nothing-of-the-kind").status_code == 404


def test_two_who_change_a_form_at_once_are_told(maria):
    form = made(maria)
    save_form(form=form, by=maria, questions=QUESTIONS, asked=Asked(), seen=1, title="One")

    with pytest.raises(ValidationError, match="Somebody else saved this form"):
        save_form(form=form, by=maria, questions=QUESTIONS, asked=Asked(), seen=1, title="Two")

    form.refresh_from_db()
    assert (form.title, form.version) == ("One", 2)


def test_whoever_is_erased_leaves_no_address_behind(maria, django_capture_on_commit_callbacks):
    form = made(maria)
    url = sent(form, name="Aino Aalto").url

    with django_capture_on_commit_callbacks(execute=True):
        erase_contact(contact=Contact.objects.get(), by=maria)

    [submission] = Submission.objects.all()
    assert (submission.email, Client().get(url).status_code) == ("", 404)


def test_a_form_may_stand_in_other_sites_and_the_rest_of_us_may_not(maria):
    form = made(maria)

    page, door = Client().get(f"/f/{form.token}/framed"), Client().get("/accounts/login/")

    assert ("X-Frame-Options" in page, "frame-ancestors *" in page["Content-Security-Policy"]) == (False, True)
    assert (door["X-Frame-Options"], "frame-ancestors 'none'" in door["Content-Security-Policy"]) == ("DENY", True)
    assert page.cookies == {}


def test_a_telephone_number_that_cannot_be_read_is_kept_as_it_was_typed():
    typed = {"email": " Aino@Example.COM ", "phone": "ask my  mother", "q2": "a\r\n b"}

    answers, faults = answers_in(QUESTIONS, typed)

    assert faults == {}
    assert answers == Answers("aino@example.com", {}, {"Phone": "ask my mother", "What is it about?": "a\n b"}, "a\n b")


@pytest.mark.parametrize(
    ("questions", "fault"),
    [
        ([NAME], "A form asks for the e-mail address, once, and needs it: by it we know who sends it."),
        ([EMAIL, NAME, Question("n2", Kind.NAME, "Your name")], "Asked twice: Name."),
        ([EMAIL, Question("c", Kind.CHOICE, "Which?", choices=("one",))],
         "Question 2: It needs 2 to 30 different answers to choose from, one a line."),
        ([EMAIL, Question("q", Kind.SHORT, "  ")], "Question 2: It has no words."),
        ([EMAIL, Question("q", Kind.SHORT, "E-mail")], "Two questions have the same words."),
    ],
)  # fmt: skip
def test_questions_that_make_no_form_are_refused_in_sentences(questions, fault):
    assert faults_in(questions) == [fault]
