"""Forms and tracked websites over REST, by the same services as at the desk."""

import csv
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from campaigns.models import Form, Submission
from campaigns.tickets import new_ticket
from contacts.models import Contact
from contacts.spreadsheet import MARK
from staff.models import AuditRecord, Role
from tests.callers import make_caller
from tests.factories import make_team, make_user
from tests.funnel.worlds import install

pytestmark = pytest.mark.django_db

QUESTIONS = [
    {"key": "email", "kind": "email", "label": "E-mail", "is_needed": True, "choices": [], "help": ""},
    {"key": "q1", "kind": "choice", "label": "Size", "is_needed": False, "choices": ["1", "2"], "help": "About."},
]
ASK = {"name": "Ask", "title": "Ask us", "questions": QUESTIONS, "button": "Send", "thanks": "Thank you."}
UNSAID = {
    "deed": "form_submitted", "language": "en", "lead": "", "wording": "", "wording_number": None,
    "wording_is_needed": False, "confirms_address": False, "leads_to": "", "campaign": None, "open": False,
    "version": 1,
}  # fmt: skip


def test_a_form_is_made_opened_changed_and_put_away():
    install()
    caller = make_caller()

    made = caller.post("/api/v1/forms", ASK)
    form = made.json()
    url = f"/api/v1/forms/{form['id']}"
    changed = caller.patch(url, {"open": True, "wording": "News, please.", "wording_is_needed": True, "version": 1})
    stale = caller.patch(url, {"title": "Other", "version": 1})
    kept = caller.patch(url, {"title": "Other"}).json()

    given = {name: form.pop(name) for name in ("id", "url", "source")}
    assert (made.status_code, form) == (201, ASK | UNSAID)
    assert changed.json() == form | given | {
        "open": True, "wording": "News, please.", "wording_number": 1, "wording_is_needed": True, "version": 2,
    }  # fmt: skip
    assert (stale.status_code, stale.json()["errors"][0]["code"]) == (422, "changed_meanwhile")
    assert (kept["title"], kept["wording_number"], kept["version"]) == ("Other", 1, 3)
    assert caller.get(f"{url}/days").json() == {"days": []}
    caller.patch(url, {"archived": True})
    assert (caller.get(url).status_code, caller.get("/api/v1/forms").json()["results"]) == (404, [])


def test_what_was_sent_is_read_by_programs_on_the_page_and_as_a_file():
    install()
    caller, staff = make_caller(), {role: Client() for role in (Role.MARKETER, Role.SALES)}
    for role, client in staff.items():
        client.force_login(make_user(role=role, team=make_team()), "django.contrib.auth.backends.ModelBackend")
    name = {"key": "name", "kind": "name", "label": "Your name"}
    made = caller.post("/api/v1/forms", ASK | {"open": True, "questions": [QUESTIONS[0], name, QUESTIONS[1]]}).json()
    form = Form.objects.get(pk=made["id"])
    for size in ("1", "2"):
        ticket = new_ticket(form.token, timezone.now() - timedelta(minutes=1))
        typed = {"ticket": ticket, "email": f"a{size}@example.com", "q1": size, "name": "Ann"}
        Client(headers={"User-Agent": "Mozilla/5.0"}).post(f"/f/{form.token}", typed)
    form.fields = [*form.fields[:2], form.fields[2] | {"label": "Size of you"}]
    form.save(update_fields=["fields"])
    second, first = Submission.objects.order_by("-pk")
    Contact.objects.filter(submissions=first).update(owner=make_user(team=make_team()))

    read = caller.get(f"/api/v1/forms/{form.pk}/sent").json()["results"]
    file = staff[Role.MARKETER].get(f"/forms/{form.pk}/sent.csv").getvalue().decode()

    assert [(one["id"], one["email"], one["details"], one["answers"]) for one in read] == [
        (second.pk, "a2@example.com", {"name": "Ann"}, {"Size": "2"}),
        (first.pk, "a1@example.com", {"name": "Ann"}, {"Size": "1"}),
    ]
    rows = list(csv.reader(file.lstrip(MARK).splitlines()))
    assert [row[4:] for row in rows] == [
        ["email", "name", "Size of you", "earlier_questions"],
        ["a1@example.com", "Ann", "", "Size: 1"],
        ["a2@example.com", "Ann", "", "Size: 2"],
    ]
    assert AuditRecord.objects.get(action="form_exported").detail["sent"] == 2
    seen = {role: client.get(f"/forms/{form.pk}").content.decode() for role, client in staff.items()}
    assert [(page.count("Ann</a>"), page.count(">2</span>"), "sent.csv" in page) for page in seen.values()] == [
        (2, 1, True),
        (1, 1, False),
    ]
    assert staff[Role.SALES].get(f"/forms/{form.pk}/sent.csv").status_code == 403


def test_what_makes_no_form_is_refused_with_every_reason():
    install()
    refused = make_caller().post("/api/v1/forms", ASK | {"questions": [QUESTIONS[1] | {"choices": ["one"]}]})

    assert refused.status_code == 422
    assert [one["detail"] for one in refused.json()["errors"]] == [
        "A form asks for the e-mail address, once, and needs it: by it we know who sends it.",
        "Question 1: It needs 2 to 30 different answers to choose from, one a line.",
    ]


def test_a_website_gets_a_key_that_only_tells_until_it_is_closed():
    install()
    caller = make_caller()

    made = caller.post("/api/v1/sites", {"name": "www.example.com"}).json()
    closed = caller.post(f"/api/v1/sites/{made['id']}/close", {}).json()

    assert (made["name"], made["key"][:3], made["closed_at"]) == ("www.example.com", "pk_", None)
    assert closed["closed_at"] is not None
    assert [one["id"] for one in caller.get("/api/v1/sites").json()["results"]] == [made["id"]]
