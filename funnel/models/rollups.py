"""Counts kept in the same transaction as each move, so that a dashboard's cost does not grow with the log."""

from django.db import models

from .path import Dimension


class StageCount(models.Model):
    """How many stand here now. `health` 0 is none."""

    pk = models.CompositePrimaryKey("stage_id", "health", "standing", "source_id", "is_visitor")
    stage_id = models.SmallIntegerField()
    health = models.SmallIntegerField()
    standing = models.SmallIntegerField()
    source_id = models.SmallIntegerField()
    is_visitor = models.BooleanField()
    n = models.BigIntegerField()


class Flow(models.Model):
    """Moves by the day they were learned and the day they happened (organisation's days). 0 is nothing.

    A superseded transition counts -1 on the day it was superseded, so sums over `day_known` <= K and
    `day_occurred` <= A are the picture as of A as known on K.
    """

    pk = models.CompositePrimaryKey(
        "dimension", "day_known", "day_occurred", "from_value", "to_value", "source_id", "is_visitor"
    )
    dimension = models.SmallIntegerField(choices=Dimension)
    day_known = models.DateField()
    day_occurred = models.DateField()
    from_value = models.SmallIntegerField()
    to_value = models.SmallIntegerField()
    source_id = models.SmallIntegerField()
    is_visitor = models.BooleanField()
    n = models.BigIntegerField()
