"""What the address of a list asks for, and addresses that ask for something else."""

import json
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.http import QueryDict

from contacts.asking import meant_by
from contacts.filtering import CONTACT_FILTERS
from contacts.models import Contact, ContactQuerySet
from contacts.ordering import ORDERINGS
from crm.desk.people.cells import USUAL
from crm.desk.people.listing import View
from crm.desk.people.sentences import Line, TooRich, document_of, is_form, lines_named, lines_of, lines_said
from crm.desk.people.vocabulary import Words
from staff.policy import Principal

NEWEST: Final = "-created_at"
EVERYONE: Final = "everyone"
LONGEST_WORDS: Final = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """A filter, words, an order and columns; `view` is the saved view they came from, or "everyone"."""

    document: Any = None
    q: str = ""
    ordering: str = NEWEST
    columns: tuple[str, ...] = USUAL
    view: str = ""
    lines: tuple[Line, ...] = ()
    is_rich: bool = False  # the filter is more than our sentences can say

    @classmethod
    def of(cls, said: QueryDict, words: Words) -> "Asked":
        """Raises ValidationError where the address means nothing."""
        ordering = said.get("ordering", "") or NEWEST
        if ordering.removeprefix("-") not in ORDERINGS:
            raise ValidationError("", code="invalid_filter")
        columns = tuple(key for key in said.get("columns", "").split(",") if key)
        plain = cls(
            q=said.get("q", "").strip().replace("\0", "")[:LONGEST_WORDS],
            ordering=ordering,
            columns=columns or USUAL,
            view=said.get("view", ""),
        )
        if is_form(said) and "rich" not in said:
            lines = lines_said(said, words)
            return replace(plain, lines=tuple(lines), document=document_of(lines))
        return plain.asking(_document(said) or document_of(lines_named(said, words)), words)

    @classmethod
    def of_view(cls, view: View, words: Words) -> "Asked":
        plain = cls(
            q=view.words,
            ordering=view.ordering or NEWEST,
            columns=tuple(view.columns) or USUAL,
            view=str(view.id),
        )
        return plain.asking(view.filter, words)

    def asking(self, document: Any, words: Words) -> "Asked":
        if document is not None:
            CONTACT_FILTERS.from_document(_for_anybody(document))
        try:
            return replace(self, document=document, lines=tuple(lines_of(document, words)))
        except (TooRich, KeyError, TypeError, ValueError, AttributeError):
            return replace(self, document=document, is_rich=True)

    def people(self, principal: Principal) -> ContactQuerySet:
        """Those whom the principal sees and who are asked for, in no order yet."""
        return asked_by(self.document, self.q, principal)

    @property
    def is_narrowed(self) -> bool:
        return self.document is not None or bool(self.q)

    @property
    def document_text(self) -> str:
        return "" if self.document is None else _compact(self.document)

    def query(self, **changes: Any) -> str:
        """The address of this, or of this but for some changes, after the `?`."""
        asked = replace(self, **changes)
        said = {
            "view": asked.view,
            "filter": asked.document_text,
            "q": asked.q,
            "ordering": "" if asked.ordering == NEWEST else asked.ordering,
            "columns": "" if asked.columns == USUAL else ",".join(asked.columns),
        }
        return urlencode({name: value for name, value in said.items() if value})

    def is_like(self, view: View) -> bool:
        """Whether this is just what the view says."""
        return (self.document, self.q, self.ordering, list(self.columns)) == (
            view.filter,
            view.words,
            view.ordering or NEWEST,
            view.columns or list(USUAL),
        )

    def sorted_by(self, order: str, *, falls: bool) -> str:
        """The address that sorts by `order`, the other way round when it does so already."""
        first, second = (f"-{order}", order) if falls else (order, f"-{order}")
        return self.query(ordering=second if self.ordering == first else first)


def asked_by(document: Any, words: str, principal: Principal) -> ContactQuerySet:
    """Those whom the principal sees and whom a filter and words find; raises ValidationError where it means nothing."""
    people = Contact.objects.visible_to(principal).listed()
    if document is not None:
        people = people.filter(CONTACT_FILTERS.from_document(meant_by(document, principal)).q())
    return people.mentioning(words) if words else people


def _document(said: QueryDict) -> Any:
    text = said.get("filter", "")
    if not text:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValidationError("", code="invalid_filter") from None


def _for_anybody(document: Any) -> Any:
    """The document as it is checked before we know who asks: whoever `me` is, they are somebody."""
    return json.loads(json.dumps(document).replace('"me"', '"1"'))


def _compact(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
