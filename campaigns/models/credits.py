"""What campaigns brought about, person by person, and its counts by the day."""

from django.db import models
from django.db.models import Q

from contacts.models import Contact


class Kind(models.IntegerChoices):
    """What a campaign is credited with; `campaigns.attribution` says when."""

    TOUCHED = 0  # a person touched for the first time
    MOVED = 1  # a move between stages
    ORDERED = 2  # an order
    REFUNDED = 3  # money given back: its value is negative


class Way(models.IntegerChoices):
    """To whom of several campaigns something is credited."""

    EITHER = 0  # of what only one campaign can have brought about
    FIRST = 1
    LAST = 2


class Credit(models.Model):
    """One thing that happened to a person and the campaigns that touched them first and last before it.

    Kept by `campaigns.crediting` in the transaction of the fold; 0 in place of a stage is nothing.
    """

    contact = models.ForeignKey(Contact, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    kind = models.SmallIntegerField(choices=Kind)
    at = models.DateTimeField()
    first_key = models.CharField(max_length=80, db_collation="C")
    last_key = models.CharField(max_length=80, db_collation="C")
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    from_stage = models.SmallIntegerField(default=0)
    to_stage = models.SmallIntegerField(default=0)
    value_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True, db_collation="C")
    is_visitor = models.BooleanField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(kind__in=Kind.values), name="credit_kind_known")]
        indexes = [
            models.Index(fields=["first_key", "kind", "-at", "-id"], name="credit_by_first"),
            models.Index(fields=["last_key", "kind", "-at", "-id"], name="credit_by_last"),
        ]


class CampaignDay(models.Model):
    """Counts of credits by days of the organisation (level 0), and again by weeks (level 1)."""

    pk = models.CompositePrimaryKey(
        "way", "level", "block", "campaign_key", "kind", "from_stage", "to_stage", "currency", "is_visitor"
    )
    way = models.SmallIntegerField()  # Way
    level = models.SmallIntegerField()
    block = models.IntegerField()
    campaign_key = models.CharField(max_length=80, db_collation="C")
    kind = models.SmallIntegerField()  # Kind
    from_stage = models.SmallIntegerField()
    to_stage = models.SmallIntegerField()
    currency = models.CharField(max_length=3, db_collation="C")
    is_visitor = models.BooleanField()
    n = models.BigIntegerField()
    value_minor = models.BigIntegerField()
