"""What every door of intake does before it reads what is said: overload, who speaks, and the bytes of the body."""

import logging
import shutil
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Final, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, UnreadablePostError

from rest.problems import Problem, most_at_once
from staff import audit
from staff.policy import Principal

from .sources import source_of

logger = logging.getLogger(__name__)

LARGEST_BODY: Final = 500 * 1024
_CHUNK: Final = 64 * 1024
_SECONDS_TO_SEND: Final = 15
_MOST_LET_GO: Final = 16 * 1024 * 1024


def require_trusted(principal: Principal) -> None:
    """What a public key may not do, whatever its scopes; that it tried goes on record."""
    if principal.key and source_of(principal).is_public:
        audit.record(by=principal, action="refused", scope="trusted")
        raise Problem("forbidden")


Answer = TypeVar("Answer")


def with_second_try(work: Callable[[], Answer]) -> Answer:
    """`work` on our connection; where that turns out to be dead, once more on a new one. Only for what may be repeated.

    It saves asking before each request whether the connection lives, which costs as much as recording an event.
    """
    connection.health_check_done = True  # type: ignore[attr-defined]
    try:
        return work()
    except (OperationalError, InterfaceError):
        if connection.in_atomic_block or connection.connection is None or not connection.connection.closed:
            raise
        connection.close()
        return work()


# --- Overload ---------------------------------------------------------------------------------------------------------

_SECONDS_BETWEEN_LOOKS: Final = 2.0
_looked_at = float("-inf")
_is_overloaded = False


def refuse_when_overloaded() -> None:
    """Better refuse before reading than accept what we could not keep: the backlog or the disk is over its limit."""
    global _looked_at, _is_overloaded
    if time.monotonic() - _looked_at > _SECONDS_BETWEEN_LOOKS:
        _is_overloaded = _backlog() > settings.INTAKE_BACKLOG_LIMIT or _disk_used() > settings.INTAKE_DISK_LIMIT
        _looked_at = time.monotonic()
    if _is_overloaded:
        raise Problem("unavailable", headers={"Retry-After": "30"})


def _backlog() -> int:
    """About how many marks wait to be folded; counting them would cost more the more there are."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_get_live_tuples('contacts_pending'::regclass)")
        [marks] = cursor.fetchone()
    return int(marks)


def _disk_used() -> float:
    """The part of the disk under our state folder that is taken."""
    if not settings.STATE.exists():
        return 0.0
    usage = shutil.disk_usage(settings.STATE)
    return usage.used / (usage.used + usage.free)


# --- The body ---------------------------------------------------------------------------------------------------------


def body_of(request: HttpRequest) -> bytes:
    """The body, out of its gzip; never holds more than LARGEST_BODY of it. Raises Problem (413, 415, 400, 408)."""
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip"}:
        raise Problem("unsupported-media-type", headers={"Accept-Encoding": "gzip"})
    length = request.headers.get("Content-Length", "")
    if length.isascii() and length.isdigit() and int(length) > LARGEST_BODY:
        raise _too_large(request)
    try:
        chunks = _chunks(request)
        return unzipped(chunks) if encoding == "gzip" else _joined(chunks)
    except TooMuch:
        raise _too_large(request) from None
    except NotGzip:
        raise Problem("malformed-json", "The body is not valid gzip.") from None
    except (UnreadablePostError, TimeoutError):
        raise Problem("timeout") from None


class TooMuch(Exception):
    """More than we take at once."""


class NotGzip(Exception):
    """Bytes that are no gzip, or not one whole stream of it."""


def unzipped(chunks: Iterable[bytes]) -> bytes:
    """What gzip holds, read no further than LARGEST_BODY however far it would expand."""
    inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    body = b""
    for chunk in chunks:
        try:
            body += inflater.decompress(chunk, LARGEST_BODY + 1 - len(body))
        except zlib.error:
            raise NotGzip from None
        if len(body) > LARGEST_BODY:
            raise TooMuch
    if not inflater.eof or inflater.unused_data:
        raise NotGzip
    return body


def _joined(chunks: Iterable[bytes]) -> bytes:
    body = b""
    for chunk in chunks:
        body += chunk
        if len(body) > LARGEST_BODY:
            raise TooMuch
    return body


def _chunks(request: HttpRequest) -> Iterator[bytes]:
    until = time.monotonic() + _SECONDS_TO_SEND
    # Django reads as much as Content-Length says; a body sent in chunks says nothing
    stream = request.META["wsgi.input"] if "Transfer-Encoding" in request.headers else request
    while chunk := stream.read(_CHUNK):
        yield chunk
        if time.monotonic() > until:
            raise TimeoutError


def _too_large(request: HttpRequest) -> Problem:
    logger.warning("body too large", extra={"length": request.headers.get("Content-Length")})
    _let_go(request)
    return Problem("too-large", most_at_once(LARGEST_BODY))


def _let_go(request: HttpRequest) -> None:
    """Read on what is being sent, unless there is no end of it: who is cut off while sending never sees the answer."""
    left = _MOST_LET_GO
    with suppress(UnreadablePostError, TimeoutError):
        for chunk in _chunks(request):
            left -= len(chunk)
            if left < 0:
                return
