"""Who is at work, and on whom: for the watchdog, for /readyz, and for what a worker dies on."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now


class Heartbeat(models.Model):
    worker = models.CharField(max_length=120, primary_key=True)
    at = models.DateTimeField(db_default=Now())
    progressed_at = models.DateTimeField(db_default=Now())
    folded = models.BigIntegerField(default=0)


class Attempt(models.Model):
    """A batch that somebody has in hand: committed before the attempt, deleted by the batch's own transaction.

    A row whose transaction is over tells that its worker died, or failed, with these contacts in hand.
    """

    transaction = models.BigIntegerField()  # the number of the batch's transaction, to ask what became of it
    contacts = ArrayField(models.BigIntegerField())
    began_at = models.DateTimeField(db_default=Now())
