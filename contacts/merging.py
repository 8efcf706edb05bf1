"""Two contacts turn out to be one person, or turn out not to be."""

from collections.abc import Mapping
from typing import Any

from staff.models import User

from .models import Contact, Merge, Source


def merge_contacts(
    *,
    first: Contact,
    second: Contact,
    by: User | None = None,
    source: Source | None = None,
    fields: Mapping[str, Any] | None = None,
) -> Merge:
    """Make two people one, led by the oldest contact of both; refused when they already are one."""
    raise NotImplementedError


def cut_merge(*, merge: Merge, by: User | None = None) -> None:
    """Take a merge back: both people are again exactly what they would be without it."""
    raise NotImplementedError
