"""POST /api/v1/events: a plain Django view, for here every request counts."""

from collections.abc import Sequence
from typing import Final

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from rest.access import admit
from rest.answers import answer
from rest.limits import tell_allowance
from rest.problems import FieldError, Problem
from rest.strict_json import MalformedJson, Reading, fault_in, read
from rest.telling import told, told_of

from .doors import body_of, refuse_when_overloaded, with_second_try
from .ingest import take_in
from .messages import Message
from .models import Source
from .quarantine import Kept, QuarantineFull, keep
from .reading import malformed, refused, said_in
from .repeats import note_repeats
from .results import Result
from .settling import Terms
from .sources import source_of
from .telling import tell

ENDPOINT: Final = "events"
MOST_MESSAGES: Final = 500


class Answer(msgspec.Struct):
    results: Sequence[Result]


def event_intake(request: HttpRequest) -> HttpResponse:
    """Record one event, or a list of up to 500; 200 with a result for each, in order."""
    refuse_when_overloaded()
    principal = admit(request, "events:write")
    _refuse_other_types(request)
    terms = Terms(source_of(principal), endpoint=ENDPOINT)
    body = body_of(request)
    said = _said(terms.source, body)
    try:
        results = with_second_try(lambda: take_in(terms, said))
    except QuarantineFull:
        raise Problem("quarantine-full", headers={"Retry-After": "3600"}) from None
    note_repeats(terms.source, results)
    said_back = tell(results)
    response = answer(Answer([_discreet(result) for result in said_back] if terms.source.is_public else said_back))
    tell_allowance(request, response)
    return response


def _said(source: Source, body: bytes) -> list[Message | Kept]:
    try:
        reading = read(body)
    except MalformedJson as error:
        refusal = malformed(error)
        keep(source, [Kept(body, refusal)], endpoint=ENDPOINT)
        raise Problem("malformed-json", told(refusal.detail, refusal.values), offset=error.offset) from None
    if not isinstance(reading.value, list):
        _refuse_faulty(source, body, reading)
        return [said_in(reading.value, is_clean=True)]
    if len(reading.value) > MOST_MESSAGES:
        raise Problem("too-large", _("At most %d events at once.") % MOST_MESSAGES)
    return [said_in(item, is_clean=reading.is_clean) for item in reading.value]


def _refuse_faulty(source: Source, body: bytes, reading: Reading) -> None:
    """A single event with a value that can't be kept is as good as malformed; in a list only the item is refused."""
    fault = None if reading.is_clean else fault_in(reading.value)
    if fault:
        keep(source, [Kept(body, refused(fault))], endpoint=ENDPOINT)
        words = told_of(fault)
        raise Problem("malformed-json", words, errors=[FieldError(fault.pointer, fault.code, words)])


def _discreet(result: Result) -> Result:
    """A public key learns nothing of who we know."""
    return Result(
        status=result.status,
        message_id=result.message_id,
        reason=result.reason,
        pointer=result.pointer,
        detail=result.detail,
        values=result.values,
    )


def _refuse_other_types(request: HttpRequest) -> None:
    kind = (request.content_type or "").lower()
    charset = (request.content_params or {}).get("charset", "utf-8").strip("\"'").lower()
    if kind != "application/json" or charset not in {"utf-8", "utf8"}:
        raise Problem("unsupported-media-type", headers={"Accept-Post": "application/json"})
