"""What the staff of the demo company did and mean to do: calls, notes, decisions, consents, tasks, targets, views."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final

import msgspec
from django.utils import timezone

from campaigns.services import set_targets
from contacts.attributes import ATTRIBUTE_TYPES
from contacts.catalogue import STAFF_SOURCE
from contacts.messages import Message, body_digest, body_of, event_key
from contacts.models import Contact, EventType, PendingReason, Shared, Source, TaskKind
from contacts.projecting import project
from contacts.recording import mark
from contacts.tasking import add_task, finish_task
from contacts.viewing import save_view
from crm.assigning import save_rule
from crm.world.answering import answers, open_the_office, questions
from crm.world.loading import EVENT, Sheet
from crm.world.saying import demo_event
from funnel.advancing import advance_everything
from funnel.models import Position, Stage
from funnel.moving import move_contacts
from staff.models import User
from staff.policy import Principal

TYPED_IN: Final = timedelta(minutes=2)  # so soon after it happened somebody writes it down
CALLS: Final = (
    ("answered", "Likes the idea of a team day. Wants a quote for fourteen people in June.", 12),
    ("no_answer", "", 1),
    ("answered", "Happy with the back course; two colleagues may join in spring.", 8),
    ("call_back", "In a meeting. Asked to be called on Thursday after lunch.", 2),
    ("left_message", "Left a message about the new dates.", 1),
    ("answered", "The budget opens in January. Send the price list before that.", 6),
)
NOTES: Final = (
    "Met at the Tampere fair. Sits all day, has tried two physiotherapists.",
    "Decides together with the HR manager; both want to see last year's figures.",
    "Prefers mornings. Do not call on Fridays.",
    "Compares us with the gym next door. What counts is that we come to the office.",
    "Asked whether the online course also works on a phone. It does.",
)
MEETINGS: Final = (
    ("Agreed on a trial hour for the whole team.", "Their office", 45),
    ("Went through the yearly plan. They take the middle one if the price holds.", "Our studio", 60),
)
TAGS: Final = ("team day", "back pain", "decision maker", "newsletter", "wants a quote", "trains at the office")
TASKS: Final = (  # what, one or another; kind, on which day from today, at what hour
    (("Call back about the team day", "Call about the trial hour", "Ask who decides"), TaskKind.CALL, -1, 15),
    (("Send the quote for ten trainings", "Write what the yearly plan holds"), TaskKind.WRITE, 0, 12),
    (("Ask for a review", "Thank them for the review", "Send the dates of spring"), TaskKind.WRITE, 0, 15),
    (("Trial hour at their office", "Measure the desks of the second floor"), TaskKind.MEETING, 1, 9),
    (("Check whether the invoice was paid", "Send the invoice to the new address"), TaskKind.TODO, 3, 10),
    (("Agree on the days in January", "Ask how the first month went"), TaskKind.CALL, 4, 11),
    (("Offer the yearly plan", "Offer the course for two"), TaskKind.CALL, 7, 13),
)
TARGETS: Final = {"lead": 70, "customer": 34, "loyalty": 12}  # people a month
VIEWS: Final[tuple[tuple[str, Any], ...]] = (
    ("Customers cooling", {"field": "health", "is": "cooling"}),
    ("Leads nobody owns", {"all": [{"field": "stage", "is": "lead"}, {"field": "owner", "is": None}]}),
    ("Leads with nothing planned", {"all": [{"field": "stage", "is": "lead"}, {"field": "task", "is": "none"}]}),
    ("Mine", {"field": "owner", "is": "me"}),
    ("Team days", {"field": "tag", "is": "team day"}),
)


@dataclass(frozen=True, slots=True)
class Staff:
    admin: User
    manager: User
    sales: Sequence[User]
    marketer: User

    @property
    def all(self) -> list[User]:
        return [self.admin, self.manager, *self.sales]


def go_to_work(staff: Staff, *, seed: int) -> None:
    """Let the staff of a demo company work with its people. The same seed, the same deeds."""
    chance = random.Random(seed)  # noqa: S311  (no secret)
    people = {stage.key: _of_stage(stage) for stage in Stage.objects.in_use()}
    open_the_office(staff.manager)
    leave_in_log(answers(staff.all, random.Random(seed)))  # noqa: S311  (no secret)
    leave_in_log(_talked(people, staff, chance))
    leave_in_log(questions(people), "website")
    if south := staff.sales[0].team:
        save_rule(by=Principal(user=staff.manager), team=south, method="round_robin")
    leave_in_log(_tagged(people, chance, staff.marketer))
    leave_in_log(_decided(people, staff))
    leave_in_log(_permitted(people, staff.marketer))
    advance_everything()
    _moved(people, staff)
    _planned(people, staff)
    for months in (2, 1, 0):
        set_targets(month=_month(months), people=TARGETS, by=Principal(user=staff.manager))
    for name, asked in VIEWS:
        save_view(by=Principal(user=staff.admin), name=name, filter=asked, shared=Shared.EVERYBODY)


def _of_stage(stage: Stage) -> list[Contact]:
    """Those who stand there and are nobody's but who they belong to, the liveliest first."""
    standing = Position.objects.people().filter(stage_id=stage.pk).order_by("-last_event_at", "contact")
    return [one.contact for one in standing.select_related("contact__owner")[:60]]


def leave_in_log(messages: Sequence[Message], by: str = STAFF_SOURCE) -> None:
    """Leave them in the log as if each had been written down when it happened; whoever they speak of is marked."""
    types = {one.key: (one.pk, one.rank) for one in EventType.objects.all()}
    source = Source.objects.get(key=by)
    sheet = Sheet("contacts_event", (*EVENT, "by_id"))
    for one in messages:
        assert one.occurred_at is not None
        type_id, rank = types[one.type]
        recorded = min(one.occurred_at + TYPED_IN, timezone.now())
        sheet.add(
            one.contact.id, one.occurred_at.isoformat(), recorded.isoformat(), None, type_id, source.pk, rank,
            event_key(by, one.message_id), body_digest(body_of(one)), None, None, one.message_id,
            msgspec.json.encode(one.properties).decode().replace("\\", "\\\\"), one.by_id,
        )  # fmt: skip
    sheet.copy()
    whom = {one.contact.id for one in messages if one.contact.id}
    project({one.contact.id for one in messages if one.contact.id and one.type in ATTRIBUTE_TYPES})
    mark(whom, PendingReason.EVENT)


def _talked(people: Mapping[str, Sequence[Contact]], staff: Staff, chance: random.Random) -> list[Message]:
    """A call or two, a note or a meeting with the liveliest leads and customers."""
    spoken = []
    for number, contact in enumerate([*people["lead"][:24], *people["customer"][:24], *people["loyalty"][:12]]):
        by = contact.owner or chance.choice(staff.all)
        outcome, text, minutes = CALLS[number % len(CALLS)]
        kind = "call_held" if outcome in {"answered", "call_back"} else "call_tried"
        said = {"outcome": outcome, "minutes": minutes} | ({"text": text} if text else {})
        spoken.append(demo_event(contact, by, kind, _office_hour(chance, 9), said, mark=number))
        if number % 2 == 0:
            note = {"text": NOTES[number // 2 % len(NOTES)]}
            spoken.append(demo_event(contact, by, "note_added", _office_hour(chance, 20), note, mark=number))
        if number % 6 == 0:
            text, place, minutes = MEETINGS[number // 6 % len(MEETINGS)]
            agreed = {"text": text, "place": place, "minutes": minutes}
            spoken.append(demo_event(contact, by, "meeting_held", _office_hour(chance, 30), agreed, mark=number))
    return spoken


def _office_hour(chance: random.Random, days: int) -> datetime:
    """Some moment of the last days, between nine and four; never one that has not been yet."""
    day = timezone.localdate() - timedelta(days=chance.randint(1, days))
    return timezone.make_aware(datetime.combine(day, time(chance.randint(9, 15), chance.randint(0, 59))))


def _tagged(people: Mapping[str, Sequence[Contact]], chance: random.Random, by: User) -> list[Message]:
    """Tags, and how well some of them suit us."""
    chosen = [contact for stage in ("lead", "customer", "loyalty", "advocate") for contact in people[stage][:30]]
    return [
        demo_event(
            contact,
            by,
            "attributes_changed",
            _office_hour(chance, 40),
            {"tags": sorted(chance.sample(TAGS, chance.randint(1, 2))), "fit": chance.choice("AABBBCCD")},
            mark=number,
        )
        for number, contact in enumerate(chosen)
    ]


def _decided(people: Mapping[str, Sequence[Contact]], staff: Staff) -> list[Message]:
    """Some are for later, some are closed, and one of those came back."""
    leads, customers = people["lead"][24:36], people["customer"][24:32]
    chance = random.Random(len(leads))  # noqa: S311
    said = []
    for number, contact in enumerate(leads[:6]):
        until = (timezone.localdate() + timedelta(days=20 + 12 * number)).isoformat()
        reason = "The budget opens then."
        deed = {"until": until, "reason": reason}
        said.append(demo_event(contact, staff.sales[0], "postponed", _office_hour(chance, 25), deed, mark=number))
    for number, contact in enumerate(leads[6:10]):
        why = {"reason": ("no_need", "no_budget", "competitor", "not_a_fit")[number % 4]}
        said.append(demo_event(contact, staff.sales[1], "disqualified", _office_hour(chance, 30), why, mark=number))
    for number, contact in enumerate(customers[:3]):
        gone = {"reason": "left", "text": "Moved abroad."}
        at = _office_hour(chance, 12) - timedelta(days=12)
        said.append(demo_event(contact, staff.manager, "relationship_ended", at, gone, mark=number))
    for contact in customers[:1]:
        back = {"reason": "Came home, wants to go on."}
        said.append(demo_event(contact, staff.manager, "reopened", _office_hour(chance, 4), back, mark=0))
    return said


def _permitted(people: Mapping[str, Sequence[Contact]], by: User) -> list[Message]:
    chance = random.Random(by.pk)  # noqa: S311
    given = {"channel": "email", "purpose": "marketing", "basis": "consent", "wording": "2026-01"}
    evidence = ("Ticked on the form of the guide", "Said so on the phone", "Signed at the fair")
    asked = [*people["lead"][:20], *people["customer"][:20]]
    said = [
        demo_event(
            contact, by, "consent_given", _office_hour(chance, 60), given | {"evidence": evidence[number % 3]}, mark=0
        )
        for number, contact in enumerate(asked)
    ]
    no_more = {"channel": "email", "purpose": "marketing", "evidence": "Asked by mail to hear no more"}
    withdrawn = [
        demo_event(contact, by, "consent_withdrawn", timezone.now() - timedelta(days=3, hours=number), no_more, mark=1)
        for number, contact in enumerate(asked[::9], start=1)
    ]
    return said + withdrawn


def _moved(people: Mapping[str, Sequence[Contact]], staff: Staff) -> None:
    """Two people stand where somebody put them, against the playbook."""
    by = Principal(user=staff.manager)
    met = [contact.pk for contact in people["retargeting"][:2]]
    move_contacts(by, met, "lead", "Met at the fair: they want a quote for the whole office.")
    advance_everything()


def _planned(people: Mapping[str, Sequence[Contact]], staff: Staff) -> None:
    """Everybody has work: some is late, some is for today, and some was done."""
    by = Principal(user=staff.manager)
    about = iter([*people["lead"][:30], *people["customer"][:30], *people["loyalty"][:20]])
    for number, user in enumerate((*staff.all, staff.marketer)):
        for titles, kind, day, hour in TASKS:
            contact = next((one for one in about if one.owner_id in {user.pk, None} or user not in staff.sales), None)
            if contact is None:
                return
            task = add_task(
                contact=contact,
                by=by,
                title=titles[number % len(titles)],
                kind=kind,
                assignee=user,
                due_at=_at(day, hour),
                remind_at=None,
            )
            if day == 3:
                finish_task(task=task, by=by)


def _at(day: int, hour: int) -> datetime:
    return timezone.make_aware(datetime.combine(timezone.localdate() + timedelta(days=day), time(hour)))


def _month(ago: int) -> Any:
    month = timezone.localdate().replace(day=1)
    for _step in range(ago):
        month = (month - timedelta(days=1)).replace(day=1)
    return month
