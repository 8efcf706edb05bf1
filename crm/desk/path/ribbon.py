"""The drawing of the path: how wide it runs from stop to stop. Pure; all lengths are in the units of its view box."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH, HEIGHT = 1146.0, 134.0
FIRST: Final = 7.0  # where the first stop stands
WIDEST, THINNEST = 56.0, 1.5  # half the width of the ribbon
EASE: Final = 0.42  # widths are impressions, the figures stand beside them
LOWEST, STRAND = 112.0, 15.0  # where the strand ends at the earliest, and how wide it is there
DOWN_STEP: Final = 92.0  # from stop to stop where the path turns downwards
DOWN_WIDEST: Final = 64.0


@dataclass(frozen=True, slots=True)
class Ribbon:
    """`body` and `down` are filled, `before` are the two dashed edges of the period before, `strand` is what leaks."""

    stops: tuple[float, ...]
    offsets: tuple[str, ...]
    body: str
    before: tuple[str, str]
    strand: str
    note_at: int  # where the strand ends, in twelfths of the width
    down: str
    down_stops: tuple[float, ...]
    down_height: float

    @classmethod
    def drawn(cls, now: Sequence[int], before: Sequence[int], *, leak: int = 0) -> "Ribbon":
        """`leak` is the stop after which people are missing; 0: none are."""
        most = max([*now, *before, 1])
        stops = tuple(FIRST + place * (WIDTH - 0) / len(now) for place in range(len(now)))
        halves, earlier = _halves(now, most), _halves(before, most)
        down_stops = tuple(14 + place * DOWN_STEP for place in range(len(now)))
        return cls(
            stops=stops,
            offsets=tuple(f"{stop / WIDTH:.3f}" for stop in stops),
            body=_body(stops, halves),
            before=(_edge(stops, earlier, -1), _edge(stops, earlier, 1)),
            strand=_strand(stops, halves, leak) if leak else "",
            note_at=round(12 * leak / len(now)),
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


def _strand(stops: Sequence[float], halves: Sequence[float], leak: int) -> str:
    """Out of the lower side of the ribbon after the stop, and down to where the note begins."""
    begin, end = stops[leak - 1] + 26, stops[leak] - 14
    leaves = HEIGHT / 2 + halves[leak - 1] * 0.62
    ends = max(LOWEST, HEIGHT / 2 + halves[leak] + 24)
    reach = end - begin
    there = f"M{begin:.0f} {leaves:.0f}C{begin + reach * 0.4:.0f} {leaves + 2:.0f}"
    there += f" {begin + reach * 0.6:.0f} {ends - 8:.0f} {end:.0f} {ends:.0f}L{end:.0f} {ends + STRAND:.0f}"
    back = f"C{begin + reach * 0.46:.0f} {ends + 11:.0f} {begin + reach * 0.27:.0f} {leaves + 19:.0f}"
    return there + back + f" {begin:.0f} {leaves:.0f}Z"


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
