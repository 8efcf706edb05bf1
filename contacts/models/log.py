"""The log: where facts come from, what happened, and what could not (yet) be recorded."""

from typing import Self

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Now
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from .people import Contact


class SourceKind(models.TextChoices):
    API = "api", _("API")
    SEGMENT = "segment", _("Segment client")
    FORM = "form", _("form")
    TRACKING = "tracking", _("tracking script")
    IMPORT = "import", _("import")
    STAFF = "staff", _("staff")


class Trust(models.TextChoices):
    PUBLIC = "public", _("public")
    TRUSTED = "trusted", _("trusted")


class Source(models.Model):
    """Where facts come from. Events are deduplicated by source, so its key never changes."""

    id = models.SmallAutoField(primary_key=True)
    key = models.CharField(max_length=40, unique=True, db_collation="C")
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=12, choices=SourceKind, default=SourceKind.API)
    trust = models.CharField(max_length=8, choices=Trust, default=Trust.TRUSTED)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=SourceKind.values), name="source_kind_known"),
            models.CheckConstraint(condition=Q(trust__in=Trust.values), name="source_trust_known"),
            models.CheckConstraint(condition=Q(key__regex=r"^[a-z0-9][a-z0-9_.-]*$"), name="source_key_plain"),
        ]

    def __str__(self) -> str:
        return gettext(self.name) if self.kind == SourceKind.STAFF else self.name

    @property
    def is_public(self) -> bool:
        return self.trust == Trust.PUBLIC


class EventType(models.Model):
    """A kind of event. Unknown ones are recorded too, wait to be named, and move nobody until a rule says so.

    With `alias_of` it is another word for a type we know: what comes in under it is recorded as that one.
    """

    id = models.SmallAutoField(primary_key=True)
    key = models.CharField(max_length=80, unique=True, db_collation="C")
    rank = models.SmallIntegerField(default=1)
    label_en = models.CharField(max_length=80, blank=True)
    label_fi = models.CharField(max_length=80, blank=True)
    is_named = models.BooleanField(default=False)
    first_source = models.ForeignKey(Source, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    alias_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="aliases")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(alias_of=F("id")), name="event_type_alias_of_another"),
            models.CheckConstraint(condition=Q(rank__gte=0, rank__lte=6), name="event_type_rank_known"),
            models.CheckConstraint(condition=Q(key__regex=r"^[a-z0-9][a-z0-9_]*$"), name="event_type_key_plain"),
        ]

    def __str__(self) -> str:
        finnish = (get_language() or "").startswith("fi")
        return (self.label_fi if finnish else "") or self.label_en or words_of(self.key)


def words_of(key: str) -> str:
    """What a type that nobody has named yet is called: `webinar_watched` is Webinar watched."""
    return key.replace("_", " ").capitalize()


class EventQuerySet(models.QuerySet["Event"]):
    def standing(self) -> Self:
        return self.filter(retracted_at=None)

    def in_order(self) -> Self:
        return self.order_by("occurred_at", "rank", "key")


class Event(models.Model):
    """One thing that happened to a contact. Only `retracted_at` is ever set later; erasure redacts.

    `key` is BLAKE2b-128 of source key, a zero byte and message id: the same message is recorded once, for ever.
    The references carry no database constraint: contacts, sources and types with events are never deleted, and a
    check on each insert would lock the same few parent rows from every writer (docs/decisions.md).
    """

    contact = models.ForeignKey(
        Contact, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="events"
    )
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    retracted_at = models.DateTimeField(null=True, blank=True)
    stated_at = models.DateTimeField(null=True, blank=True)  # what the sender said, where we could not believe it
    value_minor = models.BigIntegerField(null=True, blank=True)
    type = models.ForeignKey(
        EventType, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    source = models.ForeignKey(
        Source, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    rank = models.SmallIntegerField()
    key = models.UUIDField()
    digest = models.BigIntegerField()  # of the body: tells a duplicate from a conflict
    # Nothing takes no room in the longest of tables; an empty text does.
    currency = models.CharField(max_length=3, null=True, blank=True)  # noqa: DJ001
    campaign_key = models.CharField(max_length=80, null=True, blank=True, db_collation="C")  # noqa: DJ001
    message_id = models.CharField(max_length=255, null=True, blank=True, db_collation="C")  # noqa: DJ001
    by = models.ForeignKey(  # the member of staff who did or decided it
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    properties = models.JSONField(default=dict)

    objects = EventQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key"], name="event_recorded_once"),
            models.CheckConstraint(condition=Q(occurred_at__lte=F("recorded_at")), name="event_not_in_the_future"),
            models.CheckConstraint(
                condition=Q(retracted_at=None) | Q(retracted_at__gt=F("recorded_at")), name="event_retracted_later"
            ),
            models.CheckConstraint(
                condition=Q(value_minor=None) | Q(currency__isnull=False), name="event_value_has_currency"
            ),
        ]
        indexes = [
            models.Index(fields=["contact", "occurred_at"], name="event_by_contact"),
            # Who did this since then, without reading whatever else happened; each type grows at its own end.
            models.Index(
                fields=["type", "occurred_at", "contact"], condition=Q(retracted_at=None), name="event_by_type"
            ),
            models.Index(
                fields=["campaign_key", "occurred_at", "contact"],
                condition=Q(retracted_at=None, campaign_key__gt=""),
                name="event_by_campaign",
            ),
            # What campaigns touched somebody with, without reading whatever else they did.
            models.Index(
                fields=["contact", "occurred_at"],
                condition=Q(retracted_at=None, campaign_key__gt=""),
                name="event_touching",
            ),
            BrinIndex(fields=["recorded_at"], name="event_by_recording", autosummarize=True),
        ]


class ClaimQuerySet(models.QuerySet["Claim"]):
    def open(self) -> Self:
        return self.filter(confirmed_at=None, refused_at=None)


class Claim(models.Model):
    """What a public source says but may not decide. It does nothing until somebody trusted confirms it.

    `body` is the message as it was received; confirming records it as an event with the same key.
    """

    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="claims")
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="+")
    type = models.ForeignKey(EventType, on_delete=models.PROTECT, related_name="+")
    key = models.UUIDField()
    digest = models.BigIntegerField()
    body = models.JSONField()
    received_at = models.DateTimeField(db_default=Now())
    confirmed_at = models.DateTimeField(null=True, blank=True)
    refused_at = models.DateTimeField(null=True, blank=True)
    event = models.OneToOneField(Event, on_delete=models.PROTECT, null=True, blank=True, related_name="claim")

    objects = ClaimQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key"], name="claim_recorded_once"),
            models.CheckConstraint(condition=Q(confirmed_at=None) | Q(refused_at=None), name="claim_decided_one_way"),
            models.CheckConstraint(
                condition=Q(confirmed_at=None, event=None) | Q(confirmed_at__isnull=False, event__isnull=False),
                name="claim_confirmed_by_its_event",
            ),
        ]
        indexes = [models.Index(fields=["-id"], condition=Q(confirmed_at=None, refused_at=None), name="claim_open")]


class QuarantineQuerySet(models.QuerySet["Quarantine"]):
    def waiting(self) -> Self:
        return self.filter(replayed_at=None)


class Quarantine(models.Model):
    """What came in and could not be used: a bad message as it was sent, or a recorded event the fold died on.

    With `event` set it is a held event: the fold skips it until it is replayed.
    """

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="+")
    raw = models.BinaryField(blank=True, default=b"")
    reason = models.CharField(max_length=60)
    pointer = models.CharField(max_length=255, blank=True)
    detail = models.TextField(blank=True)  # English, with places for
    values = models.JSONField(default=dict, db_default=Value({}, models.JSONField()))
    message_id = models.CharField(max_length=255, blank=True, db_collation="C")
    endpoint = models.CharField(max_length=60, blank=True)  # the door it came through; replay uses the same parser
    received_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveIntegerField(default=0)
    replayed_at = models.DateTimeField(null=True, blank=True)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, null=True, blank=True, related_name="holds")

    objects = QuarantineQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["event"], condition=Q(replayed_at=None, event__isnull=False), name="event_held_once"
            ),
        ]
        indexes = [
            models.Index(fields=["source", "-id"], condition=Q(replayed_at=None), name="quarantine_waiting_of_source"),
            models.Index(fields=["-id"], condition=Q(replayed_at=None), name="quarantine_waiting"),
            models.Index(fields=["reason", "-id"], condition=Q(replayed_at=None), name="quarantine_waiting_by_reason"),
        ]


class PendingReason(models.IntegerChoices):
    EVENT = 0, "event"
    RETRACTION = 1, "retraction"
    MERGE = 2, "merge"
    CUT = 3, "cut"
    PUBLICATION = 4, "publication"
    REPLAY = 5, "replay"
    REBUILD = 6, "rebuild"
    IMPORT = 7, "import"
    ATTRIBUTES = 8, "attributes"  # what stands beside the fold changed: a visitor became known


class Pending(models.Model):
    """A mark: this contact has something to be folded. Only ever inserted; many a contact; no unique key.

    Without an event the contact is folded from the start.
    """

    contact_id = models.BigIntegerField(db_index=True)
    event_id = models.BigIntegerField(null=True)
    reason = models.SmallIntegerField(choices=PendingReason, default=PendingReason.EVENT)

    class Meta:
        verbose_name_plural = "pending"
