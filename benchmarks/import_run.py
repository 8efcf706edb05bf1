"""One import, in a process of its own: how many rows in how many seconds, and the memory it had before.

    POLKU_STATE=... python -m benchmarks.import_run product|limit|table FILE SOURCE

`limit` is the least code that writes the same: it reads the CSV, checks address, number and country, and COPYs a chunk
to where six statements make of it, in one transaction, people with their search words, the addresses they are known by,
what was told of them, and marks to be folded. It keeps no report, cannot go on or be undone, and its tables have only
the indexes without which they would be of no use. `table` does less than is asked: it upserts one table by the address.
"""

import csv
import io
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import django

django.setup()

from django.db import connection, transaction  # noqa: E402  (Django stands only now)

from benchmarks.house import proportional_memory  # noqa: E402
from contacts.importing import import_file, read_mapping  # noqa: E402

CHUNK = 4_000
MAPPING = """
[source]
key = "{source}"

[contact]
email = "email"

[contact.attributes]
name = "name"
phone = "phone"
country = "country"
company = "company"
"""
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
PHONE = re.compile(r"\+\d{7,15}")
STAGE = """
CREATE TEMP TABLE stage (email text, name text, phone text, country text, company text, words text, is_new bool
                         DEFAULT true, id bigint DEFAULT nextval('bench_person_id_seq'))
"""
WRITE = """
UPDATE stage SET id = known.person_id, is_new = false FROM bench_identity known WHERE known.email = stage.email;
UPDATE bench_person person SET name = stage.name, phone = stage.phone, country = stage.country,
       company = stage.company, search = array_to_tsvector(string_to_array(words, ' '))
  FROM stage WHERE person.id = stage.id AND NOT is_new;
INSERT INTO bench_person (id, name, phone, country, company, search)
SELECT id, name, phone, country, company, array_to_tsvector(string_to_array(words, ' ')) FROM stage WHERE is_new;
INSERT INTO bench_identity (email, person_id) SELECT email, id FROM stage WHERE is_new;
WITH told AS (
    INSERT INTO bench_told (key, person_id, occurred_at, properties)
    SELECT md5(%(source)s || email)::uuid, id, now(),
           jsonb_build_object('name', name, 'phone', phone, 'country', country, 'company', company)
      FROM stage
        ON CONFLICT (key) DO NOTHING RETURNING id, person_id)
INSERT INTO bench_mark (person_id, told_id) SELECT person_id, id FROM told
"""
UPSERT = """
INSERT INTO bench_row (email, name, phone, country, company) SELECT email, name, phone, country, company FROM stage
ON CONFLICT (lower(email)) DO UPDATE
   SET name = excluded.name, phone = excluded.phone, country = excluded.country, company = excluded.company
"""


def product(path: Path, source: str) -> int:
    run = import_file(path=path, mapping=read_mapping(MAPPING.format(source=source)))
    assert run.created == run.rows_read, run.rejects.first()
    return run.rows_read


def limit(path: Path, source: str) -> int:
    columns = "email, name, phone, country, company, words"
    return staged(((*row, words(row)) for row in checked(path)), columns, WRITE, source)


def table(path: Path, source: str) -> int:
    return staged(checked(path), "email, name, phone, country, company", UPSERT, source)


def staged(rows: Iterator[tuple[str, ...]], columns: str, write: str, source: str) -> int:
    count = 0
    with connection.cursor() as cursor:
        cursor.execute(STAGE)
        while chunk := list(islice(rows, CHUNK)):
            buffer = io.StringIO()
            csv.writer(buffer).writerows(chunk)
            buffer.seek(0)
            with transaction.atomic():
                cursor.execute("TRUNCATE stage")
                cursor.copy_expert(f"COPY stage ({columns}) FROM STDIN (FORMAT csv)", buffer, 1 << 20)
                cursor.execute(write, {"source": source})
            count += len(chunk)
    return count


def checked(path: Path) -> Iterator[tuple[str, ...]]:
    with path.open(newline="") as file:
        rows = csv.reader(file)
        next(rows)
        for email, name, phone, country, company in rows:
            assert EMAIL.fullmatch(email)
            assert PHONE.fullmatch(phone)
            assert len(country) == 2
            yield email.lower(), name, phone, country, company


def words(row: tuple[str, ...]) -> str:
    """As many as the product finds people by."""
    email, name, phone, _country, company = row
    local, _at, domain = email.partition("@")
    home = phone[4:]
    return f"{name} {company} @{email} {local.replace('.', ' ')} {domain} {phone[1:]} {home} 0{home}".lower()


def main() -> None:
    what, path, source = sys.argv[1:]
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    before, began = proportional_memory(os.getpid())["runner"], time.perf_counter()
    rows = {"product": product, "limit": limit, "table": table}[what](Path(path), source)
    seconds = time.perf_counter() - began
    print(json.dumps({"rows": rows, "seconds": seconds, "memory_before_mib": before}))


if __name__ == "__main__":
    main()
