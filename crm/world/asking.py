"""The forms of the demo company: what its website asks, who sent it lately, and what it asks them to agree to."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from secrets import token_urlsafe
from typing import Final

from django.utils import timezone

from campaigns.building import Asked, add_site, open_form, save_form
from campaigns.models import Campaign, Deed, Form, FormDay, Submission
from campaigns.questions import Answers, Kind, Question
from campaigns.receiving import ENDPOINT, Visit, confirm, messages_of, receive
from contacts.ingest import take
from contacts.models import Contact
from contacts.settling import Terms
from crm.world import names
from crm.world.people import plain
from crm.world.working import Staff
from staff.policy import Principal

DAYS: Final = 30
KNOWN_BEFORE: Final = 0.35  # of those who send a form
CONFIRMS: Final = 0.85  # of those who are asked whether the address is theirs
_EMAIL: Final = Question("email", Kind.EMAIL, "E-mail", is_needed=True)
_NAME: Final = Question("name", Kind.NAME, "Name", is_needed=True)
_LAST: Final = (
    ("Katri Ahonen", "katri.ahonen@lumi.example", "Nine of us sit all day. Could you come to us twice a week?"),
    ("Jari Pelkonen", "jari.pelkonen@koski.example", "What would ten lessons for two cost?"),
    ("Tuula Nyman", "tuula.nyman@saari.example", "My shoulder hurts since the summer. Is that something for you?"),
)
WISHES: Final = (
    "A trial hour for our office, six to eight people, on a Thursday.",
    "Two of us have back pain. Do you do single trainings in the morning?",
    "What does the yearly plan cost for a team of twenty?",
    "A walk and a lecture on our summer day, about forty people.",
    "Can we pay with exercise vouchers, and do you send one invoice a month?",
    "My physiotherapist sent me to you. When would there be room?",
    "We changed offices. Do you also come to Espoo?",
    "Ten lessons for my mother, who turns seventy.",
)


def ask_on_the_web(staff: Staff, *, seed: int) -> None:
    """Two forms that are open, one that is being built, and a website with the script."""
    luck = random.Random(seed)  # noqa: S311  (only how the demo looks)
    by = Principal(user=staff.marketer)
    add_site(name="www.valmennus.example", by=by)
    quote = _form(
        by, "Ask for a quote", Deed.QUOTE, "Training for you or your people",
        [_NAME, Question("company", Kind.COMPANY, "Company"), _EMAIL, Question("phone", Kind.PHONE, "Phone"),
         Question("q1", Kind.LONG, "What would you like?", is_needed=True)],
    )  # fmt: skip
    guide = _form(
        by, "Guide: a back that lasts", Deed.DOWNLOAD, "Twelve pages against an aching back", [_NAME, _EMAIL],
        wording="Send me a letter once a month. I can end it at any time.", campaign="spring-back",
        confirms_address=True,
    )  # fmt: skip
    _form(by, "Autumn fair", Deed.FORM, "Your posture, measured", [_NAME, _EMAIL], is_open=False)
    senders = _senders(luck)
    for form, shown, rate in ((quote, 14, 0.05), (guide, 12, 0.13)):
        _lately(form, shown, rate, senders, luck)
    for name, email, text in _LAST:
        said = Answers(email, {"name": name}, {"What would you like?": text}, text)
        receive(form=quote, answers=said, agreed=False, nonce=f"demo-{email}", visit=Visit())


def _form(
    by: Principal,
    name: str,
    deed: Deed,
    title: str,
    questions: list[Question],
    *,
    wording: str = "",
    campaign: str = "",
    confirms_address: bool = False,
    is_open: bool = True,
) -> Form:
    form = save_form(
        form=Form(), by=by, questions=questions, asked=Asked(wording), name=name, deed=deed, title=title,
        button="Send", thanks="Thank you. We answer within a working day.", confirms_address=confirms_address,
        campaign=Campaign.objects.filter(key=campaign).first(),
    )  # fmt: skip
    if is_open:
        open_form(form=form, by=by)
    return form


Sender = tuple[str, str, str]  # a name, an address, a company


def _senders(luck: random.Random) -> Iterator[Sender]:
    """Whoever sends a form: some are known, most are new."""
    known = Contact.objects.listed().exclude(emails=[]).exclude(name="").order_by("-pk")[:200]
    old = luck.sample([(one.name, one.emails[0], "") for one in known], min(known.count(), 100))
    for number in range(1000):
        if old and luck.random() < KNOWN_BEFORE:
            yield old.pop()
            continue
        first, last, firm = luck.choice(names.FIRST), luck.choice(names.LAST), luck.choice(names.COMPANY)
        trade = luck.choice(names.TRADE)
        address = f"{plain(first)}.{plain(last)}{number}@{plain(firm)}-{plain(trade)}.example"
        yield f"{first} {last}", address, f"{firm} {trade} Oy"


def _lately(form: Form, shown: int, rate: float, senders: Iterator[Sender], luck: random.Random) -> None:
    """How often it was shown on the days before this one, and each who sent it."""
    today, rows = timezone.localdate(), []
    for back in range(DAYS - 1, 0, -1):
        day = today - timedelta(days=back)
        views = luck.randint(shown // 2, shown * 3 // 2) // (3 if day.weekday() > 4 else 1)
        sent = sum(luck.random() < rate for _view in range(views))
        rows.append(FormDay(form=form, day=day, shown=views, sent=sent, left_out=luck.randint(0, 2)))
        for number, at in enumerate(sorted(_moment(day, luck) for _one in range(sent))):
            _sent(form, next(senders), at, f"demo-{back}-{number}", luck)
    confirmed = Counter(
        timezone.localdate(at) for at in form.submissions.values_list("confirmed_at", flat=True) if at is not None
    )
    for row in rows:
        row.confirmed = confirmed[row.day]
    FormDay.objects.filter(form=form, day=today).delete()  # where all of them were counted just now
    FormDay.objects.bulk_create(rows)


def _moment(day: date, luck: random.Random) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(luck.randint(7, 21), luck.randint(0, 59))))


def _sent(form: Form, sender: Sender, at: datetime, nonce: str, luck: random.Random) -> None:
    """As if it had come in at that moment."""
    name, email, firm = sender
    text = luck.choice(WISHES) if form.deed == Deed.QUOTE else ""
    details = {"name": name} | ({"company": firm} if firm and form.deed == Deed.QUOTE else {})
    answers = Answers(email, details, {"What would you like?": text} if text else {}, text)
    agreed = form.confirms_address and luck.random() < CONFIRMS
    began = timezone.now()
    said = list(messages_of(form, answers, agreed, nonce, Visit()))
    results = take(Terms(form.source, at, endpoint=ENDPOINT), said)
    whom = next(result.contact_id for result in results if result.contact_id)
    submission = Submission.objects.create(
        form=form, nonce=nonce, token=token_urlsafe(16), email=email, contact_id=whom
    )
    if agreed:
        confirm(submission)
    confirmed_at = at + timedelta(minutes=luck.randint(1, 50)) if agreed else None
    Submission.objects.filter(pk=submission.pk).update(sent_at=at, confirmed_at=confirmed_at)
    Contact.objects.filter(pk=whom, created_at__gte=began).update(created_at=at)
