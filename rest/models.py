"""What the REST edge keeps."""

from datetime import timedelta
from typing import Final, Self

from django.db import models
from django.db.models.functions import Now

from staff.models import ApiKey

ANSWERS_KEPT_FOR: Final = timedelta(hours=72)


class IdempotentAnswerQuerySet(models.QuerySet["IdempotentAnswer"]):
    def out_of_date(self) -> Self:
        return self.filter(created_at__lt=Now() - ANSWERS_KEPT_FOR)


class IdempotentAnswer(models.Model):
    """The answer to a request that carried an `Idempotency-Key`, kept 72 hours and given again to a repetition."""

    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255, db_collation="C")
    digest = models.BinaryField(max_length=32)  # SHA-256 of method, path and body
    status = models.SmallIntegerField()
    headers = models.JSONField(default=dict)  # those that are part of the answer: ETag, Location
    body = models.TextField()
    created_at = models.DateTimeField(db_default=Now())

    objects = IdempotentAnswerQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["api_key", "key"], name="one_answer_per_idempotency_key")]
        indexes = [models.Index(fields=["created_at"], name="idempotent_answer_by_age")]
