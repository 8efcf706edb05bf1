"""How many requests a minute a key, or an address, may make. Where Valkey, which counts them, is away, all may."""

import logging
import time
from dataclasses import dataclass
from functools import cache
from typing import Final

import redis
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from redis.backoff import NoBackoff
from redis.retry import Retry

from rest.problems import Problem
from staff.policy import Principal

logger = logging.getLogger(__name__)

WINDOW: Final = 60
# After a failure Valkey is not asked for so long: a limit may not slow down what it protects.
SECONDS_TO_LEAVE_ALONE: Final = 5.0
_TIMEOUT: Final = 0.1

_left_alone_until = 0.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of the present minute."""

    limit: int
    used: int
    seconds_left: int

    @property
    def is_spent(self) -> bool:
        return self.used > self.limit

    def headers(self) -> dict[str, str]:
        """The names of the IETF draft, and those everybody knows."""
        left = max(0, self.limit - self.used)
        return {
            "RateLimit-Policy": f'"minute";q={self.limit};w={WINDOW}',
            "RateLimit": f'"minute";r={left};t={self.seconds_left}',
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset": str(self.seconds_left),
        }


def limit_rate(request: HttpRequest, principal: Principal) -> None:
    """Count this request against the key; refuse it when the minute's allowance is spent."""
    if principal.key is None or not settings.API_RATE_LIMIT:
        return
    allowance = _count(str(principal.key.pk), settings.API_RATE_LIMIT)
    if allowance is None:
        return
    request.allowance = allowance  # type: ignore[attr-defined]
    if allowance.is_spent:
        raise Problem("rate-limited", headers={"Retry-After": str(allowance.seconds_left)})


def asks_too_often(request: HttpRequest, what: str, *, most: int) -> bool:
    """Count this request against its address, for doors without a key: whether it is one too many in this minute."""
    allowance = _count(f"{what}:{request.META.get('REMOTE_ADDR', '')}", most)
    return allowance is not None and allowance.is_spent


def tell_allowance(request: HttpRequest, response: HttpResponseBase) -> None:
    allowance = getattr(request, "allowance", None)
    if isinstance(allowance, Allowance):
        for name, value in allowance.headers().items():
            response.headers[name] = value


def _count(who: str, limit: int) -> Allowance | None:
    global _left_alone_until
    if time.monotonic() < _left_alone_until:
        return None
    window, into_it = divmod(int(time.time()), WINDOW)
    name = f"polku:rate:{who}:{window}"
    try:
        with _valkey().pipeline(transaction=True) as together:
            together.incr(name)
            together.expire(name, 2 * WINDOW)
            used, _set = together.execute()
    except redis.RedisError as error:
        _left_alone_until = time.monotonic() + SECONDS_TO_LEAVE_ALONE
        logger.warning("requests are not counted", extra={"error": type(error).__name__})
        return None
    return Allowance(limit=limit, used=used, seconds_left=WINDOW - into_it)


@cache
def _valkey() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=_TIMEOUT,
        socket_connect_timeout=_TIMEOUT,
        retry=Retry(NoBackoff(), 0),
    )
