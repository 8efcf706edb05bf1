"""A request that carries an `Idempotency-Key` takes effect once; its repetition gets the same answer for 72 hours.

The answer is kept in the transaction of the effect, so there is never one without the other. While the first is
being worked on, its repetitions are refused by a lock that the same transaction holds. Only successes are kept: what
was refused, or failed, may be tried again under the same key.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Final

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse

from rest.models import IdempotentAnswer
from rest.problems import Problem
from staff.models import ApiKey

LONGEST_KEY: Final = 255
# headers that are part of the answer, beside those made for each response
_KEPT_HEADERS: Final = ("ETag", "Location")


def once(request: HttpRequest, api_key: ApiKey, produce: Callable[[], HttpResponse]) -> HttpResponse:
    """The answer of `produce`, or the one kept for this request's Idempotency-Key."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return produce()
    if not 0 < len(key) <= LONGEST_KEY or not key.isprintable():
        raise Problem("invalid-idempotency-key", f"It has 1 to {LONGEST_KEY} printable characters.")
    digest = _digest(request)
    with transaction.atomic():
        _lock(api_key, key)
        answers = IdempotentAnswer.objects.filter(api_key=api_key, key=key)
        answers.out_of_date().delete()
        kept = answers.first()
        if kept:
            return _again(kept, digest)
        response = produce()
        if response.status_code < 300:
            _keep(api_key, key, digest, response)
        return response


def forget_old_answers() -> int:
    """Drop the answers that may no longer be asked for; return how many."""
    return IdempotentAnswer.objects.out_of_date().delete()[0]


def _digest(request: HttpRequest) -> bytes:
    asked = f"{request.method} {request.get_full_path()}\0".encode()
    return sha256(asked + request.body).digest()


def _lock(api_key: ApiKey, key: str) -> None:
    """Hold this key until the end of the transaction; refuse when somebody else does."""
    name = sha256(f"{api_key.pk}\0{key}".encode(errors="replace")).digest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [int.from_bytes(name[:8], signed=True)])
        [is_ours] = cursor.fetchone()
    if not is_ours:
        raise Problem("request-in-progress", headers={"Retry-After": "1"})


def _again(kept: IdempotentAnswer, digest: bytes) -> HttpResponse:
    if bytes(kept.digest) != digest:
        raise Problem("idempotency-mismatch")
    return HttpResponse(
        kept.body,
        status=kept.status,
        content_type="application/json",
        headers={**kept.headers, "Idempotent-Replayed": "true"},
    )


def _keep(api_key: ApiKey, key: str, digest: bytes, response: HttpResponse) -> None:
    IdempotentAnswer.objects.create(
        api_key=api_key,
        key=key,
        digest=digest,
        status=response.status_code,
        body=response.content.decode(),
        headers={name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers},
    )
