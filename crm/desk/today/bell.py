"""What a member of staff was told, as they read it: the newest first, each with where it leads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.humanize.templatetags.humanize import intcomma
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contacts.models import ImportState, Notice, NoticeKind
from staff.models import User

SHOWN: Final = 30
COUNTED: Final = 99


@dataclass(frozen=True, slots=True)
class Told:
    notice: Notice
    text: str
    icon: str
    url: str
    is_warm: bool


def unread(user: User) -> int:
    """How many are new, counted no further than a little over COUNTED."""
    return Notice.objects.of(user).unread()[: COUNTED + 1].count()


def notices(user: User) -> list[Told]:
    """The newest: one statement."""
    found = Notice.objects.of(user).select_related("contact", "task", "by", "job").order_by("-pk")[:SHOWN]
    return [told_of(notice) for notice in found]


def address_of(notice: Notice) -> str:
    """The page on which something can be done about it."""
    if notice.job_id:
        return reverse("desk:job", args=[notice.job_id])
    if notice.said.get("import"):
        return f"/imports/{int(notice.said['import'])}"
    if notice.contact_id is None:
        return reverse("desk:today")
    page = reverse("desk:contact-page", args=[notice.contact_id])
    answers = {NoticeKind.OVERDUE, NoticeKind.LATE, NoticeKind.TO_ANSWER}
    return f"{page}?do=write#composer" if notice.kind in answers else page


def told_of(notice: Notice) -> Told:
    icon, is_warm, sentence = _KINDS[NoticeKind(notice.kind)]
    if notice.said.get("state") == ImportState.FAILED:
        icon, is_warm = "circle-alert", True
    return Told(notice, sentence(_names(notice)), icon, address_of(notice), is_warm)


def _names(notice: Notice) -> Mapping[str, Any]:
    return {"name": notice.contact or "", "task": notice.task or "", "by": notice.by or _("A rule")} | {
        name: value for name, value in notice.said.items() if isinstance(value, int | str)
    }


def _imported(of: Mapping[str, Any]) -> str:
    """What came of a file somebody brought."""
    rows, refused = int(of.get("rows", 0)), int(of.get("refused", 0))
    match of.get("state"):
        case ImportState.FAILED:
            return _("An import could not go on; what is in stays.")
        case ImportState.UNDONE:
            return _("An import is undone.")
    words = ngettext("An import is done: %(rows)s row.", "An import is done: %(rows)s rows.", rows)
    if refused:
        words = ngettext(
            "An import is done: %(rows)s row, %(refused)s refused.",
            "An import is done: %(rows)s rows, %(refused)s refused.",
            rows,
        )
    return words % {"rows": intcomma(rows), "refused": intcomma(refused)}


Sentence = Callable[[Mapping[str, Any]], str]
_KINDS: Final[Mapping[NoticeKind, tuple[str, bool, Sentence]]] = {
    NoticeKind.GIVEN: ("user-plus", False, lambda of: _("%(name)s is a new lead, and yours.") % of),
    NoticeKind.TO_ANSWER: ("inbox", False, lambda of: _("%(by)s asks you to answer %(name)s.") % of),
    NoticeKind.TASK: ("list-checks", False, lambda of: _("%(by)s gave you a task: %(task)s") % of),
    NoticeKind.REMINDER: ("bell", False, lambda of: _("Reminder: %(task)s, %(name)s") % of),
    NoticeKind.OVERDUE: ("timer", True, lambda of: _("%(name)s has waited longer than the goal.") % of),
    NoticeKind.LATE: ("timer", True, lambda of: _("%(name)s has waited twice as long as the goal.") % of),
    NoticeKind.NOBODY_FREE: ("user-x", True, lambda of: _("Nobody was there to take %(name)s.") % of),
    NoticeKind.JOB: ("circle-check", False, lambda of: _("A job is done.")),
    NoticeKind.IMPORT: ("circle-check", False, lambda of: _imported(of)),
}
