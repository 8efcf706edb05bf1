"""What our addresses answer (Structs) and take (serializers)."""

from datetime import datetime
from typing import Any

import msgspec
from rest_framework import serializers

from funnel.models import Phase


class StageShape(msgspec.Struct):
    key: str
    phase: str
    order: int
    label_en: str
    label_fi: str
    archived_at: datetime | None


class StageList(msgspec.Struct):
    results: list[StageShape]


class StageBody(serializers.Serializer[Any]):
    key = serializers.RegexField(r"^[a-z][a-z0-9_]*$", max_length=40)
    phase = serializers.ChoiceField(choices=Phase.choices)
    label_en = serializers.CharField(max_length=60)
    label_fi = serializers.CharField(max_length=60, required=False, allow_blank=True)
    order = serializers.IntegerField(required=False, min_value=1, max_value=1000)


class StageChanges(serializers.Serializer[Any]):
    label_en = serializers.CharField(max_length=60, required=False)
    label_fi = serializers.CharField(max_length=60, required=False, allow_blank=True)
    order = serializers.IntegerField(required=False, min_value=1, max_value=1000)
    archived = serializers.BooleanField(required=False)


# Where somebody stands, and why


class CauseShape(msgspec.Struct):
    """The event behind a move."""

    id: int
    type: str
    occurred_at: datetime


class EvidenceShape(msgspec.Struct):
    """One condition of the rule, and what was measured."""

    condition: dict[str, Any]
    value: Any


class WhyShape(msgspec.Struct):
    """The rule that moved, in the words of its version; by_timer: time passing did it, after the cause."""

    rule: str
    sentence: str
    version: int
    by_timer: bool
    cause: CauseShape | None
    evidence: list[EvidenceShape]


class TransitionShape(msgspec.Struct):
    id: int
    contact: int
    dimension: str
    from_: str | None = msgspec.field(name="from")
    to: str | None
    occurred_at: datetime
    recorded_at: datetime
    superseded_at: datetime | None
    visit: int
    source: str
    is_visitor: bool
    why: WhyShape


class PositionShape(msgspec.Struct):
    """Where a person stands; score and recall are those of now."""

    contact: int
    stage: str
    entered_at: datetime | None
    health: str | None
    standing: str
    recall_at: datetime | None
    score: float
    last_event_at: datetime | None
    wake_at: datetime | None
    source: str
    is_visitor: bool


class CardCauseShape(msgspec.Struct):
    """The event that brought somebody to their stage; `said` is its reason, title or subject."""

    event: int
    type: str
    said: str | None
    campaign: str | None


class CardShape(msgspec.Struct):
    """A person on the board. `overdue_task` is what somebody should have done for them by now."""

    contact: int
    name: str
    company: str | None
    owner: int | None
    stage: str
    entered_at: datetime
    health: str | None
    standing: str
    recall_at: datetime | None
    wake_at: datetime | None
    score: float
    cause: CardCauseShape | None
    overdue_task: str | None
    is_being_folded: bool


class LaneShape(msgspec.Struct):
    """`key`: of a stage or a health, or the id of a user (nobody: those nobody owns). `value_minor` is what they have
    bought and kept, in the currency of the board; as with `count` there may be more where that is not exact."""

    key: str
    title: str
    count: int
    count_is_exact: bool
    value_minor: int | None
    usual_days: float | None
    cards: list[CardShape]
    next: str | None


class BoardShape(msgspec.Struct):
    """`currency` is that of the values, `currencies` are all that people have bought in."""

    by: str
    currency: str | None
    currencies: list[str]
    lanes: list[LaneShape]


class MoveShape(msgspec.Struct, rename={"from_": "from"}):
    """A move that was decided; retracting the event takes it back."""

    contact: int
    event: int
    from_: str | None
    to: str


class MoveBody(serializers.Serializer[Any]):
    """Where to, where the author saw them, and what happened."""

    stage = serializers.CharField(max_length=40)
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True)

    def get_fields(self) -> dict[str, Any]:
        """`from` cannot be the name of a variable."""
        return super().get_fields() | {"from": serializers.CharField(max_length=40, required=False, allow_null=True)}


class AskedShape(msgspec.Struct):
    """One condition as it stands now: what is measured (score in thousandths, times in microseconds), whether it holds
    (null: only the event will tell), how much is lacking, and when it may come out differently by itself."""

    sentence: str
    condition: dict[str, Any]
    value: Any
    holds: bool | None
    lacking: int | None
    changes_at: datetime | None


class WayShape(msgspec.Struct):
    """A rule that leads on from here: one of these events (null: time alone) and all of these conditions."""

    stage: str
    rule: str
    sentence: str
    events: list[str] | None
    conditions: list[AskedShape]


class WholePositionShape(PositionShape):
    """`why` holds the last move of each dimension; `next` what would lead on (null: just being folded again)."""

    why: list[TransitionShape]
    next: list[WayShape] | None


# Playbooks


class PlaybookShape(msgspec.Struct):
    """`status`: being_applied, applied, waiting (for its moment), or replaced (a later one is from before)."""

    number: int
    name: str
    since: datetime | None
    published_at: datetime
    published_by: str | None
    applied_at: datetime | None
    status: str
    replaced_by: int | None


class PlaybookList(msgspec.Struct):
    results: list[PlaybookShape]


class RuleShape(msgspec.Struct):
    name: str
    sentence: str


class WholePlaybookShape(PlaybookShape):
    rules: list[RuleShape]
    document: dict[str, Any]


class DraftShape(msgspec.Struct):
    id: int
    name: str
    based_on: int | None
    author: str | None
    created_at: datetime
    updated_at: datetime
    version: int


class DraftList(msgspec.Struct):
    results: list[DraftShape]


class WholeDraftShape(DraftShape):
    document: dict[str, Any]


class ChangeShape(msgspec.Struct):
    name: str
    before: Any
    after: Any


class ComparedShape(msgspec.Struct, kw_only=True):
    """What sets two documents apart. A rule is moved when the order of those in both is another."""

    rules_added: list[str]
    rules_removed: list[str]
    rules_changed: list[ChangeShape]
    rules_moved: list[ChangeShape]
    points_changed: list[ChangeShape]
    stages_changed: ChangeShape | None
    half_life_changed: ChangeShape | None
    examples_added: list[str]
    examples_removed: list[str]
    examples_changed: list[ChangeShape]


class DifferenceShape(ComparedShape):
    """From the version compared with to the draft."""

    compared_with: int


class ComparisonShape(ComparedShape, rename={"from_": "from"}):
    """From one version or draft to another: `3` is the third version, `draft-12` the draft 12."""

    from_: str
    to: str


class NewDraftBody(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120)
    based_on = serializers.IntegerField(required=False, min_value=1, max_value=32767)
    document = serializers.DictField(required=False)


class DraftBody(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120)
    document = serializers.DictField()


class DraftChanges(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120, required=False)
    document = serializers.DictField(required=False)
