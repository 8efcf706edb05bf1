"""Who stands behind a number of a campaign: those of them one may see, the newest first, each with its touches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from campaigns.models import Campaign, Credit, Kind, Way
from campaigns.outcome import Gates
from contacts.models import Contact
from funnel.models import Stage
from funnel.pictures import start_of_day
from staff.policy import Principal

AT_MOST: Final = 50
TOUCHED, ORDERED, REFUNDED = "touched", "ordered", "refunded"
WHAT: Final = {TOUCHED: Kind.TOUCHED, ORDERED: Kind.ORDERED, REFUNDED: Kind.REFUNDED}


@dataclass(frozen=True, slots=True)
class Behind:
    """Somebody, what is credited, and when the campaigns touched them first and last before it."""

    contact: Contact
    at: datetime
    from_stage: Stage | None
    to_stage: Stage | None
    value_minor: int
    currency: str
    first: str
    last: str
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """A page of them. `hidden` of the rows on it are visitors, erased, or not the reader's to see."""

    rows: Sequence[Behind]
    hidden: int
    next: int | None  # the id of the last row, where more follow


def behind(
    campaign: Campaign,
    principal: Principal,
    gates: Gates,
    what: str,
    *,
    way: Way,
    since: datetime,
    until: datetime,
    after: int | None,
    names: Mapping[str, str],
) -> Found:
    """`what` is touched, ordered, refunded, or the key of a stage they came to from before it."""
    key = "first_key" if way is Way.FIRST else "last_key"
    credits_ = Credit.objects.filter(_kind(what, gates), **{key: campaign.key}, at__gte=since, at__lt=until)
    if after and (last := Credit.objects.filter(pk=after).first()):
        credits_ = credits_.filter(Q(at__lt=last.at) | Q(at=last.at, pk__lt=last.pk))
    page = list(credits_.order_by("-at", "-pk")[: AT_MOST + 1])
    shown = page[:AT_MOST]
    ids = {credit.contact_id for credit in shown}
    visible = Contact.objects.visible_to(principal).filter(pk__in=ids, erased_at=None, is_known=True)
    contacts = {contact.pk: contact for contact in visible}
    stages = {stage.pk: stage for stage in gates.path.stages}
    rows = [
        Behind(
            contacts[one.contact_id],
            one.at,
            stages.get(one.from_stage),
            stages.get(one.to_stage),
            one.value_minor,
            one.currency,
            names.get(one.first_key, one.first_key),
            names.get(one.last_key, one.last_key),
            one.first_at,
            one.last_at,
        )
        for one in shown
        if one.contact_id in contacts
    ]
    return Found(rows, len(shown) - len(rows), shown[-1].pk if len(page) > AT_MOST else None)


def _kind(what: str, gates: Gates) -> Q:
    if what in WHAT:
        return Q(kind=WHAT[what])
    order = gates.path.order
    rank = next(place for place, stage in enumerate(gates.path.stages) if stage.key == what)
    earlier, further = [0, *order[:rank]], order[rank:]
    return Q(kind=Kind.MOVED, to_stage__in=further) & (Q(from_stage__in=earlier) | ~Q(from_stage__in=order))


def span(days: int, until: datetime) -> tuple[datetime, datetime]:
    """From the beginning of the first day to the end of the last."""
    last = until.date()
    return start_of_day(last - timedelta(days=days - 1)), start_of_day(last + timedelta(days=1))
