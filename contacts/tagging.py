"""Tags as a whole: which there are and how many have each, and forgetting those that nobody has any more."""

from dataclasses import dataclass
from typing import Final

from django.db import connection

from staff.policy import Principal

from .models import Contact

COUNTED: Final = 10_000  # people with one tag that are counted
SHOWN: Final = 500


@dataclass(frozen=True, slots=True)
class TagUse:
    """A tag, and how many whom somebody sees have it; `is_more`: more than were counted."""

    name: str
    people: int
    is_more: bool


def tags_in_use(by: Principal, *, begins: str = "") -> list[TagUse]:
    """The first SHOWN tags that begin so, in one statement however many people there are."""
    people, values = Contact.objects.visible_to(by).listed().order_by().values("tags").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_IN_USE.format(people=people), [*values, COUNTED + 1, f"{_plain(begins)}%", SHOWN])
        return [TagUse(name, min(count, COUNTED), count > COUNTED) for name, count in cursor.fetchall()]


_IN_USE: Final = """
SELECT t.name, (SELECT count(*) FROM (SELECT FROM ({people}) seen
                 WHERE seen.tags @> ARRAY[t.name::varchar(40)] AND NOT seen.tags = '{{}}' LIMIT %s) one)
  FROM contacts_tag t WHERE t.name LIKE %s ORDER BY t.name LIMIT %s
"""


def _plain(text: str) -> str:
    return text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def forget_unused_tag(name: str) -> None:
    """Offer a tag no more that nobody has; whoever gets it again brings it back."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, [name, name])


_FORGET: Final = """
DELETE FROM contacts_tag WHERE name = %s
   AND NOT EXISTS (SELECT FROM contacts_contact WHERE tags @> ARRAY[%s::varchar(40)] AND NOT tags = '{}')
"""
