"""How events get into the table: one statement for any number of them, with their marks."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from django.db import connection

from .models import PendingReason, Source
from .prepared import Prepared

# A clock may be this much ahead of ours; what it says then is kept as what was stated.
TOLERANCE: Final = timedelta(minutes=5)
# A public source is believed about the last day only.
REACH: Final = timedelta(days=1)


class Row(msgspec.Struct, omit_defaults=True, gc=False):
    """An event on its way into the table, for a contact or for whoever has the identity. `key` is in digits."""

    key: str
    digest: int
    type: str
    message_id: str
    contact_id: int | None = None
    kind: str | None = None
    namespace: str | None = None
    value: str | None = None
    stated_at: datetime | None = None
    sent_at: datetime | None = None
    value_minor: int | None = None
    currency: str | None = None
    campaign_key: str | None = None
    by_id: int | None = None
    properties: dict[str, object] = {}


# What can't be recorded as it stands (a known key, an unknown identity or type, a moment too far ahead) is left out.
# OFFSET 0: claims are looked up one by one, never all read for a table of them.
_RECORD: Final = Prepared(
    "record_events",
    """
WITH clock AS (
    SELECT coalesce(%(received_at)s, statement_timestamp()) AS received
), said AS (
    SELECT s.*, received, coalesce(s.stated_at + coalesce(received - s.sent_at, interval '0'), received) AS moment
      FROM clock, jsonb_to_recordset(%(rows)s::jsonb) AS s(
           key uuid, digest bigint, type text, message_id text, contact_id bigint, kind text, namespace text,
           value text, stated_at timestamptz, sent_at timestamptz, value_minor bigint, currency text,
           campaign_key text, by_id bigint, properties jsonb)
), placed AS (
    SELECT said.*, t.id AS type_id, t.rank, coalesce(i.contact_id, c.id) AS whom,
           least(CASE WHEN %(public)s THEN greatest(moment, received - %(reach)s) ELSE moment END, received,
                 statement_timestamp()) AS at
      FROM said
      JOIN contacts_eventtype t ON t.key = said.type
      LEFT JOIN contacts_identity i ON i.kind = said.kind AND i.namespace = said.namespace AND i.value = said.value
                                   AND i.unlinked_at IS NULL
      LEFT JOIN contacts_contact c ON c.id = said.contact_id AND c.erased_at IS NULL
     WHERE moment <= received + %(tolerance)s
       AND NOT (%(claimable)s AND EXISTS (SELECT FROM contacts_claim WHERE contacts_claim.key = said.key OFFSET 0))
), recorded AS (
    INSERT INTO contacts_event (contact_id, occurred_at, recorded_at, stated_at, value_minor, type_id, source_id,
                                rank, key, digest, currency, campaign_key, message_id, by_id, properties)
    SELECT whom, at, statement_timestamp(), CASE WHEN at <> stated_at THEN stated_at END, value_minor, type_id,
           %(source)s, rank, key, digest, currency, campaign_key, message_id, by_id, coalesce(properties, '{}')
      FROM placed WHERE whom IS NOT NULL
     ORDER BY key
    ON CONFLICT (key) DO NOTHING
    RETURNING id, contact_id, key
), marked AS (
    INSERT INTO contacts_pending (contact_id, event_id, reason)
    SELECT contact_id, id, %(mark)s FROM recorded
)
SELECT encode(uuid_send(key), 'hex'), id, contact_id FROM recorded
""",
    is_general=True,
    received_at="timestamptz",
    rows="jsonb",
    public="boolean",
    reach="interval",
    tolerance="interval",
    claimable="boolean",
    source="smallint",
    mark="smallint",
)


def insert_events(
    source: Source, rows: Sequence[Row], *, received_at: datetime | None = None, confirmed: bool = False
) -> dict[str, tuple[int, int]]:
    """Record what can be recorded as it stands, each with its mark; return the ids of event and contact by key.

    The rest is missing from the answer. Rows go in by the order of their keys, so two batches with the same messages
    never wait for each other in a ring.
    """
    if not rows:
        return {}
    recorded = _RECORD.rows(
        rows=msgspec.json.encode(rows).decode(),
        public=source.is_public,
        claimable=source.is_public and not confirmed,
        source=source.pk,
        received_at=received_at,
        mark=PendingReason.EVENT.value,
        tolerance=TOLERANCE,
        reach=REACH,
    )
    return {key: (event_id, contact_id) for key, event_id, contact_id in recorded}


def mark(contact_ids: Iterable[int], reason: PendingReason) -> None:
    """Have these contacts folded from the start."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO contacts_pending (contact_id, reason) SELECT unnest(%s::bigint[]), %s",
            [sorted(contact_ids), reason.value],
        )
