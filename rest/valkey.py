"""What is kept beside the database, and may be lost: nobody waits for the server of it, or fails where it is away."""

import logging
import time
from collections.abc import Callable
from functools import cache
from typing import Final, TypeVar

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

# After a failure the server is not asked for so long: what is kept there may not slow down what it serves.
SECONDS_TO_LEAVE_ALONE: Final = 5.0
_TIMEOUT: Final = 0.1


class Aside:
    """One use of Valkey, with the words for the log when it has to do without."""

    def __init__(self, without: str) -> None:
        self.without = without
        self._left_alone_until = 0.0

    def ask(self, what: Callable[[redis.Redis], Answer]) -> Answer | None:
        """What the server answers; None where it is away."""
        if time.monotonic() < self._left_alone_until:
            return None
        try:
            return what(connected(settings.REDIS_URL))
        except redis.RedisError as error:
            self._left_alone_until = time.monotonic() + SECONDS_TO_LEAVE_ALONE
            logger.warning(self.without, extra={"error": type(error).__name__})
            return None


@cache
def connected(url: str) -> redis.Redis:
    """The pool of connections of this process."""
    return redis.Redis.from_url(
        url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT, retry=Retry(NoBackoff(), 0)
    )
