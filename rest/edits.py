"""Edits that say what they saw: `If-Match` with the ETag of the row (412 when somebody was faster)."""

import re
from typing import Final

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

_TAG: Final = re.compile(r'(?:W/)?"([^"]*)"')


def seen_versions(request: HttpRequest) -> frozenset[int] | None:
    """The versions this edit may replace; None when any will do."""
    stated = request.headers.get("If-Match", "*").strip()
    if stated == "*":
        return None
    return frozenset(int(tag) for tag in _TAG.findall(stated) if tag.isascii() and tag.isdigit() and len(tag) < 10)


def refuse_stale(version: int, seen: frozenset[int] | None) -> None:
    """Refuse to replace a version that the author of an edit has not seen."""
    if seen is not None and version not in seen:
        raise ValidationError(_("It is now at version %(version)s."), code="stale_edit", params={"version": version})
