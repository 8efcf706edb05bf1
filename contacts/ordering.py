"""What lists of people can be sorted by; packages that stand on ours add their own."""

from typing import Any, Final

from .models import ContactQuerySet

# The name of an order, and the columns that make it: the last one unique, none ever empty.
ORDERINGS: Final[dict[str, tuple[str, ...]]] = {
    "created_at": ("created_at", "id"),
    "updated_at": ("updated_at", "id"),
    "name": ("sort_key", "id"),
}
_EXPRESSIONS: Final[dict[str, Any]] = {}  # columns of orders that stand elsewhere than in the contact


def add_order(name: str, expression: Any) -> None:
    """Let people be sorted by an expression, which is never empty."""
    _EXPRESSIONS[f"by_{name}"] = expression
    ORDERINGS[name] = (f"by_{name}", "id")


def only_order(people: ContactQuerySet, ordering: str) -> Any:
    """Of each just the id and what the order needs: what else is shown is read of those on the page alone."""
    columns = ORDERINGS.get(ordering.removeprefix("-"), ("id",))
    elsewhere = {name: _EXPRESSIONS[name] for name in columns if name in _EXPRESSIONS}
    return people.annotate(**elsewhere).values(*dict.fromkeys(["id", *columns]))
