"""Where everybody stands, and every move that brought them there."""

from typing import Final, Self

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact


class Dimension(models.IntegerChoices):
    STAGE = 0, _("stage")
    HEALTH = 1, _("health")
    STANDING = 2, _("standing")


class Health(models.IntegerChoices):
    ACTIVE = 1, _("active")
    COOLING = 2, _("cooling")
    LAPSED = 3, _("lapsed")


class Standing(models.IntegerChoices):
    OPEN = 1, _("open")
    NOT_NOW = 2, _("not now")
    CLOSED = 3, _("closed")


NOBODYS: Final = -1  # the circle of those without owner and team


class PositionQuerySet(models.QuerySet["Position"]):
    def live(self) -> Self:
        """Those who stand somewhere: not merged into another, not erased, with at least one event."""
        return self.filter(stage_id__isnull=False)

    def people(self) -> Self:
        return self.live().filter(is_visitor=False)

    def due(self) -> Self:
        return self.filter(wake_at__lte=Now())


class Position(models.Model):
    """Where a person stands: the stored end of the fold, and the mutex of the person while folding.

    One row a contact; only a leader's is filled. `memory` is what the fold must remember to go on.
    `is_visitor`, `source_id` and `hands` (a Circle) are of the contact when it was folded, for the roll-ups.
    """

    contact = models.OneToOneField(Contact, on_delete=models.PROTECT, primary_key=True, related_name="position")
    stage_id = models.SmallIntegerField(null=True)
    entered_at = models.DateTimeField(null=True)
    health = models.SmallIntegerField(choices=Health, null=True)
    standing = models.SmallIntegerField(choices=Standing, default=Standing.OPEN)
    recall_at = models.DateTimeField(null=True)
    score = models.BigIntegerField(default=0)  # thousandths of a point, as of `score_day`
    score_day = models.IntegerField(default=0)  # days since 1970-01-01
    score_rank = models.FloatField(default=0)  # sorts like the decayed score at any moment
    last_event_at = models.DateTimeField(null=True)
    wake_at = models.DateTimeField(null=True)
    folded_until = models.DateTimeField(null=True)
    known_at = models.DateTimeField(null=True)  # the last stamp; stamps grow strictly per contact
    moves = models.IntegerField(default=0)  # the next `seq` of a live transition
    is_visitor = models.BooleanField(default=True)
    source_id = models.SmallIntegerField(null=True)
    hands = models.IntegerField(db_default=NOBODYS)
    cause_id = models.BigIntegerField(null=True)  # the event behind the last move of stage
    attempts = models.SmallIntegerField(default=0)
    attempted_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)
    worth = models.JSONField(null=True)  # what the kept orders come to, in minor units by currency
    memory = models.TextField(null=True)  # noqa: DJ001  (JSON for the fold alone: as jsonb it costs three times as much)

    objects = PositionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(health=None) | Q(health__in=Health.values), name="position_health_known"
            ),
            models.CheckConstraint(condition=Q(standing__in=Standing.values), name="position_standing_known"),
            models.CheckConstraint(
                condition=Q(stage_id=None, entered_at=None) | Q(stage_id__isnull=False, entered_at__isnull=False),
                name="position_stage_has_entry",
            ),
        ]
        indexes = [
            # with what counts leave out: then those who cool soon or stand still are counted from the index alone
            models.Index(
                fields=["wake_at"],
                include=["stage_id", "is_visitor", "standing", "health", "source_id", "hands"],
                condition=Q(wake_at__isnull=False),
                name="position_due",
            ),
            models.Index(
                fields=["stage_id", "is_visitor", "-entered_at", "-contact"],
                include=["standing", "source_id", "hands"],
                name="position_by_stage",
            ),
            models.Index(fields=["attempts"], condition=Q(attempts__gt=0), name="position_in_trouble"),
            # the least and the most of every four pages (funnel.topmost); rows are updated in place all the same
            BrinIndex(fields=["score_rank", "entered_at", "last_event_at"], pages_per_range=4, name="position_heights"),
        ]


class TransitionQuerySet(models.QuerySet["Transition"]):
    def live(self) -> Self:
        return self.filter(superseded_at=None)


# `Transition.rule` where no rule of the playbook moved the contact
RULE_START = -1
RULE_ERASED = -2


class Transition(models.Model):
    """One move of a contact, as known from `recorded_at` until `superseded_at`. Never deleted.

    `to_value`/`from_value` are a stage id, or a Health or Standing value, by dimension; empty is nothing.
    `rule` is its place in the document of playbook version `version`, or RULE_START or RULE_ERASED.
    `cause_id` is the event behind the move, also for a timer's. `is_visitor` and `source_id` are what was known of
    the contact at the time: when that changes, the transition is superseded by one that says so.
    """

    contact = models.ForeignKey(
        Contact, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="transitions"
    )
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True)
    cause_id = models.BigIntegerField(null=True)
    seq = models.IntegerField()
    visit = models.IntegerField()
    version = models.SmallIntegerField()
    rule = models.SmallIntegerField()
    dimension = models.SmallIntegerField(choices=Dimension)
    from_value = models.SmallIntegerField(null=True)
    to_value = models.SmallIntegerField(null=True)
    source_id = models.SmallIntegerField()
    is_visitor = models.BooleanField()
    evidence = models.JSONField(null=True)

    objects = TransitionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["contact", "seq"], condition=Q(superseded_at=None), name="one_live_transition_per_place"
            ),
            models.CheckConstraint(
                condition=Q(superseded_at=None) | Q(superseded_at__gt=F("recorded_at")),
                name="transition_superseded_later",
            ),
            models.CheckConstraint(condition=Q(occurred_at__lte=F("recorded_at")), name="transition_not_in_the_future"),
            models.CheckConstraint(
                condition=Q(from_value=None, to_value__isnull=False)
                | Q(from_value__isnull=False, to_value=None)
                | ~Q(from_value=F("to_value")),
                name="transition_goes_somewhere",
            ),
            models.CheckConstraint(condition=Q(dimension__in=Dimension.values), name="transition_dimension_known"),
        ]
        indexes = [
            models.Index(
                fields=["dimension", "to_value", "occurred_at", "contact"],
                # to count moves by it alone, and those that each rule made
                include=["from_value", "seq", "source_id", "is_visitor", "recorded_at", "version", "rule"],
                condition=Q(superseded_at=None),
                name="transition_into",
            ),
            # with the two of live rows, these find what was known on an earlier day without reading everything
            models.Index(
                fields=["contact", "seq"], condition=Q(superseded_at__isnull=False), name="transition_replaced_of"
            ),
            models.Index(
                fields=["superseded_at"], condition=Q(superseded_at__isnull=False), name="transition_replaced_when"
            ),
            BrinIndex(fields=["recorded_at"], name="transition_by_recording", autosummarize=True),
        ]
