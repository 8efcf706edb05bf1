"""The drawing of the path: how wide it runs from stop to stop. Pure; all lengths are in the units of its view box."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH, HEIGHT = 1146.0, 134.0
FIRST: Final = 7.0  # where the first stop stands
WIDEST, THINNEST = 56.0, 1.5  # half the width of the ribbon
EASE: Final = 0.42  # widths are impressions, the figures stand beside them
DOWN_STEP: Final = 92.0  # from stop to stop where the path turns downwards
DOWN_WIDEST: Final = 64.0


@dataclass(frozen=True, slots=True)
class Ribbon:
    """`body` and `down` are filled, `before` are the two dashed edges of the period before."""

    stops: tuple[float, ...]
    offsets: tuple[str, ...]
    body: str
    before: tuple[str, str]
    down: str
    down_stops: tuple[float, ...]
    down_height: float

    @classmethod
    def drawn(cls, now: Sequence[int], before: Sequence[int]) -> "Ribbon":
        most = max([*now, *before, 1])
        stops = tuple(FIRST + place * (WIDTH - 0) / len(now) for place in range(len(now)))
        halves, earlier = _halves(now, most), _halves(before, most)
        down_stops = tuple(14 + place * DOWN_STEP for place in range(len(now)))
        return cls(
            stops=stops,
            offsets=tuple(f"{stop / WIDTH:.3f}" for stop in stops),
            body=_body(stops, halves),
            before=(_edge(stops, earlier, -1), _edge(stops, earlier, 1)),
            down=_down(down_stops, [half * DOWN_WIDEST / WIDEST for half in halves]),
            down_stops=down_stops,
            down_height=down_stops[-1] + 38,
        )


def _halves(counts: Sequence[int], most: int) -> list[float]:
    return [max(THINNEST, WIDEST * (count / most) ** EASE) if count else THINNEST for count in counts]


def _edge(stops: Sequence[float], halves: Sequence[float], side: int) -> str:
    middle = HEIGHT / 2
    line = f"M{stops[0]:.1f} {middle + side * halves[0]:.1f}"
    return line + _curve(stops, [middle + side * half for half in halves])


def _curve(along: Sequence[float], across: Sequence[float]) -> str:
    """From each stop to the next one, leaving and arriving straight."""
    parts = []
    for place in range(1, len(along)):
        turn = (along[place - 1] + along[place]) / 2
        parts.append(
            f"C{turn:.1f} {across[place - 1]:.1f} {turn:.1f} {across[place]:.1f} {along[place]:.1f} {across[place]:.1f}"
        )
    return "".join(parts)


def _body(stops: Sequence[float], halves: Sequence[float]) -> str:
    middle, last = HEIGHT / 2, halves[-1] * 0.8
    along = [*stops, WIDTH]
    upper = [middle - half for half in [*halves, last]]
    lower = [middle + half for half in [*halves, last]]
    there = f"M{along[0]:.1f} {upper[0]:.1f}" + _curve(along, upper)
    back = f"L{along[-1]:.1f} {lower[-1]:.1f}" + _curve(along[::-1], lower[::-1])
    return there + back + "Z"


def _down(stops: Sequence[float], widths: Sequence[float]) -> str:
    """The same turned downwards, its left edge straight."""
    left, line = 8.0, f"M8 {stops[0]:.0f}L{8 + widths[0]:.1f} {stops[0]:.0f}"
    for place in range(1, len(stops)):
        turn = (stops[place - 1] + stops[place]) / 2
        before, here = left + widths[place - 1], left + widths[place]
        line += f"C{before:.1f} {turn:.1f} {here:.1f} {turn:.1f} {here:.1f} {stops[place]:.0f}"
    return line + f"L{left + widths[-1]:.1f} {stops[-1] + 34:.0f}L8 {stops[-1] + 34:.0f}Z"
