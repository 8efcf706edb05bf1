"""How fast do marks become moves? Fills an EMPTY database, then drains marks with some worker processes.

    DATABASE_URL=... python -m benchmarks.advance_probe --contacts 200000 --events 300000 --workers 2

`--fresh` times the contacts' first events too, else everybody has a position already when the clock starts.
"""

import argparse
import cProfile
import json
import os
import time
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any

import django

django.setup()

from django.db import connection, connections  # noqa: E402  (Django stands only now)

from contacts.catalogue import install_catalogue  # noqa: E402
from funnel import attempts  # noqa: E402
from funnel.advancing import advance_everything, advance_pending  # noqa: E402
from funnel.services import install_path  # noqa: E402

# in real traffic most events move nobody
TYPES = {
    "page_viewed": 62,
    "email_opened": 12,
    "email_clicked": 6,
    "ad_clicked": 6,
    "content_downloaded": 4,
    "form_submitted": 3,
    "order_completed": 5,
    "order_refunded": 1,
    "feedback_given": 1,
}

CONTACTS = """
    INSERT INTO contacts_contact (id, leader_id, is_known, name, emails, phones, title, country, language, time_zone,
        custom, origin_source_id, origin_campaign, origin_note, created_at, updated_at, version, sort_key)
    SELECT n, n, n %% 3 > 0, 'Person ' || n, '{}', '{}', '', 'FI', 'fi', '', '{}', s.id, '', '', now(), now(), 1,
           n::text
      FROM generate_series(1, %(contacts)s) n, LATERAL (SELECT id FROM contacts_source ORDER BY id LIMIT 1) s
"""
EVENTS = """
    INSERT INTO contacts_event (contact_id, occurred_at, recorded_at, value_minor, type_id, source_id, rank, key,
        digest, currency, message_id, properties)
    SELECT contact, now() - %(days_ago)s * interval '1 day' + n * %(apart)s * interval '1 second', now(),
           CASE WHEN t.key LIKE 'order%%' THEN 1000 + n %% 5000 END, t.id, s.id, t.rank,
           md5(%(salt)s || n)::uuid, n, CASE WHEN t.key LIKE 'order%%' THEN 'EUR' END, %(salt)s || n,
           CASE WHEN t.key LIKE 'order%%' THEN jsonb_build_object('order_id', 'o' || n)
                WHEN t.key = 'feedback_given' THEN '{"score": 9}'
                ELSE jsonb_build_object('url', 'https://example.com/page/' || n %% 1000, 'title', 'A page') END
      FROM (SELECT n, CASE WHEN %(each)s THEN n ELSE 1 + floor(power(random(), 1.5) * %(contacts)s)::bigint END contact,
                   (%(types)s::text[])[1 + floor(random() * 100)::int] AS key
              FROM generate_series(1, %(events)s) n) drawn
      JOIN contacts_eventtype t USING (key), LATERAL (SELECT id FROM contacts_source ORDER BY id LIMIT 1) s
     ORDER BY n
"""
MARKS = """
    INSERT INTO contacts_pending (contact_id, event_id, reason) SELECT contact_id, id, 0 FROM contacts_event
     WHERE id > %s ORDER BY id
"""


def main() -> None:
    options = parse()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM contacts_contact")
        if cursor.fetchone()[0]:
            raise SystemExit("The database is not empty; this probe fills it with people who do not exist.")
    install_catalogue()
    install_path()
    run(CONTACTS, {"contacts": options.contacts})
    if not options.fresh:
        add_events(options.contacts, options.contacts, days_ago=30, apart=0.1, salt="first", each=True)
        vacuum()
        say("first events", drain(options.workers, 4000), options.contacts)
    add_events(options.events, options.contacts, days_ago=2, apart=0.1, salt="then", each=False)
    vacuum()
    if options.profile:
        profiler = cProfile.Profile()
        profiler.runcall(work, options.batch)
        profiler.print_stats("tottime")
    else:
        say("events", drain(options.workers, options.batch), options.events)
    advance_everything()


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contacts", type=int, default=200_000)
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--batch", type=int, default=4000)
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--profile", action="store_true")
    return parser.parse_args()


def add_events(events: int, contacts: int, *, days_ago: int, apart: float, salt: str, each: bool) -> None:
    types = [key for key, share in TYPES.items() for _ in range(share)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM contacts_event")
        last = cursor.fetchone()[0]
    parameters = {
        "events": events,
        "contacts": contacts,
        "days_ago": days_ago,
        "apart": apart,
        "salt": salt,
        "each": each,
    }
    run(EVENTS, parameters | {"types": types})
    run(MARKS, [last])


def run(query: str, parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)


def vacuum() -> None:
    run("VACUUM ANALYZE", None)


def drain(workers: int, batch: int) -> float:
    """Seconds until no mark is left, worked off by so many processes; says what they used of the processors."""
    connections.close_all()
    before, began = getrusage(RUSAGE_CHILDREN), time.perf_counter()
    children = []
    for _ in range(workers):
        child = os.fork()
        if child == 0:
            work(batch)
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    seconds, used = time.perf_counter() - began, getrusage(RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"python_cpu_seconds": round(cpu, 2)}))
    return seconds


def work(batch: int) -> None:
    with attempts.noting_beside():
        while advance_pending(limit=batch):
            pass


def say(what: str, seconds: float, events: int) -> None:
    print(json.dumps({"what": what, "seconds": round(seconds, 2), "events_per_second": round(events / seconds)}))


if __name__ == "__main__":
    main()
