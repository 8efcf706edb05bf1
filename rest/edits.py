"""Edits that say what they saw: `If-Match` with the ETag of the row (412 when somebody was faster)."""

import re
from typing import Final

from django.http import HttpRequest

_TAG: Final = re.compile(r'(?:W/)?"([^"]*)"')


def seen_versions(request: HttpRequest) -> frozenset[int] | None:
    """The versions this edit may replace; None when any will do."""
    stated = request.headers.get("If-Match", "*").strip()
    if stated == "*":
        return None
    return frozenset(int(tag) for tag in _TAG.findall(stated) if tag.isascii() and tag.isdigit() and len(tag) < 10)
