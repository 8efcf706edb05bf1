"""The oracle names every moment at which anything could change: looking at others as well finds nothing new."""

from collections.abc import Iterator
from random import Random

import pytest

from tests.oracle.comparing import disagreement, oracle
from tests.oracle.logs import Log, random_log
from tests.oracle.oracle import DAY, Telling


class LookingAtManyMore(Telling):
    """Looks at the neighbours of each turning point, at random moments and at the next midnight too."""

    def turning_points(self, now: int) -> Iterator[int]:
        for moment in super().turning_points(now):
            yield from (moment - 1, moment, moment + 1)
        yield now + Random(now).randrange(1, 3 * DAY)
        yield (now // DAY + 1) * DAY


@pytest.mark.parametrize("chunk", range(2))
def test_looking_at_more_moments_tells_the_same(chunk: int) -> None:
    logs: Iterator[Log] = (random_log(seed) for seed in range(chunk * 200, (chunk + 1) * 200))

    assert disagreement(oracle, lambda log: oracle(log, LookingAtManyMore), logs) == ""
