"""Letters to a person who is erased."""

from collections.abc import Sequence

from campaigns.models import Mail, MailState


def forget_mails(members: Sequence[int]) -> None:
    """Empty the letters to these contacts; one that has not gone out never will."""
    letters = Mail.objects.filter(contact__in=members)
    letters.filter(state__in=[MailState.QUEUED, MailState.RETRY]).update(state=MailState.CANCELLED)
    letters.update(address="", subject="", body="", reason="", message_id="")
