"""Whom something is done to: people by their ids, or everybody whom a filter finds when it is done."""

from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from staff.policy import Principal

from .asking import meant_by
from .filtering import CONTACT_FILTERS
from .models import Contact, ContactQuerySet

MOST_IDS: Final = 10_000
LONGEST_WORDS: Final = 200


def checked_choice(choice: Any, by: Principal) -> dict[str, Any]:
    """The choice as it is kept: {"ids": [...]}, or {"filter": ..., "q": ...}; raises ValidationError."""
    if not isinstance(choice, dict):
        raise _refusal(_("Say who: ids, or a filter."))
    ids, document, words = choice.get("ids"), choice.get("filter"), choice.get("q") or ""
    if ids is not None:
        if document is not None or words:
            raise _refusal(_("Say who: ids, or a filter, not both."))
        if not isinstance(ids, list) or not 0 < len(ids) <= MOST_IDS or not all(_is_id(one) for one in ids):
            raise _refusal(_("These are 1 to %d ids of contacts.") % MOST_IDS)
        return {"ids": sorted(set(ids))}
    if not isinstance(words, str) or len(words) > LONGEST_WORDS or "\0" in words:
        raise _refusal(_("The words are a text of at most %d characters.") % LONGEST_WORDS)
    if document is not None:
        CONTACT_FILTERS.from_document(meant_by(document, by))
    return {"filter": document, "q": words}


def chosen(choice: dict[str, Any], by: Principal) -> ContactQuerySet:
    """Those of the choice whom the principal sees now."""
    people = Contact.objects.visible_to(by).listed()
    if "ids" in choice:
        return people.filter(pk__in=choice["ids"])
    if choice.get("filter") is not None:
        people = people.filter(CONTACT_FILTERS.from_document(meant_by(choice["filter"], by)).q())
    return people.mentioning(choice["q"]) if choice.get("q") else people


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63


def _refusal(words: str) -> ValidationError:
    return ValidationError(words, code="invalid_choice")
