"""Who asks for a page without a person behind it, as far as they say so themselves. Pure."""

import re
from typing import Final

_NAMES: Final = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|preview|fetch|scan|monitor|headless|facebookexternalhit|whatsapp|telegram|"
    r"curl|wget|python|java/|go-http|okhttp|axios|node",
    re.IGNORECASE,
)


def is_robot(user_agent: str) -> bool:
    """A program, by what it calls itself; one that says nothing is one too."""
    return not user_agent.strip() or _NAMES.search(user_agent) is not None
