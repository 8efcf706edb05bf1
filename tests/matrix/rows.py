"""The rows that parameters of addresses name: one of each kind for each ownership, made once for a slice of the matrix.

A new kind of row is a function `NAME(world)` that answers {Row: value}; PARAMETERS says which parameter names it.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from django.utils import timezone

from campaigns.building import Asked, add_site, save_form
from campaigns.models import Campaign, Cost, CostFile, Form, Link, Mail
from campaigns.questions import Kind, Question
from contacts.company_merging import merge_companies
from contacts.merging import merge_contacts
from contacts.models import (
    AnswerClock,
    Claim,
    Company,
    Contact,
    CustomField,
    Event,
    EventType,
    Identity,
    IdentityKind,
    Import,
    Membership,
    Quarantine,
    Tie,
)
from contacts.models.tasks import Task
from crm.models import Assignment, AssignmentRule, WebhookDelivery, WebhookEndpoint
from funnel.models import Backtest, Playbook, PlaybookDraft, Stage, Transition
from funnel.outcomes import Tally
from staff.inviting import invite
from staff.keys import create_key
from staff.models import Role, User
from staff.policy import Principal
from tests.factories import make_message, make_public_source, make_team, make_user, moment, record
from tests.funnel.worlds import NOON, happened, person, source
from tests.matrix.answers import Row

ABSENT: Final = "987654321"
Values = dict[Row, Any]


class World:
    """A salesperson's surroundings: a colleague, another team, and contacts of each ownership."""

    def __init__(self) -> None:
        self.team, self.other_team = make_team(), make_team()
        self.staff: dict[str, User] = {role.value: make_user(role=role, team=self.team) for role in Role}
        self.colleague = make_user(team=self.team)
        self.stranger = make_user(team=self.other_team)
        self.contacts = {row: person(name=row.value, **owning) for row, owning in self.ownerships().items()}
        for contact in self.contacts.values():
            happened(contact, "quote_requested")
        self._made: dict[str, Values] = {}

    def ownerships(self) -> dict[Row, dict[str, Any]]:
        return {
            Row.OWN: {"owner": self.staff[Role.SALES], "team": self.team},
            Row.TEAM: {"owner": self.colleague},
            Row.UNOWNED: {},
            Row.FOREIGN: {"owner": self.stranger},
            Row.FOREIGN_TEAM: {"team": self.other_team},
        }

    def values(self, kind: str) -> Values:
        if kind not in self._made:
            self._made[kind] = KINDS[kind](self) if kind in KINDS else {}
        return self._made[kind]


def contact(world: World) -> Values:
    return {row: one.pk for row, one in world.contacts.items()}


def company(world: World) -> Values:
    return {row: Company.objects.create(name=row.value, **own).pk for row, own in world.ownerships().items()}


def event(world: World) -> Values:
    return {row: Event.objects.filter(contact=one).latest("id").pk for row, one in world.contacts.items()}


def transition(world: World) -> Values:
    return {row: Transition.objects.filter(contact=one).latest("id").pk for row, one in world.contacts.items()}


def membership(world: World) -> Values:
    where = Company.objects.create(name="Everybody's")
    return {row: Membership.objects.create(contact=one, company=where).pk for row, one in world.contacts.items()}


def identity(world: World) -> Values:
    def named(one: Contact) -> Identity:
        return Identity.objects.create(
            contact=one, kind=IdentityKind.USER_ID, namespace="shop", value=str(one.pk), unlinked_at=None
        )

    return {row: named(one).pk for row, one in world.contacts.items()}


def claim(world: World) -> Values:
    """What a public source said of each, and may not decide."""
    site = make_public_source()

    def claimed(one: Contact) -> Claim:
        email = f"claimed{one.pk}@example.com"
        Identity.objects.create(contact=one, kind=IdentityKind.EMAIL, value=email)
        record(site, make_message("order_completed", email))
        return Claim.objects.get(contact=one)

    return {row: claimed(one).pk for row, one in world.contacts.items()}


def merge(world: World) -> Values:
    made = merge_contacts(first=person(name="Older"), second=person(name="Newer"), source=source("shop"))
    return {Row.ANY: made.pk}


def company_merge(world: World) -> Values:
    def merged(row: Row, own: dict[str, Any]) -> int:
        kept, gone = (Company.objects.create(name=name, **own) for name in ("Kept", "Gone"))
        return merge_companies(kept=kept, gone=gone, by=Principal()).pk

    return {row: merged(row, own) for row, own in world.ownerships().items()}


def task(world: World) -> Values:
    mine = {"assignee": world.staff[Role.SALES], "due_at": moment("2030-01-01")}
    return {row: Task.objects.create(contact=one, title="Call", **mine).pk for row, one in world.contacts.items()}


def quarantine(world: World) -> Values:
    bad = {"raw": b"{", "reason": "malformed-json", "endpoint": "events"}
    return {Row.ANY: Quarantine.objects.create(source=source("shop"), **bad).pk}


def webhook(world: World) -> Values:
    return {Row.ANY: WebhookEndpoint.objects.create(url="https://example.com/hook", secret="whsec_AAAA").pk}


def delivery(world: World) -> Values:
    endpoint = WebhookEndpoint.objects.create(url="https://example.com/other", secret="whsec_AAAA")
    return {Row.ANY: WebhookDelivery.objects.create(endpoint=endpoint, message_id="msg_1", body="{}").pk}


def draft(world: World) -> Values:
    published = Playbook.objects.latest("number")
    return {Row.ANY: PlaybookDraft.objects.create(name="Draft", document=published.document, based_on=published).pk}


def playbook(world: World) -> Values:
    return {Row.ANY: Playbook.objects.latest("number").pk}


def backtest(world: World) -> Values:
    """A finished one; what it says of a person is for who sees them."""
    published = Playbook.objects.latest("number")
    found = msgspec.to_builtins(Tally(people=1, elsewhere=1, stands={"lead>customer": 1}))
    done = {"state": "done", "finished_at": NOON, "result": found, "document": published.document}
    made = Backtest.objects.create(
        kind="draft", published=published.pk, until=timezone.now(), by=world.colleague, **done
    )
    return dict.fromkeys(world.contacts, made.pk)


def some_backtest(world: World) -> Values:
    return {Row.ANY: world.values("backtest")[Row.OWN]}


def rule_place(world: World) -> Values:
    return {Row.ANY: 1}


def rule_deed(world: World) -> Values:
    return {Row.ANY: "copy"}


def example(world: World) -> Values:
    return {Row.ANY: "1"}


def example_deed(world: World) -> Values:
    return {Row.ANY: "drop"}


def deed(world: World) -> Values:
    """What one can do on the page of a person."""
    return dict.fromkeys(world.contacts, "note")


def imported(world: World) -> Values:
    state = {"state": "cancelled", "file_name": "people.csv", "file_digest": "0" * 64, "mapping": {}}
    return {Row.ANY: Import.objects.create(source=source("shop"), **state).pk}


def import_deed(world: World) -> Values:
    return {Row.ANY: "stop"}


def bulk(world: World) -> Values:
    return {Row.ANY: "tag"}


def user(world: World) -> Values:
    return {Row.ANY: world.colleague.pk}


def team(world: World) -> Values:
    return {Row.ANY: world.other_team.pk}


def invitation(world: World) -> Values:
    by = Principal(user=world.staff[Role.ADMIN])
    return {Row.ANY: invite(by=by, email="asked@example.com", role=Role.SALES)[0].pk}


def renewal(world: World) -> Values:
    return {Row.ANY: "renew"}


def tie(world: World) -> Values:
    where = Company.objects.create(name="In the middle")
    others = {row: Company.objects.create(name=row.value, **own) for row, own in world.ownerships().items()}
    return {row: Tie.objects.create(company=where, other=one, kind="partner").pk for row, one in others.items()}


def program_key(world: World) -> Values:
    return {Row.ANY: create_key(name="Shop", source=source("shop").key, scopes=["events:write"], public=False)[0].pk}


def program_source(world: World) -> Values:
    return {Row.ANY: source("shop").pk}


def unknown_type(world: World) -> Values:
    return {Row.ANY: EventType.objects.create(key="brought_by_shop", first_source=source("shop")).pk}


def key_deed(world: World) -> Values:
    return {Row.ANY: "rotate"}


def claim_deed(world: World) -> Values:
    return dict.fromkeys(world.contacts, "refuse")


def hook_deed(world: World) -> Values:
    return {Row.ANY: "off"}


def place_deed(world: World) -> Values:
    return {Row.ANY: "end"}


def proposed_deed(world: World) -> Values:
    return {Row.ANY: "join"}


def staff_help(world: World) -> Values:
    return {Row.ANY: "end-sessions"}


def role(world: World) -> Values:
    return {Row.ANY: Role.SALES.value}


def field(world: World) -> Values:
    return {Row.ABSENT: ABSENT, Row.OWN: CustomField.objects.create(of="contact", key="plan", label="Plan").pk}


def twin_deed(world: World) -> Values:
    return {Row.ANY: "together"}


def field_deed(world: World) -> Values:
    return {Row.OWN: "change"}


def team_deed(world: World) -> Values:
    return {Row.ANY: "drop"}


def mail(world: World) -> Values:
    def letter(one: Contact) -> Mail:
        return Mail.objects.create(contact=one, address="aino@example.com", subject="Hei", body="Hei", next_at=NOON)

    return {row: letter(one).pk for row, one in world.contacts.items()}


def clock(world: World) -> Values:
    """Each of them waits for an answer."""

    def running(one: Contact) -> AnswerClock:
        asked = Event.objects.filter(contact=one).latest("id")
        when = {"asked_at": NOON, "due_at": NOON, "late_at": NOON}
        return AnswerClock.objects.create(contact=one, question=asked, last_question=asked, source_id=1, **when)

    return {row: running(one).pk for row, one in world.contacts.items()}


def assignment_rule(world: World) -> Values:
    return {Row.ANY: AssignmentRule.objects.create(team=world.team).pk}


def assignment(world: World) -> Values:
    """Each of them was given to somebody by a rule."""

    def given(one: Contact) -> Assignment:
        said = Event.objects.filter(contact=one).latest("id")
        return Assignment.objects.create(contact=one, user=world.colleague, event=said, method="round_robin")

    return {row: given(one).pk for row, one in world.contacts.items()}


def answers_table(world: World) -> Values:
    return {Row.ANY: "week"}


def days(world: World) -> Values:
    return dict.fromkeys(world.contacts, "1")


def path_table(world: World) -> Values:
    return {Row.ANY: "stages"}


def strategy_table(world: World) -> Values:
    return {Row.ANY: "questions"}


def campaign(world: World) -> Values:
    return {Row.ANY: Campaign.objects.get_or_create(key="spring", defaults={"name": "Spring"})[0].key}


def campaign_number(world: World) -> Values:
    return {Row.ANY: Campaign.objects.get(key=campaign(world)[Row.ANY]).pk}


def cost(world: World) -> Values:
    day = {"first_on": "2026-03-01", "last_on": "2026-03-01"}
    return {Row.ANY: Cost.objects.create(campaign_id=campaign_number(world)[Row.ANY], sum_minor=100, **day).pk}


def link(world: World) -> Values:
    said = {"url": "https://example.com", "source": "fair", "medium": "print", "token": f"fair{id(world)}"}
    return {Row.ANY: Link.objects.create(campaign_id=campaign_number(world)[Row.ANY], **said).pk}


def cost_file(world: World) -> Values:
    text = "Day,Campaign,Cost\n2026-03-01,Spring,1.00\n"
    return {Row.ANY: CostFile.objects.create(name="costs.csv", text=text, digest="0" * 64).pk}


def month(world: World) -> Values:
    return {Row.ANY: "2026-03"}


def stage(world: World) -> Values:
    return {Row.ANY: Stage.objects.order_by("pk")[0].key}


def built_form(world: World) -> Values:
    question = Question("email", Kind.EMAIL, "E-mail", is_needed=True)
    values: dict[str, Any] = {"name": "Ask", "title": "Ask", "button": "Send", "thanks": "Thanks."}
    by = Principal(user=world.staff[Role.ADMIN])
    return {Row.ANY: save_form(form=Form(), by=by, questions=[question], asked=Asked(), **values).pk}


def built_deed(world: World) -> Values:
    return {Row.ANY: "open"}


def site(world: World) -> Values:
    return {Row.ANY: add_site(name="www.example.com", by=Principal(user=world.staff[Role.ADMIN])).pk}


KINDS: Final[dict[str, Callable[[World], Values]]] = {
    made.__name__: made
    for made in (
        *(contact, company, event, transition, membership, identity, claim, task, mail),
        *(tie, place_deed, proposed_deed, program_key, program_source, unknown_type, key_deed, claim_deed, hook_deed),
        *(clock, answers_table, days, assignment_rule, assignment),
        *(
            user,
            team,
            field,
            field_deed,
            twin_deed,
            invitation,
            renewal,
            staff_help,
            role,
            team_deed,
            path_table,
            month,
        ),
        *(built_form, built_deed, site),
        *(backtest, some_backtest, rule_place, rule_deed, example, example_deed),
        *(
            quarantine,
            merge,
            company_merge,
            webhook,
            delivery,
            draft,
            playbook,
            stage,
            deed,
            bulk,
            imported,
            import_deed,
        ),
        *(campaign, campaign_number, cost, link, cost_file, strategy_table),
    )
}
PARAMETERS: Final = {
    "contact_id": "contact",
    "company_id": "company",
    "event_id": "event",
    "transition_id": "transition",
    "membership_id": "membership",
    "tie_id": "tie",
    "field_id": "field",
    "key_id": "program_key",
    "source_id": "program_source",
    "type_id": "unknown_type",
    "form_id": "built_form",
    "site_id": "site",
    "identity_id": "identity",
    "claim_id": "claim",
    "task_id": "task",
    "merge_id": "merge",
    "quarantine_id": "quarantine",
    "endpoint_id": "webhook",
    "delivery_id": "delivery",
    "draft_id": "draft",
    "deed": "deed",
    "import_id": "imported",
    "mail_id": "mail",
    "campaign_id": "campaign_number",
    "cost_id": "cost",
    "link_id": "link",
    "file_id": "cost_file",
    "user_id": "user",
    "team_id": "team",
    "clock_id": "clock",
    "rule_id": "assignment_rule",
    "assignment_id": "assignment",
    "invitation_id": "invitation",
    "backtest_id": "some_backtest",
    "place": "rule_place",
}
