"""What a move sets off outside, at most once per entry."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact

from .path import Dimension


class EffectState(models.TextChoices):
    WAITING = "waiting", _("waiting")  # for the settle window
    HELD = "held", _("held")  # until somebody lets it go
    DONE = "done", _("done")
    SUPERSEDED = "superseded", _("superseded")  # the entry is no longer in the live history


class HoldReason(models.TextChoices):
    """Why an effect was held: nobody should hear today of what is not news."""

    OLD = "old", _("moves more than a day old")
    PUBLICATION = "publication", _("another version of the playbook")
    MERGE = "merge", _("two who were joined")
    CUT = "cut", _("two who were parted again")
    RETRACTION = "retraction", _("something that was taken back")
    IMPORT = "import", _("an import")
    REBUILD = "rebuild", _("a rebuild")


class EffectQuerySet(models.QuerySet["Effect"]):
    def due(self) -> Self:
        return self.filter(state=EffectState.WAITING, due_at__lte=Now()).order_by("due_at")


class Effect(models.Model):
    """One thing to be done because a person entered a target, keyed by the entry and not by its cause.

    `visit` counts the entries into that target in the live history, so that a late event which gives an entry
    another cause does not set it off again.
    """

    contact = models.ForeignKey(
        Contact, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    kind = models.CharField(max_length=20, db_collation="C")
    dimension = models.SmallIntegerField(choices=Dimension)
    target = models.SmallIntegerField()  # 0: nothing
    visit = models.IntegerField()
    transition_id = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=EffectState, default=EffectState.WAITING)
    due_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    hold_reason = models.CharField(max_length=20, choices=HoldReason, blank=True)

    objects = EffectQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["contact", "kind", "dimension", "target", "visit"], name="one_effect_per_entry"
            ),
            models.CheckConstraint(condition=Q(state__in=EffectState.values), name="effect_state_known"),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state=EffectState.WAITING), name="effect_due"),
            models.Index(
                fields=["kind", "hold_reason", "created_at"], condition=Q(state=EffectState.HELD), name="effect_held"
            ),
        ]
