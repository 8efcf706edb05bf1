"""When the demo company did what its audit trail tells, and who was told: on the days its facts speak of.

The demo is made at once, so every deed of it was written down today. Here each gets the moment at which somebody would
have done it, and the trail is written anew in that order. Only the owner of the tables can.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, time, timedelta
from typing import Any, Final

from django.db import connection
from django.db.models import F
from django.utils import timezone

from campaigns.models import Campaign, Cost, Form, Link
from contacts.models import Event, Import, Membership, Notice, Task
from crm.models import AssignmentRule
from funnel.models import Playbook
from staff.models import ApiKey, AuditRecord, Invitation, User

CONNECTED, SET_UP, TIDIED, VIEWED, ON_THE_WEB, LEFT = 200, 100, (92, 24), 48, 34, 30  # days ago
SOON: Final = timedelta(days=8)  # a place that somebody got with their first event
JOINED_STAFF: Final = 400
BEFORE_DUE: Final = (2, 5, 3, 8, 4, 6)  # days, of a task
STALE_NOTICE: Final = timedelta(days=2)

Dates = Mapping[int, datetime]


def date_deeds(began: datetime) -> None:
    """Date what was done since then, and what keeps its own day of it."""
    _date_settings()
    _date_tasks()
    records = list(AuditRecord.objects.filter(at__gte=began).order_by("pk"))
    for record, at in zip(records, _moments(records), strict=True):
        record.at = min(at or record.at, record.at)
    AuditRecord.objects.filter(at__gte=began).delete()
    ordered = sorted(records, key=lambda record: record.at)
    for record in ordered:
        record.pk = None
    AuditRecord.objects.bulk_create(ordered)
    _date_effects()


# --- What keeps a day of its own --------------------------------------------------------------------------------------


def _date_settings() -> None:
    for number, user in enumerate(User.objects.order_by("pk")):
        User.objects.filter(pk=user.pk).update(joined_at=_office(JOINED_STAFF - 40 * number, number))
    Invitation.objects.update(made_at=_office(1, 3))
    AssignmentRule.objects.update(created_at=_office(1, 29))
    ApiKey.objects.update(created_at=_office(CONNECTED, 5))
    ApiKey.objects.filter(source__startswith="tracking").update(created_at=_office(ON_THE_WEB + 1, 5))
    Form.objects.update(created_at=_office(ON_THE_WEB, 8))
    Form.objects.exclude(opened_at=None).update(opened_at=_office(ON_THE_WEB - 1, 2))
    for link in Link.objects.select_related("campaign"):
        Link.objects.filter(pk=link.pk).update(created_at=_before_campaign(link.campaign, 1, link.pk))


def _date_tasks() -> None:
    """A task was made some days before it is due, whoever was given it heard of it then, and done ones were done."""
    for number, task in enumerate(Task.objects.order_by("pk")):
        ahead = max(BEFORE_DUE[number % len(BEFORE_DUE)], (timezone.now() - task.due_at).days + 2)
        task.created_at = _office(ahead, number)
        if task.done_at:
            task.done_at = _office(1, number + 7)
        task.save(update_fields=["created_at", "done_at"])
        Notice.objects.filter(task=task).update(at=task.created_at)
    Notice.objects.filter(at__lt=timezone.now() - STALE_NOTICE, read_at=None).update(
        read_at=F("at") + timedelta(hours=1)
    )


# --- The trail --------------------------------------------------------------------------------------------------------


def _moments(records: Iterable[AuditRecord]) -> list[datetime | None]:
    kept = {kind: _kept(kind) for kind in _KEPT}
    places = dict(Membership.objects.values_list("pk", "contact__created_at"))
    tidied = _tidied(records)
    return [_moment(record, kept, places, tidied) for record in records]


def _moment(record: AuditRecord, kept: Mapping[str, Dates], places: Dates, tidied: Dates) -> datetime | None:
    action, row, detail = record.action, record.object_id or 0, record.detail
    match action:
        case "cost_added":
            return kept[action].get(detail["cost"])
        case "link_made":
            return kept[action].get(detail["link"])
        case "assignment_rule_set":
            return kept[action].get(detail["rule"])
        case "targets_set":
            return _office_before(datetime.fromisoformat(detail["month"]), row)
        case "membership_changed" | "company_changed":
            met = places.get(row)
            return max(tidied[record.pk], _office_after(met, row)) if met else tidied[record.pk]
        case "membership_created":
            met = places.get(row)
            return met if met and met > timezone.now() - SOON else _office(LEFT, row)
    if action in kept:
        return kept[action].get(row)
    return _office(_DAYS[action], record.pk) if action in _DAYS else None


# A deed whose row tells its day.
_KEPT: Final[Mapping[str, Callable[[], Iterable[tuple[int, datetime | None]]]]] = {
    "task_added": lambda: Task.objects.values_list("pk", "created_at"),
    "task_done": lambda: Task.objects.values_list("pk", "done_at"),
    "cost_added": lambda: Cost.objects.values_list("pk", "recorded_at"),
    "link_made": lambda: Link.objects.values_list("pk", "created_at"),
    "assignment_rule_set": lambda: AssignmentRule.objects.values_list("pk", "created_at"),
    "event_retracted": lambda: Event.objects.exclude(retracted_at=None).values_list("pk", "retracted_at"),
    "campaign_added": lambda: _planned(),
    "campaign_changed": lambda: _planned(),
    "form_made": lambda: Form.objects.values_list("pk", "created_at"),
    "form_opened": lambda: Form.objects.values_list("pk", "opened_at"),
    "key_made": lambda: ApiKey.objects.values_list("pk", "created_at"),
    "user_invited": lambda: Invitation.objects.values_list("pk", "made_at"),
    "playbook_published": lambda: Playbook.objects.values_list("number", "published_at"),
    "import_uploaded": lambda: Import.objects.values_list("pk", "uploaded_at"),
    "import_started": lambda: Import.objects.values_list("pk", "started_at"),
}
_DAYS: Final = {
    "work_week_set": SET_UP,
    "field_declared": SET_UP - 3,
    "tie_added": TIDIED[0] - 30,
    "view_shared": VIEWED,
    "site_added": ON_THE_WEB + 1,
}


def _kept(action: str) -> Dates:
    return {row: at for row, at in _KEPT[action]() if at}


def _planned() -> Iterable[tuple[int, datetime]]:
    for campaign in Campaign.objects.all():
        yield campaign.pk, _before_campaign(campaign, 4, campaign.pk)


def _tidied(records: Iterable[AuditRecord]) -> Dates:
    """Firm by firm and place by place, over some weeks."""
    about = [one for one in records if one.action in ("membership_changed", "company_changed")]
    first, last = TIDIED
    step = (first - last) / max(1, len(about))
    return {one.pk: _office(round(first - step * number), number) for number, one in enumerate(about)}


def _office(days: int, number: int) -> datetime:
    """A moment between nine and four, so many days ago, on the working day before where that is none."""
    return _office_on(timezone.localdate() - timedelta(days=days), number)


def _office_before(day: datetime, number: int) -> datetime:
    return _office_on((day - timedelta(days=1)).date(), number)


def _office_after(moment: datetime, number: int) -> datetime:
    """On the next working day."""
    day = timezone.localtime(moment).date() + timedelta(days=1)
    return _office_on(day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0), number)


def _before_campaign(campaign: Campaign, days: int, number: int) -> datetime:
    begins = campaign.starts_on or timezone.localdate()
    return _office_on(begins - timedelta(days=days), number)


def _office_on(day: Any, number: int) -> datetime:
    day -= timedelta(days=max(0, day.weekday() - 4))
    return timezone.make_aware(datetime.combine(day, time(9 + number * 17 % 420 // 60, number * 17 % 60)))


# --- What moves set off -----------------------------------------------------------------------------------------------

# As it would be: nothing before there was a rule; and what a worker wrote down within a day was no old news.
_DROP: Final = """
    DELETE FROM funnel_effect AS e WHERE e.state = 'held' AND NOT EXISTS (
        SELECT FROM funnel_transition t JOIN crm_assignmentrule r ON t.recorded_at >= r.created_at
         WHERE t.contact_id = e.contact_id AND t.dimension = e.dimension AND t.to_value = e.target
           AND t.visit = e.visit AND t.superseded_at IS NULL)
"""
_SETTLE: Final = """
    UPDATE funnel_effect AS e SET state = 'done', hold_reason = '', finished_at = t.recorded_at
      FROM funnel_transition t
     WHERE e.state = 'held' AND e.hold_reason = 'old' AND t.contact_id = e.contact_id AND t.dimension = e.dimension
       AND t.to_value = e.target AND t.visit = e.visit AND t.superseded_at IS NULL
       AND t.recorded_at - t.occurred_at <= interval '1 day'
"""


def _date_effects() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_DROP)
        cursor.execute(_SETTLE)
