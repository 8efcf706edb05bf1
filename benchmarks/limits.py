"""The limits: the least code that does the same durable work, on the same machine, database and server.

`application` is a plain Django view without authentication, identities, history or rules: it decodes the body and
inserts the events, or reads some rows and renders them. `drain_queue` is an SQL loop that moves contacts by one fixed
table of moves.
"""

import os
import sys
from functools import cache
from hashlib import blake2b
from typing import Any
from uuid import UUID

import django
import environ
import msgspec
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path

TABLES = """
    DROP TABLE IF EXISTS bench_event, bench_queue, bench_contact, bench_move;
    CREATE TABLE bench_event (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key uuid NOT NULL UNIQUE, contact_id bigint NOT NULL,
        type text NOT NULL, occurred_at timestamptz NOT NULL, properties jsonb NOT NULL);
    CREATE INDEX ON bench_event (contact_id, occurred_at);
    CREATE TABLE bench_contact (id bigint PRIMARY KEY, stage smallint NOT NULL DEFAULT 1) WITH (fillfactor = 70);
    CREATE TABLE bench_queue (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, contact_id bigint NOT NULL, event_id bigint NOT NULL,
        target smallint);
    CREATE TABLE bench_move (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, contact_id bigint NOT NULL, event_id bigint NOT NULL,
        from_stage smallint NOT NULL, to_stage smallint NOT NULL, at timestamptz NOT NULL);
    CREATE INDEX ON bench_move (contact_id);
    INSERT INTO bench_contact (id) SELECT id FROM contacts_contact;
"""

_INSERT = """
    INSERT INTO bench_event (key, contact_id, type, occurred_at, properties)
    SELECT * FROM unnest(%s::uuid[], %s::bigint[], %s::text[], %s::timestamptz[], %s::jsonb[])
    ON CONFLICT (key) DO NOTHING RETURNING id
"""


class Said(msgspec.Struct):
    message_id: str
    type: str
    occurred_at: str
    contact: dict[str, Any]
    properties: dict[str, Any]


_decoder = msgspec.json.Decoder(list[Said] | Said)


def intake(request: HttpRequest) -> HttpResponse:
    said = _decoder.decode(request.body)
    some = said if isinstance(said, list) else [said]
    rows = [
        [str(UUID(bytes=blake2b(one.message_id.encode(), digest_size=16).digest())) for one in some],
        [one.contact["id"] for one in some],
        [one.type for one in some],
        [one.occurred_at for one in some],
        [msgspec.json.encode(one.properties).decode() for one in some],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, rows)
        ids = [row[0] for row in cursor.fetchall()]
    answer = msgspec.json.encode({"results": ids})
    return HttpResponse(answer, content_type="application/json", headers={"Content-Length": str(len(answer))})


# The newest people of each stage with their names, by the same index.
_BOARD = """
    SELECT stage.id, p.contact_id, p.entered_at, p.health, p.score, c.name
      FROM unnest(ARRAY[1, 2, 3, 4, 5, 6]) AS stage (id)
     CROSS JOIN LATERAL (
           SELECT contact_id, entered_at, health, score FROM funnel_position
            WHERE stage_id = stage.id AND NOT is_visitor
            ORDER BY entered_at DESC, contact_id DESC LIMIT %s) p
      JOIN contacts_contact c ON c.id = p.contact_id
"""


def board(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute(_BOARD, [int(request.GET["cards"])])
        answer = msgspec.json.encode({"cards": cursor.fetchall()})
    return HttpResponse(answer, content_type="application/json", headers={"Content-Length": str(len(answer))})


# A page of so many people, through a template with as many lines.
_PAGE = (
    "SELECT id, name, title, country, emails[1], created_at FROM contacts_contact WHERE is_listed ORDER BY id LIMIT %s"
)
_TEMPLATE = """<!doctype html><html lang="en"><head><title>{{ title }}</title></head><body>
<nav>{% for place in places %}<a href="/{{ place }}">{{ place }}</a>{% endfor %}</nav><h1>{{ title }}</h1><table>
{% for id, name, role, country, email, at in people %}<tr{% if forloop.first %} class="is-first"{% endif %}>
<td><a href="/people/{{ id }}">{{ name }}</a></td><td>{{ role|default:"-" }}</td><td>{{ country }}</td>
<td>{{ email|truncatechars:40 }}</td><td><time datetime="{{ at|date:'c' }}">{{ at|date:'j M Y' }}</time></td></tr>
{% endfor %}</table></body></html>"""
PLACES = ("path", "today", "board", "contacts", "companies", "inbox", "strategy", "campaigns", "forms", "playbook")


@cache
def _page() -> Any:
    return engines["django"].from_string(_TEMPLATE)


def page(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute(_PAGE, [int(request.GET["rows"])])
        answer = _page().render({"title": "People", "places": PLACES, "people": cursor.fetchall()}).encode()
    return HttpResponse(answer, headers={"Content-Length": str(len(answer))})


urlpatterns = [path("events", intake), path("board", board), path("page", page)]


def serve_settings() -> None:
    """A Django of its own with nothing in it but the database."""
    settings.configure(
        SECRET_KEY="no secret here",  # noqa: S106
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="benchmarks.limits",
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        DATABASES={"default": {**database(os.environ["BENCH_DATABASE_URL"]), "CONN_MAX_AGE": 60}},
    )
    django.setup()


def database(url: str) -> dict[str, Any]:
    return dict(environ.Env.db_url_config(url))


# --- The loop: marks, ordered locks, moves, all in one commit

_TAKE = """
    WITH gone AS (DELETE FROM bench_queue WHERE id IN (
        SELECT id FROM bench_queue ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING contact_id, event_id, target)
    INSERT INTO bench_taken SELECT * FROM gone
"""
_LOCK = "SELECT id FROM bench_contact WHERE id = ANY(ARRAY(SELECT contact_id FROM bench_taken)) ORDER BY id FOR UPDATE"
_MOVE = """
    WITH last AS (
        SELECT DISTINCT ON (t.contact_id) t.contact_id, t.event_id, t.target, c.stage, e.occurred_at
          FROM bench_taken t JOIN bench_contact c ON c.id = t.contact_id JOIN contacts_event e ON e.id = t.event_id
         WHERE t.target IS NOT NULL AND t.target <> c.stage
         ORDER BY t.contact_id, e.occurred_at DESC),
    moved AS (UPDATE bench_contact c SET stage = last.target FROM last WHERE c.id = last.contact_id)
    INSERT INTO bench_move (contact_id, event_id, from_stage, to_stage, at)
    SELECT contact_id, event_id, stage, target, occurred_at FROM last
"""


def drain_queue(batch: int) -> None:
    """Work off the queue in batches, each one durable commit; begins when a line comes in."""
    serve_settings()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE bench_taken (contact_id bigint, event_id bigint, target smallint)")
        print("ready", flush=True)
        sys.stdin.readline()
        while True:
            with transaction.atomic():
                cursor.execute("DELETE FROM bench_taken")
                cursor.execute(_TAKE, [batch])
                if not cursor.rowcount:
                    return
                cursor.execute(_LOCK)
                cursor.fetchall()
                cursor.execute(_MOVE)


if __name__ == "benchmarks.limits" and "BENCH_SERVE" in os.environ:
    serve_settings()
    application = get_wsgi_application()
