"""The Segment HTTP API: whoever speaks to Segment can speak to us. Plain views; never a 4xx for a passing fault."""

import json
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from rest.answers import answer
from rest.authentication import presented_key, principal_of, require_scope
from rest.limits import limit_rate
from rest.problems import Problem, json_view, require_method
from rest.strict_json import MalformedJson, Reading, read
from rest.telling import told
from staff.keys import find_key
from staff.policy import Principal

from .doors import body_of, refuse_when_overloaded, with_second_try
from .ingest import take_in
from .messages import Message, Refusal
from .quarantine import Kept, QuarantineFull, keep
from .reading import malformed, refuse_faulty
from .repeats import note_repeats
from .segment import KINDS, LETTERS, message_of
from .settling import Terms
from .sources import source_of

ENDPOINT: Final = "segment"
MOST_CALLS: Final = 2500
_BATCHES: Final = frozenset({"batch", "import", "b"})
# Browsers of other sites read our answers; they carry no cookie and tell nothing.
_FOR_ALL_SITES: Final = {"Cross-Origin-Resource-Policy": "cross-origin"}


@json_view
def segment_call(request: HttpRequest, name: str) -> HttpResponse:
    """One call or a batch, by its long or its short name. 200 once it is kept, whatever is in it."""
    kind = LETTERS.get(name, name)
    if kind not in KINDS | _BATCHES:
        raise Problem("not-found")
    require_method(request, "POST")
    refuse_when_overloaded()
    secret = presented_key(request)
    principal = principal_of(secret) if secret else None
    body = body_of(request)
    reading = _reading(principal, body)
    principal = principal or principal_of(_write_key(reading.value))
    limit_rate(request, principal)
    require_scope(principal, "events:write")
    terms = Terms(source_of(principal), endpoint=ENDPOINT)
    said = _said(reading, None if kind in _BATCHES else kind)
    try:
        results = with_second_try(lambda: take_in(terms, said))
    except QuarantineFull:
        raise Problem("quarantine-full", headers={"Retry-After": "300"}) from None
    note_repeats(terms.source, results)
    return answer({"success": True}, headers=_FOR_ALL_SITES)


@json_view
def segment_settings(request: HttpRequest, key: str) -> HttpResponse:
    """What the browser client asks for before it sends: only that it shall send to us."""
    require_method(request, "GET", "HEAD")
    if find_key(key) is None:
        raise Problem("not-found")
    host = request.build_absolute_uri("/v1").partition("://")[2]
    return answer({"integrations": {"Segment.io": {"apiKey": key, "apiHost": host}}}, headers=_FOR_ALL_SITES)


def _reading(principal: Principal | None, body: bytes) -> Reading:
    try:
        reading = read(body)
    except MalformedJson as error:
        refusal = malformed(error)
        if principal and principal.may("events:write"):
            _keep_malformed(principal, body, refusal)
        raise Problem("malformed-json", told(refusal.detail, refusal.values), offset=error.offset) from None
    if not isinstance(reading.value, dict):
        raise Problem("malformed-json", _("A call is a JSON object."))
    return reading


def _keep_malformed(principal: Principal, body: bytes, refusal: Refusal) -> None:
    try:
        keep(source_of(principal), [Kept(body, refusal)], endpoint=ENDPOINT)
    except QuarantineFull:
        raise Problem("quarantine-full", headers={"Retry-After": "300"}) from None


def _write_key(value: dict[str, Any]) -> str:
    key = value.get("writeKey")
    return key if isinstance(key, str) else ""


def _said(reading: Reading, kind: str | None) -> list[Message | Kept]:
    envelope = reading.value
    if kind:
        return [_said_in(envelope, reading.is_clean, kind, envelope.get("sentAt"))]
    calls = envelope.get("batch")
    if not isinstance(calls, list):
        raise Problem("malformed-json", _("A batch has a list of calls under the name batch."))
    if len(calls) > MOST_CALLS:
        raise Problem("too-large", _("At most %d calls at once.") % MOST_CALLS)
    context = envelope.get("context")
    return [_said_in(_within(call, context), reading.is_clean, None, envelope.get("sentAt")) for call in calls]


def _within(call: Any, context: Any) -> Any:
    """A call without a context of its own has that of its batch."""
    if isinstance(call, dict) and isinstance(context, dict) and not call.get("context"):
        return {**call, "context": context}
    return call


def _said_in(call: Any, is_clean: bool, kind: str | None, sent_at: Any) -> Message | Kept:
    try:
        if not is_clean:
            refuse_faulty(call)
        return message_of(call, kind=kind, sent_at=sent_at)
    except Refusal as refusal:
        raw = {**call, "type": kind or call.get("type"), "sentAt": sent_at} if isinstance(call, dict) else call
        return Kept(json.dumps(raw, ensure_ascii=False).encode(), refusal, _id_of(call))


def _id_of(call: Any) -> str:
    message_id = call.get("messageId") if isinstance(call, dict) else None
    return message_id if isinstance(message_id, str) else ""
