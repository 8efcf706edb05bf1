"""Who is to be forgotten, and how far that is."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from .people import Contact


class ErasureQuerySet(models.QuerySet["Erasure"]):
    def unfinished(self) -> Self:
        return self.filter(done_at=None)


class Erasure(models.Model):
    """A person who is hidden from everybody at once, and of whom nothing is left once `done_at` is set."""

    contact = models.OneToOneField(Contact, on_delete=models.PROTECT, related_name="+")  # the leader
    asked_at = models.DateTimeField(db_default=Now())
    hidden_at = models.DateTimeField(null=True)  # whoever begins to write later does not find the person any more
    done_at = models.DateTimeField(null=True)

    objects = ErasureQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["id"], condition=Q(done_at=None), name="erasure_unfinished")]
