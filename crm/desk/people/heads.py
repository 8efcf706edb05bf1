"""The heads of the list of people: pressing one sorts. Made here and not in a template, as the cells are."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Final

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from crm.desk.people.asked import Asked
from crm.desk.people.cells import Column
from crm.templatetags.icons import lucide

NAME: Final = Column("name", "", lambda line, _pen: line.name, "name")
_ARROWS: Final = {"ascending": "arrow-up", "descending": "arrow-down"}


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column, and where pressing it leads."""

    column: Column
    label: str
    url: str
    sort: str  # ascending | descending, or nothing


def head(column: Column, asked: Asked, here: str) -> Head:
    label = escape(_("Name") if column is NAME else str(column.label))
    if not column.order:
        return Head(column, label, "", "")
    sort = {column.order: "ascending", f"-{column.order}": "descending"}.get(asked.ordering, "")
    return Head(column, label, escape(f"{here}?{asked.sorted_by(column.order, falls=column.falls)}"), sort)


def sort_lines(heads: Iterable[Head]) -> SafeString:
    """What there is to sort by, as lines of a menu."""
    return SafeString("".join(_sort_line(one) for one in heads if one.url))


def cells(heads: Iterable[Head]) -> SafeString:
    """The heads as cells of the table, but for the name, which bears the check of the whole page."""
    return SafeString("".join(_cell(one) for one in heads))


def link(one: Head) -> SafeString:
    """A head that one may press."""
    return SafeString(f'<a href="{one.url}">{one.label}{_arrow(one.sort)}</a>')


def _sort_line(one: Head) -> str:
    current = ' aria-current="true"' if one.sort else ""
    return f'<a class="opt" href="{one.url}"{current}>{one.label}{_arrow(one.sort, "i i-14 push")}</a>'


def _cell(one: Head) -> str:
    sort = f' aria-sort="{one.sort}"' if one.sort else ""
    return (
        f'<th scope="col" class="{one.column.css} c-{one.column.key}"{sort}>{link(one) if one.url else one.label}</th>'
    )


@cache
def _arrow(sort: str, css: str = "i i-14") -> str:
    return lucide(_ARROWS[sort], size=14, **{"class": css, "aria_hidden": "true"}) if sort else ""
