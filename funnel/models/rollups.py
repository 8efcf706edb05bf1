"""Counts kept in the same transaction as each move, so that a dashboard's cost does not grow with the log."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from contacts.models import Company
from staff.models import Team, User


class Circle(models.Model):
    """People whose walks are counted together: those in the same hands (an owner, a team, both or neither); and, within
    these, those whom one source brought, and those of them whom one campaign did.

    Numbered from below zero downwards; 0 is everybody. Never deleted. Two circles of hands may mean the same: when a
    team is dropped, the circle of its people becomes one of those who have none.
    """

    id = models.AutoField(primary_key=True)
    owner = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    team = models.ForeignKey(Team, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    within = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    source_id = models.SmallIntegerField(null=True)
    campaign = models.CharField(max_length=80, blank=True, db_collation="C")  # its key

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["within", "source_id", "campaign"], name="one_circle_of_each_within"),
            models.CheckConstraint(
                condition=Q(within=None, source_id=None, campaign="")
                | Q(within__isnull=False, source_id__isnull=False, owner=None, team=None),
                name="circle_of_hands_or_within",
            ),
        ]
        indexes = [models.Index(fields=["campaign", "source_id"], name="circle_by_what_brought")]


class _OfPlace(models.Model):
    """Counted of those who stand alike and came from one source."""

    stage_id = models.SmallIntegerField()
    health = models.SmallIntegerField()
    standing = models.SmallIntegerField()
    source_id = models.SmallIntegerField()
    is_visitor = models.BooleanField()

    class Meta:
        abstract = True


class StageCount(_OfPlace):
    """How many stand here now. `health` 0 is none."""

    pk = models.CompositePrimaryKey("stage_id", "health", "standing", "source_id", "is_visitor")
    n = models.BigIntegerField()


class CircleCount(_OfPlace):
    """The same of each circle of hands, and of each of a campaign within them."""

    pk = models.CompositePrimaryKey("circle_id", "stage_id", "health", "standing", "source_id", "is_visitor")
    circle_id = models.IntegerField()
    n = models.BigIntegerField()


class StageWorth(_OfPlace):
    """What those who stand here have bought and kept, in minor units of one currency; `n`: how many they are."""

    pk = models.CompositePrimaryKey("stage_id", "health", "standing", "source_id", "is_visitor", "currency")
    currency = models.CharField(max_length=3)
    n = models.BigIntegerField()
    value_minor = models.BigIntegerField()


class Pace(models.IntegerChoices):
    """What a count of `PaceCount` counts; `funnel.rolling` says it in SQL, docs/figures.md in words."""

    MOVED = 0  # moves from a stage to a stage, on the day they happened
    WENT_ON = 1  # those of a day's entries into a stage that left it for another; `lag`: within so many days
    STAYED = 2  # stays in a stage that ended on a day; `lag`: of so many days at least
    FARED = 3  # moves from a health to a health, on the day they happened; the columns of stages hold healths


class PaceCount(models.Model):
    """How people walk: moves between stages, how many of a day's arrivals went on, how long a stay lasted.

    By days of the organisation and again by weeks, of everybody by quarters of 13 weeks too, so that a year is read in
    few rows. `whose` is 0 for everybody, or a circle; 0 in place of a stage is nothing.
    """

    pk = models.CompositePrimaryKey("kind", "level", "whose", "block", "from_stage", "to_stage", "lag", "is_visitor")
    kind = models.SmallIntegerField()  # Pace
    level = models.SmallIntegerField()
    whose = models.IntegerField()
    block = models.IntegerField()
    from_stage = models.SmallIntegerField()
    to_stage = models.SmallIntegerField()
    lag = models.SmallIntegerField()
    is_visitor = models.BooleanField()
    n = models.BigIntegerField()


class CompanyBreadth(models.Model):
    """How many of a company's people share a role, a stage, a health and a standing, each person once.

    Counted anew after whatever changes it (`CompanyMark`). Of a company of many also its `front`, the places its page
    shows first, its people heard of last and who moved last, and what they bought; that takes long, so it is left in
    peace until `rests_until`.
    """

    company = models.OneToOneField(
        Company,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        primary_key=True,
        related_name="breadth",
    )
    held = models.JSONField(default=list)  # [role, stage, health, standing, people] of each group
    stands = ArrayField(models.IntegerField(), default=list)  # where the living among them do: funnel.company_people
    front = ArrayField(models.BigIntegerField(), null=True)
    liveliest = ArrayField(models.BigIntegerField(), null=True)
    moved = ArrayField(models.BigIntegerField(), null=True)
    bought = models.JSONField(null=True)
    rests_until = models.DateTimeField(null=True)

    class Meta:
        indexes = [GinIndex(fields=["stands"], name="company_stands")]
