"""Letters to a person who is erased, and the forms they sent."""

from collections.abc import Sequence

from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat

from campaigns.models import Mail, MailState, Submission


def forget_mails(members: Sequence[int]) -> None:
    """Empty the letters to these contacts; one that has not gone out never will."""
    letters = Mail.objects.filter(contact__in=members)
    letters.filter(state__in=[MailState.QUEUED, MailState.RETRY]).update(state=MailState.CANCELLED)
    letters.update(address="", subject="", body="", reason="", message_id="")


def forget_submissions(members: Sequence[int]) -> None:
    """That somebody sent a form stays; who, and the way to their file, does not."""
    erased = Concat(Value("erased-"), Cast("pk", CharField()))
    Submission.objects.filter(contact__in=members).update(email="", nonce=erased, token=erased)
