"""How many requests a minute a key, or an address, may make. Where Valkey, which counts them, is away, all may."""

import time
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Final

import redis
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from rest.problems import Problem
from rest.valkey import Aside
from staff.models import ApiKey
from staff.policy import Principal

WINDOW: Final = 60
_counts: Final = Aside("requests are not counted")


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
    if principal.key.is_public:
        _limit_network(request, principal.key)
    allowance = _count(str(principal.key.pk), settings.API_RATE_LIMIT)
    if allowance is None:
        return
    request.allowance = allowance  # type: ignore[attr-defined]
    if allowance.is_spent:
        raise Problem("rate-limited", headers={"Retry-After": str(allowance.seconds_left)})


def _limit_network(request: HttpRequest, key: ApiKey) -> None:
    """Whoever reads a public key on a page may not spend what all visitors of the page have together."""
    most = settings.PUBLIC_KEY_RATE_LIMIT
    allowance = _count(f"{key.pk}:{network_of(request.META.get('REMOTE_ADDR', ''))}", most) if most else None
    if allowance and allowance.is_spent:
        request.allowance = allowance  # type: ignore[attr-defined]
        raise Problem("rate-limited", headers={"Retry-After": str(allowance.seconds_left)})


def asks_too_often(request: HttpRequest, what: str, *, most: int) -> bool:
    """Count this request against its address, for doors without a key: whether it is one too many in this minute."""
    allowance = _count(f"{what}:{network_of(request.META.get('REMOTE_ADDR', ''))}", most)
    return allowance is not None and allowance.is_spent


def network_of(address: str) -> str:
    """What one customer of a provider holds: of IPv6 the whole /64, in which everybody makes addresses as they like."""
    try:
        read = ip_address(address)
    except ValueError:
        return address
    if isinstance(read, IPv4Address):
        return str(read)
    return str(read.ipv4_mapped or IPv6Network((read, 64), strict=False).network_address)


def tell_allowance(request: HttpRequest, response: HttpResponseBase) -> None:
    allowance = getattr(request, "allowance", None)
    if isinstance(allowance, Allowance):
        for name, value in allowance.headers().items():
            response.headers[name] = value


def _count(who: str, limit: int) -> Allowance | None:
    window, into_it = divmod(int(time.time()), WINDOW)
    used = _counts.ask(partial(_one_more, f"polku:rate:{who}:{window}"))
    return None if used is None else Allowance(limit=limit, used=used, seconds_left=WINDOW - into_it)


def _one_more(name: str, server: redis.Redis) -> int:
    with server.pipeline(transaction=True) as together:
        together.incr(name)
        together.expire(name, 2 * WINDOW)
        used, _set = together.execute()
    return int(used)
