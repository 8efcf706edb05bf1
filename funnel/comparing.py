"""What can be laid side by side: versions and drafts by their keys."""

from dataclasses import dataclass
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
