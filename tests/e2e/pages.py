"""Every page there is, found from the addresses of the site; and a company in which each of them shows something."""

from collections.abc import Iterator
from itertools import product
from typing import Any

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from campaigns.building import Asked, add_site, open_form, save_form
from campaigns.cost_files import keep_file
from campaigns.costs import add_cost
from campaigns.leaving import leave_url
from campaigns.linking import make_link
from campaigns.models import Campaign, CostFile, Form, Mail, Submission
from campaigns.questions import Answers, Kind, Question
from campaigns.receiving import Visit, receive
from campaigns.services import save_campaign
from contacts.importing.preparing import bring_file
from contacts.ingest import record_staff_event
from contacts.models import (
    AnswerClock,
    Company,
    Contact,
    Import,
    Membership,
    Merge,
    Quarantine,
    SavedView,
    Source,
    Task,
)
from contacts.services import NewContact, create_contact
from contacts.tasking import add_task
from contacts.viewing import save_view
from crm.models import WebhookEndpoint
from crm.world.demo import make_demo
from funnel.advancing import advance_everything
from funnel.backtesting import start_backtest, work_off_backtests
from funnel.models import Backtest, Transition
from funnel.publishing import document_of, save_draft, start_draft
from funnel.redrafting import inserted
from staff.inviting import invite
from staff.links import make_sign_in_link
from staff.models import Invitation, Role, Team, User
from staff.policy import Principal
from tests.rows import as_owner

# What nobody may ever see run: each text that people can write says it.
CANARY = """<img src=x onerror="window.canary=1">'\"><script>window.canary=1</script>"""
OUTSIDE = ("accounts/", "calendar/", "f/", "t.js", "u/")
FOR_PROGRAMS = ("api/", "v1/", "l/", "healthz", "readyz")
ALSO = (
    "/?days=365",
    "/contacts?q=nobody-at-all",
    "/forms/new?deed=quote_requested",
    "/playbooks?part=points",
    "/find?q=ai",
    "/find?q=zzzz",
    "/api/docs",
)


def furnish() -> User:
    """The demo company, a smaller one, and somebody who tries to be a script wherever a text can be written."""
    with as_owner():
        login = make_demo(contacts=300, events=4000)
    admin = User.objects.get(email=login.email)
    by, team = Principal(user=admin), Team.objects.create(name=CANARY[:80])
    attributes = {"name": CANARY, "title": CANARY, "email": "canary@example.com", "tags": ["<b>hot</b>", "'\"><i>"]}
    contact = create_contact(by=by, new=NewContact(attributes=attributes))
    Membership.objects.create(contact=contact, company=Company.objects.create(name=CANARY), title=CANARY)
    for kind, said in (("note_added", {"text": CANARY}), ("call_held", {"outcome": "answered", "text": CANARY})):
        record_staff_event(contact=contact, type=kind, by=admin, properties=said)
    add_task(contact=contact, by=by, title=CANARY, due_at=contact.created_at)
    save_view(by=by, name=CANARY[:60], shared="everybody")
    kept: dict[str, Any] = {"raw": CANARY.encode(), "reason": "malformed-json", "detail": CANARY, "endpoint": "events"}
    Quarantine.objects.create(source=Source.objects.get(key="shop"), **kept)
    WebhookEndpoint.objects.create(url="https://example.com/hook", description=CANARY[:120], secret="whsec_AAAA")
    campaign = Campaign(key="canary")
    texts = {"audience": CANARY, "value_proposition": CANARY, "tactic": CANARY}
    save_campaign(campaign=campaign, by=by, name=CANARY[:120], question="keep", **texts)
    add_cost(campaign=campaign, by=by, sum_minor=100, first_on=timezone.localdate(), note=CANARY)
    make_link(campaign=campaign, by=by, url="https://example.com/", source=CANARY[:80], medium=CANARY[:80])
    keep_file(name=CANARY, text=f'Day,Campaign,Cost\n2026-01-01,"{CANARY.replace(chr(34), "")}",1\n', by=by)
    User.objects.create_user("canary@valmennus.example", name=CANARY, role=Role.SALES, team=team)
    advance_everything()
    return admin


def examples(admin: User) -> dict[str, list[Any]]:
    """What can stand in an address under each name."""
    by = Principal(user=admin)
    canary = Contact.objects.get(emails__contains=["canary@example.com"])
    bought = Contact.objects.listed().filter(position__health__isnull=False).order_by("-position__last_event_at")[0]
    merged = Merge.objects.first()
    assert merged
    _invitation, token = invite(by=by, email="new@valmennus.example", role=Role.SALES)
    return {
        "contact_id": [bought.pk, canary.pk],
        "other_id": [merged.newer_id, *Company.objects.exclude(name=CANARY).values_list("pk", flat=True)[:1]],
        "merge_id": [merged.pk],
        "event_id": list(canary.events.values_list("pk", flat=True)[:1]),
        "move_id": list(Transition.objects.live().filter(contact=canary).values_list("pk", flat=True)[:1]),
        "company_id": list(canary.memberships.values_list("company", flat=True)[:1]),
        "membership_id": list(canary.memberships.values_list("pk", flat=True)[:1]),
        "tie_id": [0],
        "source_id": list(Source.objects.filter(key="shop").values_list("pk", flat=True)),
        "key_id": [0],
        "claim_id": [0],
        "quarantine_id": list(Quarantine.objects.values_list("pk", flat=True)[:1]),
        "type_id": [0],
        "endpoint_id": list(WebhookEndpoint.objects.values_list("pk", flat=True)[:1]),
        "delivery_id": [0],
        "task_id": list(Task.objects.values_list("pk", flat=True)[:1]),
        "view_id": list(SavedView.objects.filter(owner=admin).values_list("pk", flat=True)[:1]),
        "user_id": list(User.objects.exclude(pk=admin.pk).order_by("-pk").values_list("pk", flat=True)[:1]),
        "team_id": list(Team.objects.values_list("pk", flat=True)[:1]),
        **playbook_examples(by, bought),
        "invitation_id": list(Invitation.objects.values_list("pk", flat=True)[:1]),
        "job_id": [0],
        "giving_id": [0],
        "role": ["sales"],
        "import_id": [imported(by).pk],
        "clock_id": list(AnswerClock.objects.running().values_list("pk", flat=True)[:1]),
        "days": [1],
        "notice_id": [0],
        "rule_id": [0],
        "assignment_id": [0],
        "mail_id": [0],
        "deed": ["call", "tag"],
        "pk": [0],
        "campaign_id": list(Campaign.objects.order_by("-pk").values_list("pk", flat=True)[:2]),
        "cost_id": [0],
        "link_id": [0],
        "field_id": [0],
        "file_id": list(CostFile.objects.values_list("pk", flat=True)[:1]),
        "name": ["stages"],
        **form_examples(by, canary),
        "token": [token, make_sign_in_link(user=admin, by=by), *form_tokens()],
    }


def playbook_examples(by: Principal, somebody: Contact) -> dict[str, list[Any]]:
    """A draft in which a rule is changed, another is new and says what nobody may see run, and a finished backtest."""
    draft = start_draft(name=CANARY[:120], by=by)
    document = document_of(draft)
    document["rules"][4]["when"][0]["within_days"] = 400
    rule = {"name": CANARY, "from": ["prospecting"], "to": "lead", "on": ["page_viewed"]}
    asked = [{"measure": "property", "name": CANARY, "contains": CANARY}]
    save_draft(draft=draft, seen=None, document=inserted(document, 7, rule | {"when": asked})[0])
    draft.refresh_from_db()
    start_backtest(draft=draft, since=None, by=by)
    work_off_backtests()
    done = Backtest.objects.get(draft=draft)
    assert done.state == "done"
    return {"draft_id": [draft.pk], "place": [0], "number": [1], "backtest_id": [done.pk]}


def form_examples(by: Principal, somebody: Contact) -> dict[str, list[Any]]:
    """A form that asks everything and says what nobody may see run, sent once; and a tracked website."""
    questions = [
        Question(kind.value, kind, CANARY[:150] + kind.value, kind is Kind.EMAIL, ("<b>1</b>", "2"), CANARY)
        for kind in Kind
    ]
    values: dict[str, Any] = {
        "name": CANARY[:80],
        "title": CANARY,
        "lead": CANARY,
        "button": CANARY[:40],
        "thanks": CANARY,
    }
    form = save_form(form=Form(), by=by, questions=questions, asked=Asked(CANARY), confirms_address=True, **values)
    open_form(form=form, by=by)
    said = Answers("canary@example.com", {"name": CANARY}, {CANARY: CANARY}, CANARY)
    receive(form=form, answers=said, agreed=True, nonce="canary", visit=Visit())
    return {"form_id": [form.pk], "site_id": [add_site(name=CANARY[:80], by=by).pk]}


def form_tokens() -> list[str]:
    """Of forms, of who sent one, and of a letter."""
    submissions = Submission.objects.values_list("token", flat=True)[:2]
    letter = leave_url(Mail.objects.exclude(address="")[0]).rpartition("/")[2]
    return [*Form.objects.values_list("token", flat=True), *submissions, letter]


def imported(by: Principal) -> Import:
    """A file whose columns are to be given their meaning."""
    head = CANARY.replace('"', '""')
    return bring_file(by=by, name=f"{CANARY}.csv", pieces=[f'email,"{head}"\na@x.fi,b\n'.encode()])


def every_page(client: Client, admin: User) -> list[str]:
    """The addresses that answer with a whole page; those that only do something, or give a part, are left out."""
    found = [address for address in (*_addresses(examples(admin)), *ALSO) if _is_page(client, address)]
    return list(dict.fromkeys(found))


def _addresses(values: dict[str, list[Any]]) -> Iterator[str]:
    for name, arguments in _views(get_resolver()):
        missing = [one for one in arguments if one not in values]
        assert not missing, f"{name}: say in examples() what {missing} can be"
        for chosen in product(*(values[one] for one in arguments)):
            yield reverse(name, kwargs=dict(zip(arguments, chosen, strict=True)))


def _views(resolver: URLResolver, before: str = "", given: tuple[str, ...] = ()) -> Iterator[tuple[str, list[str]]]:
    """The names of all views people open, with the names of what stands in their addresses."""
    for one in resolver.url_patterns:
        here = before + str(one.pattern)
        if here.startswith(FOR_PROGRAMS) or "^" in here:
            continue
        arguments = (*given, *getattr(one.pattern, "converters", ()))
        if isinstance(one, URLResolver):
            yield from _views(one, here, arguments)
        elif isinstance(one, URLPattern) and one.name:
            space = "" if here.startswith(OUTSIDE) else "desk:"
            yield f"{space}{one.name}", list(arguments)


def _is_page(client: Client, address: str) -> bool:
    client.raise_request_exception = False  # what fails is a page too, and is found to answer 500
    answer = client.get(address)
    if answer.status_code >= 500:
        return True
    is_html = answer.status_code == 200 and answer.headers.get("Content-Type", "").startswith("text/html")
    return is_html and b"<html" in answer.content
