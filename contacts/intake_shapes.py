"""How what stands around the log looks to programs: sources, types, claims, quarantine, identities, merges."""

from datetime import datetime
from typing import Any

import msgspec

from rest.telling import told

from .models import Claim, EventType, Identity, Merge, Quarantine, Source


class SourceShape(msgspec.Struct):
    """Where facts come from."""

    id: int
    key: str
    name: str
    kind: str
    trust: str
    created_at: datetime

    @classmethod
    def of(cls, source: Source) -> "SourceShape":
        return cls(source.pk, source.key, source.name, source.kind, source.trust, source.created_at)


class EventTypeShape(msgspec.Struct):
    """A kind of event; `first_source` brought it, if it is not one of ours. With `alias_of` it is another word for that
    type."""

    id: int
    key: str
    rank: int
    label_en: str
    label_fi: str
    is_named: bool
    first_source: str | None
    alias_of: str | None

    @classmethod
    def of(cls, kind: EventType) -> "EventTypeShape":
        first = kind.first_source.key if kind.first_source else None
        meant = kind.alias_of.key if kind.alias_of else None
        return cls(kind.pk, kind.key, kind.rank, kind.label_en, kind.label_fi, kind.is_named, first, meant)


class ClaimShape(msgspec.Struct):
    """What a public source says but may not decide. `state`: open, confirmed or refused."""

    id: int
    state: str
    contact: int
    source: str
    type: str
    message_id: str
    properties: dict[str, Any]
    received_at: datetime
    event: int | None

    @classmethod
    def of(cls, claim: Claim) -> "ClaimShape":
        return cls(
            id=claim.pk,
            state="confirmed" if claim.confirmed_at else "refused" if claim.refused_at else "open",
            contact=claim.contact_id,
            source=claim.source.key,
            type=claim.type.key,
            message_id=claim.body["message_id"],
            properties=claim.body["properties"],
            received_at=claim.received_at,
            event=claim.event_id,
        )


class QuarantineShape(msgspec.Struct):
    """What could not be used, and why; or an event the fold died on (`event`), held until it is replayed."""

    id: int
    source: str
    reason: str
    pointer: str
    detail: str
    values: dict[str, Any]
    message_id: str
    endpoint: str
    attempts: int
    received_at: datetime
    replayed_at: datetime | None
    event: int | None
    raw: str

    @classmethod
    def of(cls, kept: Quarantine) -> "QuarantineShape":
        return cls(
            id=kept.pk,
            source=kept.source.key,
            reason=kept.reason,
            pointer=kept.pointer,
            detail=told(kept.detail, kept.values),
            values=kept.values,
            message_id=kept.message_id,
            endpoint=kept.endpoint,
            attempts=kept.attempts,
            received_at=kept.received_at,
            replayed_at=kept.replayed_at,
            event=kept.event_id,
            raw=bytes(kept.raw).decode(errors="replace"),
        )


class ReplayShape(msgspec.Struct):
    """What became of it. A held event that was let go has no result of its own."""

    status: str
    event: int | None = None
    reason: str | None = None
    pointer: str | None = None
    detail: str | None = None


class IdentityShape(msgspec.Struct):
    """By what a contact is recognised: an e-mail address anywhere, anything else within its source."""

    id: int
    contact: int
    kind: str
    source: str | None
    value: str
    linked_at: datetime
    unlinked_at: datetime | None

    @classmethod
    def of(cls, identity: Identity) -> "IdentityShape":
        return cls(
            id=identity.pk,
            contact=identity.contact_id,
            kind=identity.kind,
            source=identity.namespace or None,
            value=identity.value,
            linked_at=identity.linked_at,
            unlinked_at=identity.unlinked_at,
        )


class MergeShape(msgspec.Struct):
    """Two contacts are one person, until it is cut. `fields` are the details chosen for that person."""

    id: int
    older: int
    newer: int
    leader: int
    recorded_at: datetime
    cut_at: datetime | None
    source: str | None
    by: int | None
    fields: dict[str, Any]

    @classmethod
    def of(cls, merge: Merge) -> "MergeShape":
        return cls(
            id=merge.pk,
            older=merge.older_id,
            newer=merge.newer_id,
            leader=merge.older.leader_id,
            recorded_at=merge.recorded_at,
            cut_at=merge.cut_at,
            source=merge.source.key if merge.source else None,
            by=merge.by_id,
            fields=merge.fields,
        )
