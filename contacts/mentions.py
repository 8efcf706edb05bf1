"""Texts that came from outside and may speak of a person: found and emptied when the person is erased."""

import re
from collections.abc import Sequence
from typing import Final

import msgspec
from django.db import connection
from django.db.models.functions import Coalesce, Now

from rest.models import IdempotentAnswer

from .models import Contact, Identity, Quarantine
from .traces import Traces, traces_of

AT_ONCE: Final = 500
GONE: Final = '{"type": "/api/problems/gone", "title": "The person was erased.", "status": 410}'


def traces_in(members: Sequence[int]) -> Traces:
    """By what the person of these contacts may be recognised, as long as we still know it."""
    rows = list(Contact.objects.filter(pk__in=members).values("name", "emails", "phones"))
    said = _ever_said(members)
    return traces_of(
        contacts=members,
        ids=Identity.objects.filter(contact__in=members).values_list("kind", "namespace", "value"),
        emails=[email for row in rows for email in row["emails"]] + said["emails"],
        phones=[phone for row in rows for phone in row["phones"]] + said["phones"],
        names=[row["name"] for row in rows] + said["names"],
    )


_SAID: Final = """
SELECT said.key, CASE jsonb_typeof(said.value) WHEN 'array' THEN said.value ELSE jsonb_build_array(said.value) END
  FROM contacts_event, jsonb_each(properties) AS said
 WHERE contact_id = ANY(%s::bigint[]) AND said.key IN ('name', 'email', 'emails', 'phone', 'phones')
"""


def _ever_said(members: Sequence[int]) -> dict[str, list[str]]:
    """Names, addresses and numbers of earlier days too."""
    said: dict[str, list[str]] = {"names": [], "emails": [], "phones": []}
    with connection.cursor() as cursor:
        cursor.execute(_SAID, [list(members)])
        for key, values in cursor.fetchall():
            texts = values if isinstance(values, list) else msgspec.json.decode(values)
            said[key if key.endswith("s") else f"{key}s"] += [text for text in texts if isinstance(text, str)]
    return said


def forget_mentions(traces: Traces, members: Sequence[int]) -> None:
    """Empty what speaks of the person: rows stay, and say that something was there."""
    _forget_quarantine(traces, members)
    _forget_answers(traces)
    patterns = ["%" + _WILD.sub(r"\\\g<0>", word) + "%" for word in traces.words()]
    with connection.cursor() as cursor:
        for statement in _EMPTYING:
            cursor.execute(statement, {"patterns": patterns or [""], "members": list(members)})


_WILD: Final = re.compile(r"[%_\\]")
_EMPTYING: Final = (
    """
    UPDATE contacts_importreject SET raw = '', detail = '', values = '{}'
     WHERE lower(concat(raw, detail, values)) LIKE ANY(%(patterns)s)
    """,
    "UPDATE contacts_import SET failure = '' WHERE lower(failure) LIKE ANY(%(patterns)s)",
    "UPDATE contacts_import SET foreseen = NULL WHERE lower(foreseen::text) LIKE ANY(%(patterns)s)",
    "UPDATE contacts_import SET file_name = '' WHERE lower(file_name) LIKE ANY(%(patterns)s)",
    "UPDATE contacts_savedview SET words = '' WHERE lower(words) LIKE ANY(%(patterns)s)",
    "UPDATE contacts_savedview SET filter = NULL WHERE lower(filter::text) LIKE ANY(%(patterns)s)",
    "UPDATE contacts_job SET choice = '{}' WHERE state <> 'running' AND lower(choice::text) LIKE ANY(%(patterns)s)",
    """
    UPDATE contacts_jobchunk SET "left" = (
           SELECT coalesce(jsonb_agg(CASE WHEN (one ->> 0)::bigint = ANY(%(members)s::bigint[])
                                          THEN jsonb_build_array(one -> 0, one -> 1, '') ELSE one END), '[]')
             FROM jsonb_array_elements("left") AS one)
     WHERE "left" <> '[]'
    """,
)


# What came under the same id as one of their events is another body of the same message.
_SAME_MESSAGE: Final = """
SELECT q.id FROM contacts_quarantine q
  JOIN contacts_event e ON e.source_id = q.source_id AND e.message_id = q.message_id
 WHERE e.contact_id = ANY(%s::bigint[])
"""


def _forget_quarantine(traces: Traces, members: Sequence[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_SAME_MESSAGE, [list(members)])
        theirs = [row[0] for row in cursor.fetchall()]
    kept = Quarantine.objects.filter(event=None).exclude(raw=b"", detail="")
    told = kept.values_list("pk", "raw", "detail", "values", "source__key")
    for number, raw, detail, values, source in told.iterator(AT_ONCE):
        if traces.are_said_in(bytes(raw), source) or traces.are_in(f"{detail} {values}"):
            theirs.append(number)
    Quarantine.objects.filter(pk__in=theirs).update(
        raw=b"", detail="", values={}, message_id="", replayed_at=Coalesce("replayed_at", Now())
    )


def _forget_answers(traces: Traces) -> None:
    """A repetition of the request is told that they are gone."""
    answers = IdempotentAnswer.objects.values_list("pk", "key", "body").iterator(AT_ONCE)
    theirs = [pk for pk, key, body in answers if traces.are_said_in(body.encode()) or traces.are_in(key)]
    IdempotentAnswer.objects.filter(pk__in=theirs).update(status=410, headers={}, body=GONE)
