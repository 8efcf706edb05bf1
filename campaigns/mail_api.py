"""Letters to one person, for programs: written through the same gate as by people."""

from datetime import datetime
from typing import Any, Final

import msgspec
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request

from campaigns.mailing import send_mail_again, take_back_mail, write_mail
from campaigns.models import Mail
from contacts.answering import valid, visible_leader
from contacts.serializers import Body
from rest.answers import answer
from rest.endpoints import caller, operation
from rest.pages import PARAMETERS, page
from rest.queries import refuse_unknown_parameters
from rest.schema import BODY_PROBLEMS, IDEMPOTENCY_KEY, LIST_PROBLEMS, page_shape, paging_parameters

MAILS: Final = _("Mails")


class MailShape(msgspec.Struct):
    """A letter to one person: how far it has come, on what ground it may go, and why it did not."""

    id: int
    contact: int
    address: str
    subject: str
    body: str
    author: int | None
    state: str
    ground: str
    reason: str
    attempts: int
    created_at: datetime
    sent_at: datetime | None


def show_mail(mail: Mail) -> MailShape:
    return MailShape(
        id=mail.pk,
        contact=mail.contact_id,
        address=mail.address,
        subject=mail.subject,
        body=mail.body,
        author=mail.author_id,
        state=mail.state,
        ground=mail.ground,
        reason=mail.reason,
        attempts=mail.attempts,
        created_at=mail.created_at,
        sent_at=mail.sent_at,
    )


class MailBody(Body):
    """A letter to be written."""

    decided_by_us = frozenset({"id", "contact", "state", "ground", "reason", "author", "sent_at"})

    address = serializers.EmailField(max_length=254, help_text=_("One of the person's own addresses."))
    subject = serializers.CharField(max_length=200)
    body = serializers.CharField(max_length=50_000, help_text=_("Plain text."))


@operation(
    "contacts:read",
    summary=_("List the letters to a person"),
    tag=MAILS,
    answers={200: page_shape("MailPage", MailShape)},
    parameters=paging_parameters("id"),
    problems=(*LIST_PROBLEMS, "not-found"),
)
def mail_list(request: Request, contact_id: int) -> HttpResponse:
    """The newest first, with what became of each."""
    refuse_unknown_parameters(request._request, PARAMETERS)
    mails = Mail.objects.filter(contact__leader=visible_leader(request, contact_id))
    found = page(request._request, mails, orderings={"id": ("id",)}, default="-id")
    return answer(found.showing([show_mail(mail) for mail in found.rows]))


@operation(
    "mail:send",
    summary=_("Write to a person"),
    tag=MAILS,
    takes=MailBody,
    example={"address": "anna@example.com", "subject": "Your question", "body": "Hello Anna, ..."},
    answers={201: MailShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "not-found"),
)
def mail_write(request: Request, contact_id: int) -> HttpResponse:
    """Put a letter on its way. Without a lawful ground on record, or after they unsubscribed, it is refused
    (`not_allowed`). It goes out a few seconds later; until then it can be taken back."""
    leader = visible_leader(request, contact_id)
    said: dict[str, Any] = valid(MailBody(data=request.data)).validated_data
    mail = write_mail(contact=leader, by=caller(request), **said)
    return answer(show_mail(mail), status=201)


@operation(
    "mail:send",
    summary=_("Take a letter back"),
    tag=MAILS,
    answers={200: MailShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=("not-found", "invalid-value"),
)
def mail_cancel(request: Request, mail_id: int) -> HttpResponse:
    """Keep a letter from going out, while it is not on its way."""
    return answer(show_mail(take_back_mail(mail=_own_mail(request, mail_id), by=caller(request))))


@operation(
    "mail:send",
    summary=_("Send a letter again"),
    tag=MAILS,
    answers={200: MailShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=("not-found", "invalid-value"),
)
def mail_again(request: Request, mail_id: int) -> HttpResponse:
    """Have a letter go out that could not, was not allowed, or of which nobody can tell whether it arrived. The gate is
    asked anew. It bears the Message-ID it had, so that a mail program that has it shows it once."""
    return answer(show_mail(send_mail_again(mail=_own_mail(request, mail_id), by=caller(request))))


def _own_mail(request: Request, mail_id: int) -> Mail:
    return get_object_or_404(Mail.objects.visible_to(caller(request)), pk=mail_id)
