"""One import, in a process of its own: how many rows a second, and how much more memory.

    POLKU_STATE=... python -m benchmarks.import_run product|limit FILE SOURCE

`limit` is the smallest honest loop: it reads the CSV, checks address, number and country, COPYs a chunk and upserts it
into one table by the address, durable chunk by chunk. It keeps no history, no search, no report and cannot go on.
"""

import csv
import io
import json
import re
import resource
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import django

django.setup()

from django.db import connection, transaction  # noqa: E402  (Django stands only now)

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
UPSERT = """
INSERT INTO bench_person (email, name, phone, country, company) SELECT email, name, phone, country, company FROM stage
ON CONFLICT (lower(email)) DO UPDATE
   SET name = excluded.name, phone = excluded.phone, country = excluded.country, company = excluded.company
"""


def product(path: Path, source: str) -> int:
    run = import_file(path=path, mapping=read_mapping(MAPPING.format(source=source)))
    assert run.created == run.rows_read, run.rejects.first()
    return run.rows_read


def limit(path: Path, _source: str) -> int:
    count = 0
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE stage (email text, name text, phone text, country text, company text)")
        rows = checked(path)
        while chunk := list(islice(rows, CHUNK)):
            buffer = io.StringIO()
            csv.writer(buffer).writerows(chunk)
            buffer.seek(0)
            with transaction.atomic():
                cursor.execute("TRUNCATE stage")
                cursor.copy_expert("COPY stage FROM STDIN (FORMAT csv)", buffer, 1 << 20)
                cursor.execute(UPSERT)
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


def main() -> None:
    what, path, source = sys.argv[1:]
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    rows = {"product": product, "limit": limit}[what](Path(path), source)
    seconds = time.perf_counter() - began
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(json.dumps({"rows": rows, "seconds": seconds, "more_memory_mib": round(more, 1)}))


if __name__ == "__main__":
    main()
