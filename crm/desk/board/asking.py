"""Which board an address asks for. Whatever was made up is as if it were not there."""

from typing import Final
from urllib.parse import urlencode

from django.http import HttpRequest

from funnel.boards import LANES_BY
from funnel.cards import CARDS, Wish

OWNERS: Final = ("mine", "team", "nobody")
MOST_AT_ONCE: Final = 200  # cards of a lane when a board with more of them is drawn again
LONGEST_WORDS: Final = 200


def wish_of(request: HttpRequest) -> Wish:
    asked = request.GET
    by, owner, source = asked.get("by", ""), asked.get("owner", ""), asked.get("source", "")
    size = asked.get("size", "")
    return Wish(
        by=by if by in LANES_BY else "stage",
        owner=owner if owner in OWNERS or _is_id(owner) else "",
        source=int(source) if _is_id(source) and int(source) < 2**15 else None,
        words=asked.get("q", "").replace("\0", "").strip()[:LONGEST_WORDS],
        longest_first=asked.get("order") == "longest",
        limit=min(MOST_AT_ONCE, max(CARDS, int(size))) if _is_id(size) else CARDS,
        lane=asked.get("lane", ""),
        after=asked.get("after", ""),
        currency=asked.get("currency", "")[:3],
    )


def address_of(wish: Wish, **other: str) -> str:
    """The part of an address after the question mark that asks for this board again."""
    said = {
        "by": "" if wish.by == "stage" else wish.by,
        "owner": wish.owner,
        "source": "" if wish.source is None else str(wish.source),
        "q": wish.words,
        "order": "longest" if wish.longest_first else "",
        "currency": wish.currency,
    }
    return urlencode({name: value for name, value in (said | other).items() if value})


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 15
