"""What a card says to people: one reason to care, and at most one line that asks for somebody."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from babel.numbers import format_compact_currency
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, to_locale
from django.utils.translation import gettext as _

from contacts.attributes import ATTRIBUTE_TYPES
from contacts.messages import major_units
from contacts.models import words_of
from crm.desk.money import in_full
from crm.desk.people.vocabulary import words
from crm.templatetags.person import day
from crm.templatetags.polku import when
from funnel.boards import Board, Lane
from funnel.cards import Card, Cause
from funnel.models import Health, Phase, Stage, Standing
from funnel.moving import DECISION

# Ready answers to "What happened?".
ANSWERS: Final = (
    gettext_lazy("Met in person"),
    gettext_lazy("Called us"),
    gettext_lazy("Known from before"),
    gettext_lazy("Asked by mail"),
    gettext_lazy("Put in the wrong place"),
)
SOON: Final = timedelta(days=14)  # somebody who cools within these days asks to be called
THOUSAND: Final = 1000
FAR_LONGER: Final = 2.0  # times the usual stay
HEALTHS: Final = {one.value: one.name.lower() for one in Health}


@dataclass(frozen=True, slots=True)
class Warm:
    icon: str
    text: str


@dataclass(frozen=True, slots=True)
class Words:
    """What stands on every card: said once a page, for there are hundreds of cards."""

    moving: str
    score: str
    here: str
    move: str

    @classmethod
    def said(cls) -> Self:
        return cls(moving=_("being moved"), score=_("Score"), here=_("In this stage"), move=_("Move to"))


@dataclass(frozen=True, slots=True)
class Face:
    """A card in words."""

    card: Card
    key: str
    url: str
    url_of_move: str
    lane: str
    stage: Stage | None
    place: int
    score: int
    reason: str
    warm: Warm | None
    note: str
    days: str
    health: str
    health_label: str


@dataclass(frozen=True, slots=True)
class Column:
    """A lane in words."""

    lane: Lane
    place: int
    usual: float | None
    worth: str  # what they have bought, rounded; empty: nothing
    faces: Sequence[Face]

    @property
    def takes_cards(self) -> bool:
        return self.lane.stage is None or self.lane.stage.archived_at is None


@dataclass(frozen=True, slots=True)
class Band:
    """The lanes of a phase, side by side; lanes of owners and of health stand under no band."""

    phase: str
    number: int
    label: str
    columns: Sequence[Column]

    @property
    def count(self) -> int:
        return sum(column.lane.count for column in self.columns)

    @property
    def is_exact(self) -> bool:
        return all(column.lane.is_exact for column in self.columns)


Facing = Callable[[Card, str], Face]


def bands(board: Board, usual: Mapping[int, float]) -> list[Band]:
    facing = facing_of(board.stages, usual)
    columns = [
        Column(
            lane,
            _place(lane.stage, board.stages),
            usual.get(lane.id) if lane.stage else None,
            _rounded(lane.value_minor, board.currency) if lane.value_minor else "",
            [facing(card, lane.key) for card in lane.cards],
        )
        for lane in board.lanes
    ]
    if board.wish.by != "stage":
        return [Band("", 0, "", columns)]
    labels = {Phase.STRANGER: _("Strangers"), Phase.FRIEND: _("Friends"), Phase.CUSTOMER: _("Customers")}
    return [
        Band(phase, number, labels[phase], its)
        for number, phase in enumerate(Phase, start=1)
        if (its := [column for column in columns if column.lane.stage and column.lane.stage.phase == phase])
    ]


def facing_of(stages: Sequence[Stage], usual: Mapping[int, float]) -> Facing:
    by_id = {stage.pk: stage for stage in stages}
    places = {stage.pk: _place(stage, stages) for stage in stages}
    labels = {one.value: str(one.label).capitalize() for one in Health}
    now, finnish = timezone.now(), (get_language() or "").startswith("fi")
    campaigns = {one.key: one.name for one in words().all.campaigns}

    # one address is made, and each card's from it: making each would take longer than all the rest
    url, move = (reverse(name, args=[0]).rsplit("0", 1) for name in ("desk:contact-page", "desk:card-move"))

    def face(card: Card, lane: str) -> Face:
        key = str(card.id)
        return Face(
            card=card,
            key=key,
            url=key.join(url),
            url_of_move=key.join(move),
            lane=lane,
            score=round(card.score),
            stage=by_id.get(card.stage_id),
            place=places.get(card.stage_id, 0),
            reason=reason_of(card.cause, campaigns, finnish=finnish) if card.cause else "",
            warm=warm_of(card, usual.get(card.stage_id), now),
            note=_("Not now until %s") % day(card.recall_at)
            if card.standing == Standing.NOT_NOW and card.recall_at
            else "",
            days=days_of(now - card.entered_at),
            health=HEALTHS.get(card.health or 0, ""),
            health_label=labels.get(card.health or 0, ""),
        )

    return face


def _place(stage: Stage | None, stages: Sequence[Stage]) -> int:
    """Where on the path; archived stages take no place of their own."""
    return len([one for one in stages if one.archived_at is None and one.order <= stage.order]) if stage else 0


def reason_of(cause: Cause, campaigns: Mapping[str, str], *, finnish: bool) -> str:
    """What brought them where they are, short; `campaigns` by key."""
    label = (cause.label_fi if finnish else "") or cause.label_en or words_of(cause.type)
    if cause.type == DECISION:
        return cause.said or (_("Moved by %s") % cause.by if cause.by else label)
    if cause.value_minor is not None and cause.currency:
        return f"{label} {in_full(cause.value_minor, cause.currency)}"
    campaign = campaigns.get(cause.campaign or "", cause.campaign)
    about = campaign if cause.type in ATTRIBUTE_TYPES else cause.said or campaign
    return f"{label}: {about}" if about else label


def warm_of(card: Card, usual: float | None, now: datetime) -> Warm | None:
    """The first that is true: a promise not kept, a customer who goes, a stay far longer than usual."""
    if card.overdue and card.overdue_at:
        return Warm("clock", _("%(what)s, was due %(when)s") % {"what": card.overdue, "when": when(card.overdue_at)})
    if card.standing == Standing.NOT_NOW:
        return None
    if card.wake_at and card.health == Health.COOLING:
        return Warm("trending-down", _("Lapses on %s") % day(card.wake_at))
    if card.wake_at and card.health == Health.ACTIVE and card.wake_at - now < SOON:
        return Warm("trending-down", _("Cools on %s") % day(card.wake_at))
    stayed = (now - card.entered_at) / timedelta(days=1)
    if usual is not None and card.health is None and stayed > FAR_LONGER * max(usual, 1):
        return Warm("hourglass", _("Longer than usual (%s d)") % round(usual) if usual >= 1 else _("Longer than usual"))
    return None


def days_of(stay: timedelta) -> str:
    return _("%(n)s d") % {"n": stay.days} if stay.days else _("today")


def _rounded(minor: int, currency: str) -> str:
    """In thousands or millions, as the language shortens them."""
    amount = major_units(minor, currency)
    digits = 0 if abs(amount) < THOUSAND else 1
    locale = to_locale(get_language() or "en")
    return format_compact_currency(amount, currency, locale=locale, fraction_digits=digits)
