"""Who is at work: a sign of life from each worker, for the watchdog and /readyz."""

from django.db import models
from django.db.models.functions import Now


class Heartbeat(models.Model):
    worker = models.CharField(max_length=120, primary_key=True)
    at = models.DateTimeField(db_default=Now())
    progressed_at = models.DateTimeField(db_default=Now())
    folded = models.BigIntegerField(default=0)
