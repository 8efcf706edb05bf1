"""What people sent by a form, as the log keeps it: for a page, for programs, and all of it as a file."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from campaigns.models import Form, Submission
from campaigns.questions import OF_THE_PERSON, Kind, questions_in
from contacts.messages import event_key
from contacts.models import Claim, Contact, Event
from contacts.spreadsheet import MARK, csv_line
from staff import audit
from staff.policy import Principal, sees_every_row

CHUNK: Final = 500
Answers = dict[str, str | bool]  # by the words of the question
Details = dict[str, str]  # who they said they are: name, phone, company, title


class Sent(NamedTuple):
    """A form that somebody sent. What was taken back since has no answers."""

    id: int
    contact: int
    email: str
    sent_at: datetime
    confirmed_at: datetime | None
    details: Details
    answers: Answers


def submissions_seen(principal: Principal, form_id: int) -> QuerySet[Submission]:
    """Those of people whom `principal` sees."""
    sent = Submission.objects.filter(form=form_id, contact__leader__erased_at=None)
    if sees_every_row(principal):
        return sent
    return sent.filter(contact__leader__in=Contact.objects.visible_to(principal))


def answers_of(source_key: str, nonces: Iterable[str]) -> dict[str, Answers]:
    """What was answered under each of these names, but for who they are."""
    keys = _keys(source_key, nonces, "sent")
    events = Event.objects.standing().filter(key__in=keys).values_list("key", "properties")
    return {keys[key]: properties.get("answers") or {} for key, properties in events}


def _details_of(source_key: str, nonces: Iterable[str]) -> dict[str, Details]:
    """Who they said they are; of people we knew it may be a mere claim."""
    keys = _keys(source_key, nonces, "details")
    events = Event.objects.filter(key__in=keys).values_list("key", "properties")
    claims = Claim.objects.filter(key__in=keys).values_list("key", "body__properties")
    return {keys[key]: properties or {} for key, properties in [*claims, *events]}


def _keys(source_key: str, nonces: Iterable[str], part: str) -> dict[UUID, str]:
    return {event_key(source_key, f"{nonce}.{part}"): nonce for nonce in nonces}


def sent_of(form: Form, submissions: Iterable[Submission]) -> list[Sent]:
    """These submissions (with `contact`) with what they say, in the same order."""
    found = list(submissions)
    nonces = [one.nonce for one in found]
    answers, details = answers_of(form.source.key, nonces), _details_of(form.source.key, nonces)
    return [_sent(one, details.get(one.nonce, {}), answers.get(one.nonce, {})) for one in found]


def _sent(one: Submission, details: Details, answers: Answers) -> Sent:
    assert one.contact  # whoever is seen is there
    return Sent(one.pk, one.contact.leader_id, one.email, one.sent_at, one.confirmed_at, details, answers)


def own_words(answers: Answers) -> str:
    """The answers in one line."""
    return " · ".join(label if value is True else " ".join(str(value).split()) for label, value in answers.items())


def export_sent(*, by: Principal, form: Form) -> Iterator[bytes]:
    """All that was sent as a table, the oldest first; on record before the first line.

    A column for each question of today; answers to earlier ones stand together in the last.
    """
    rows = submissions_seen(by, form.pk).select_related("contact").order_by("pk")
    audit.record(by=by, action="form_exported", kind="form", row=form.pk, sent=rows.count())
    return _lines(form, rows)


def _lines(form: Form, rows: QuerySet[Submission]) -> Iterator[bytes]:
    questions, last = questions_in(form.fields), 0
    personal = [one.kind.value for one in questions if one.kind in OF_THE_PERSON and one.kind is not Kind.EMAIL]
    own = [one.label for one in questions if one.kind not in OF_THE_PERSON]
    head = ["id", "sent_at", "confirmed_at", "contact", "email", *personal, *own, "earlier_questions"]
    yield (MARK + csv_line(head)).encode()
    while chunk := list(rows.filter(pk__gt=last)[:CHUNK]):
        last = chunk[-1].pk
        yield "".join(csv_line(_cells(one, personal, own)) for one in sent_of(form, chunk)).encode()


def _cells(one: Sent, personal: Sequence[str], own: Sequence[str]) -> list[Any]:
    earlier = "; ".join(f"{label}: {_plain(value)}" for label, value in one.answers.items() if label not in own)
    said = [_plain(one.answers.get(label, "")) for label in own]
    who = [one.details.get(kind, "") for kind in personal]
    return [one.id, one.sent_at, one.confirmed_at, one.contact, one.email, *who, *said, earlier]


def _plain(value: str | bool) -> str:
    return "yes" if value is True else str(value)
