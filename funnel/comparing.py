"""What can be laid side by side: versions and drafts by their keys; and which version took the place of which."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from funnel.models import Playbook, PlaybookDraft
from funnel.publishing import document_of

_DRAFT = "draft-"
_MOST_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: `3` is the third version and `draft-12` the draft 12."""

    document: dict[str, Any]
    version: Playbook | None = None
    draft: PlaybookDraft | None = None

    @property
    def key(self) -> str:
        return f"{_DRAFT}{self.draft.pk}" if self.draft else str(self.version.number) if self.version else ""


def side_called(key: str) -> Side | None:
    """The version or the draft of this key; nothing where there is none."""
    number = key.removeprefix(_DRAFT)
    if not (number.isascii() and number.isdigit() and len(number) <= _MOST_DIGITS):
        return None
    if key != number:
        draft = PlaybookDraft.objects.filter(pk=int(number)).first()
        return Side(document_of(draft), draft=draft) if draft else None
    version = Playbook.objects.filter(number=int(number)).first()
    return Side(version.document, version=version) if version else None


def replaced_by(versions: Iterable[tuple[int, datetime | None]]) -> dict[int, int]:
    """Of each version that is never in force any more, the first later one that is from the same moment or before.

    Versions are numbers with the moment from which on they are in force; nothing is the beginning.
    """
    known = sorted(versions)
    found: dict[int, int] = {}
    for number, since in known:
        later = (one for one, from_ in known if one > number and (from_ is None or (since and from_ <= since)))
        if first := next(later, None):
            found[number] = first
    return found
