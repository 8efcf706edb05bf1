"""What the marketer of the demo company planned, what it cost, and the letters that brought some people further."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from django.utils import timezone

from campaigns.costs import add_cost
from campaigns.linking import Visit, make_link, open_link
from campaigns.models import Campaign, Channel, Question
from campaigns.services import save_campaign
from contacts.ingest import record_events
from contacts.messages import ContactRef, Message
from contacts.models import Event, Source
from crm.world.working import Staff
from funnel.models import Stage
from staff.policy import Principal

MONTHS: Final = 12
TOUCHED: Final = 40  # people by each letter
BROWSER: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
OFFER, SECOND = "offer-in-a-day", "second-order"


@dataclass(frozen=True, slots=True)
class Plan:
    key: str
    name: str
    question: Question
    stage: str  # empty: all steps of its question
    channel: Channel
    audience: str
    value: str
    tactic: str
    budget: int = 0  # of the year, minor units
    monthly: tuple[int, ...] = ()  # what each month cost, the oldest first, over and over
    link: tuple[str, str, str] | None = field(default=None)  # address, source, medium


PLANS: Final = (
    Plan("instagram-always", "Instagram, always on", Question.REACH, "", Channel.PAID,
         "People around Tampere who sit all day", "Three minutes that free your neck",
         "One short film a week, shown to who watched the last one", 600_000, (31_000, 38_500, 36_000, 42_990),
         ("https://valmennus.example/neck", "instagram", "social")),
    Plan("search-brand", "Search ads", Question.REACH, "", Channel.PAID,
         "Who looks for a trainer or for help with their back", "A first hour within the week",
         "Ads on some thirty searches; the dear ones are dropped each month", 420_000, (24_500, 29_900, 27_400),
         ("https://valmennus.example/first-hour", "google", "cpc")),
    Plan("fair-tampere", "Tampere fair", Question.REACH, "", Channel.EARNED,
         "Visitors of the spring and autumn fairs", "A posture check at the stand",
         "Two of us at the stand; whoever wants the result leaves an address", 150_000, (0, 0, 0, 74_000, 0, 0),
         ("https://valmennus.example/posture", "fair", "qr")),
    Plan("spring-back", "A back that lasts", Question.BEFRIEND, "", Channel.OWNED,
         "Who has looked at our pages and not asked anything", "A guide that helps by itself",
         "The guide for an address, then five letters in two weeks", 160_000, (6_500, 9_800, 11_900),
         ("https://valmennus.example/guide", "newsletter", "email")),
    Plan(OFFER, "Offer within a day", Question.KEEP, "customer", Channel.OWNED,
         "Leads who asked for a price", "An offer before the next evening", "Whoever asks hears from us within a day",
         60_000, (4_200,)),
    Plan(SECOND, "Second order, day 60", Question.KEEP, "loyalty", Channel.OWNED,
         "Who bought once, two months ago", "The next course for a fifth less",
         "A letter on day 60, a call on day 67", 60_000, (3_100,)),
)  # fmt: skip


def plan_campaigns(staff: Staff, *, seed: int) -> None:
    """Plan them, write down a year of costs, make their links, and send the letters."""
    by = Principal(user=staff.marketer)
    stages = {stage.key: stage for stage in Stage.objects.in_use()}
    today = timezone.localdate()
    for plan in PLANS:
        campaign = Campaign.objects.filter(key=plan.key).first() or Campaign(key=plan.key)
        save_campaign(
            campaign=campaign,
            by=by,
            name=plan.name,
            question=plan.question,
            stage=stages.get(plan.stage),
            channel=plan.channel,
            audience=plan.audience,
            value_proposition=plan.value,
            tactic=plan.tactic,
            starts_on=today - timedelta(days=360),
            ends_on=today + timedelta(days=5 if plan.channel == Channel.EARNED else 60),
            owner=staff.marketer,
            budget_minor=plan.budget,
        )
        _spend(plan, campaign, by, today)
        if plan.link:
            url, source, medium = plan.link
            link = make_link(campaign=campaign, by=by, url=url, source=source, medium=medium)
            for agent in [BROWSER] * (len(plan.tactic) // 2) + ["Slackbot 1.0"] * 3:
                open_link(token=link.token, visit=Visit("GET", agent, ""))
    Campaign.objects.filter(key="winback").update(
        question=Question.KEEP, stage=stages["loyalty"], ends_on=today - timedelta(days=40)
    )
    _send_letters(random.Random(seed))  # noqa: S311  (no secret)


def _spend(plan: Plan, campaign: Campaign, by: Principal, today: date) -> None:
    for month in range(MONTHS if plan.monthly else 0):
        last = today - timedelta(days=30 * month)
        total = plan.monthly[(MONTHS - 1 - month) % len(plan.monthly)]
        if total:
            days = {"first_on": last - timedelta(days=29), "last_on": last}
            add_cost(campaign=campaign, by=by, sum_minor=total, note=plan.name, **days)


def _send_letters(chance: random.Random) -> None:
    """Some who bought lately had clicked in a letter a day or three before."""
    orders = Event.objects.standing().filter(
        type__key="order_completed",
        occurred_at__gte=timezone.now() - timedelta(days=85),
        contact__is_known=True,
        contact__erased_at=None,
    )
    newest = list(orders.order_by("-occurred_at").values_list("contact_id", "occurred_at")[: 6 * TOUCHED])
    bought: dict[int, int] = {}
    for contact, _at in newest:
        bought[contact] = bought.get(contact, 0) + 1
    first, again = ([one for one in newest if (bought[one[0]] > 1) is more] for more in (False, True))
    messages: Sequence[Message] = [
        Message(
            message_id=f"demo-letter-{key}-{contact}-{place}",
            type="email_clicked",
            contact=ContactRef(id=contact),
            occurred_at=at - timedelta(hours=chance.randint(6, 72)),
            campaign=key,
        )
        for key, some in ((OFFER, first), (SECOND, again))
        for place, (contact, at) in enumerate(some[:TOUCHED])
    ]
    mailer = Source.objects.get(key="mailer")
    for at in range(0, len(messages), 200):
        record_events(source=mailer, messages=messages[at : at + 200])
