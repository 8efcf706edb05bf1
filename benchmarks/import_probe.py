"""How fast does a file come in, beside the least loop that does the same durable work? Fills an EMPTY database.

    DATABASE_URL=... python -m benchmarks.import_probe --rows 200000 --pairs 3

A row is a new contact with four details and two identities, and an order. `limit` reads the CSV in Python, checks
address, amount and moment, COPYs a chunk and upserts the same rows into the same tables (names, search words, keys and
marks included) in one transaction a chunk; it does no mapping, no report of rejects, no resuming. `bare` upserts into
one small table of its own: what a CSV import costs where nothing but contacts is kept.
"""

import argparse
import csv
import io
import json
import random
import re
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from itertools import islice
from pathlib import Path

import django

django.setup()

from django.db import connection, transaction  # noqa: E402  (Django stands only now)

from contacts.catalogue import install_catalogue  # noqa: E402
from contacts.importing import import_file, read_mapping  # noqa: E402
from contacts.importing.running import CHUNK  # noqa: E402
from contacts.models import PendingReason, Source, SourceKind  # noqa: E402

FIRST = ["Anna", "Matti", "Ville", "Jukka", "Päivi", "Liisa", "Oskar", "Sean", "Åke", "Zoë"]
LAST = ["Virtanen", "Korhonen", "Mäkinen", "Nieminen", "Smith", "Müller", "García", "Novák", "Sørensen", "Lee"]
HEADER = ["id", "name", "email", "phone", "country", "campaign", "ordered_at", "amount", "order_id"]
MAPPING = """
[source]
key = "{source}"

[contact]
external_id = "id"
email = "email"

[contact.attributes]
name = "name"
phone = "phone"
country = "country"

[[events]]
message_id = "order-{{order_id}}"
type = "order_completed"
moment = {{ column = "ordered_at" }}
value = {{ column = "amount", currency = "EUR" }}
campaign = "campaign"

[events.properties]
order_id = "order_id"
"""
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")


def write_file(path: Path, rows: int, batch: str) -> None:
    chance = random.Random(batch)
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(HEADER)
        for n in range(rows):
            day = f"2024-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
            moment = f"{day}T{chance.randint(0, 23):02}:{chance.randint(0, 59):02}:00+02:00"
            name = f"{chance.choice(FIRST)} {chance.choice(LAST)}"
            address, amount = f"{batch}.user{n}@example.com", f"{chance.randint(1, 100_000) / 100:.2f}"
            out.writerow([f"c{n}", name, address, f"+35840{n:07}", "FI", "spring", moment, amount, f"o{n}"])


STAGE = """
CREATE TEMP TABLE IF NOT EXISTS stage (row int, id text, name text, email text, phone text, country text,
    campaign text, at timestamptz, minor bigint, order_id text, key uuid, created_key uuid, digest bigint, words text)
    ON COMMIT DELETE ROWS
"""
UPSERT = f"""
WITH new AS MATERIALIZED (
    SELECT stage.*, coalesce(i.contact_id, nextval('contacts_contact_id_seq')) AS contact, i.contact_id IS NULL AS fresh
      FROM stage LEFT JOIN contacts_identity i ON i.kind = 'external' AND i.namespace = %(source)s
                                              AND i.value = stage.id AND i.unlinked_at IS NULL
), made AS (
    INSERT INTO contacts_contact (id, leader_id, is_known, name, emails, phones, title, country, language, time_zone,
        custom, origin_source_id, origin_campaign, origin_note, version, sort_key, search)
    SELECT contact, contact, true, name, ARRAY[email], ARRAY[phone], '', country, '', '', '{{}}', %(source_id)s,
           campaign, '', 1, lower(name), array_to_tsvector(string_to_array(words, ' '))
      FROM new WHERE fresh
), known AS (
    INSERT INTO contacts_identity (contact_id, kind, namespace, value)
    SELECT contact, 'external', %(source)s, id FROM new WHERE fresh
    UNION ALL
    SELECT contact, 'email', '', email FROM new WHERE fresh
    ON CONFLICT (kind, namespace, value) WHERE unlinked_at IS NULL DO NOTHING
), recorded AS (
    INSERT INTO contacts_event (contact_id, occurred_at, value_minor, type_id, source_id, rank, key, digest, currency,
        campaign_key, message_id, properties)
    SELECT contact, at, minor, %(order)s, %(source_id)s, 3, key, digest, 'EUR', campaign, 'order-' || order_id,
           jsonb_build_object('order_id', order_id) FROM new
    UNION ALL
    SELECT contact, at, NULL, %(created)s, %(source_id)s, 0, created_key, digest, NULL, NULL, 'created-' || id,
           jsonb_build_object('name', name, 'phone', phone, 'country', country) FROM new WHERE fresh
    ON CONFLICT (key) DO NOTHING
    RETURNING id, contact_id
)
INSERT INTO contacts_pending (contact_id, event_id, reason)
SELECT contact_id, id, {PendingReason.IMPORT:d} FROM recorded
"""


def checked(path: Path, key: str) -> Iterator[tuple[object, ...]]:
    with path.open(newline="") as file:
        rows = csv.reader(file)
        next(rows)
        for number, (own, name, email, phone, country, campaign, at, amount, order) in enumerate(rows):
            assert EMAIL.fullmatch(email)
            assert (phone[0], len(country)) == ("+", 2)
            assert datetime.fromisoformat(at)
            words = f"{name.lower()} {email} {email.partition('@')[0]} example.com {phone[1:]} {phone[4:]}"
            yield (
                *(number, own, name, email, phone, country, campaign, at, int(Decimal(amount) * 100), order),
                blake2b(f"{key}\0order-{order}".encode(), digest_size=16).hexdigest(),
                blake2b(f"{key}\0created-{own}".encode(), digest_size=16).hexdigest(),
                number,
                words,
            )


def copy(cursor: "object", table: str, rows: list[tuple[object, ...]]) -> None:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    buffer.seek(0)
    cursor.copy_expert(f"COPY {table} FROM STDIN (FORMAT csv)", buffer, 1 << 20)  # type: ignore[attr-defined]


def limit(path: Path, batch: str) -> None:
    source = Source.objects.create(key=batch, name=batch, kind=SourceKind.IMPORT)
    with connection.cursor() as cursor:
        cursor.execute("SELECT key, id FROM contacts_eventtype WHERE key IN ('order_completed', 'contact_created')")
        types = dict(cursor.fetchall())
        values: dict[str, str | int] = {"source": batch, "source_id": source.pk}
        values |= {"order": types["order_completed"], "created": types["contact_created"]}
        cursor.execute(STAGE)
        rows = checked(path, batch)
        while chunk := list(islice(rows, CHUNK)):
            with transaction.atomic():
                copy(cursor, "stage", chunk)
                cursor.execute(UPSERT, values)


def bare(path: Path, batch: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(STAGE)
        cursor.execute("SELECT to_regclass('bare') IS NULL")
        if cursor.fetchone()[0]:
            cursor.execute("CREATE TEMP TABLE bare AS SELECT * FROM stage")
            cursor.execute("CREATE UNIQUE INDEX ON bare (email)")
        rows = checked(path, batch)
        while chunk := list(islice(rows, CHUNK)):
            with transaction.atomic():
                copy(cursor, "stage", chunk)
                cursor.execute(
                    "INSERT INTO bare SELECT * FROM stage ON CONFLICT (email) DO UPDATE SET name = excluded.name"
                )


def product(path: Path, batch: str) -> None:
    run = import_file(path=path, mapping=read_mapping(MAPPING.format(source=batch)))
    assert run.created == run.rows_read, run.rejects.first()


def again(path: Path, batch: str) -> None:
    run = import_file(path=path, mapping=read_mapping(MAPPING.format(source=batch)))
    assert run.unchanged == run.rows_read


def measured(what: Callable[[Path, str], None], path: Path, batch: str, rows: int) -> float:
    began, memory = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu = time.process_time()
    what(path, batch)
    seconds = time.perf_counter() - began
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
    line = {
        "what": what.__name__,
        "rows": rows,
        "rows_per_second": round(rows / seconds),
        "cpu_us_per_row": round((time.process_time() - cpu) / rows * 1e6, 1),
        "more_memory_mib": round(more / 1024, 1),
    }
    print(json.dumps(line), flush=True)
    return rows / seconds


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=200_000)
    options.add_argument("--pairs", type=int, default=3)
    asked = options.parse_args()
    install_catalogue()
    speeds: dict[str, list[float]] = {"product": [], "limit": [], "bare": []}
    with tempfile.TemporaryDirectory() as folder:
        for pair in range(asked.pairs):
            for what in (product, limit, bare):
                path, batch = Path(folder) / f"{what.__name__}.csv", f"{what.__name__}-{pair}"
                write_file(path, asked.rows, batch)
                speeds[what.__name__].append(measured(what, path, batch, asked.rows))
                if what is product:
                    measured(again, path, batch, asked.rows)
    middle = {name: statistics.median(found) for name, found in speeds.items()}
    ratios = {f"of_{name}": round(middle["product"] / middle[name], 3) for name in ("limit", "bare")}
    print(json.dumps({"what": "ratio", "pairs": asked.pairs, **ratios}))


if __name__ == "__main__":
    main()
