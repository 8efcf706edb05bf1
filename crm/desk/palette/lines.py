"""A line of the palette."""

from dataclasses import dataclass
from typing import Any

from contacts.models import Company
from crm.desk.palette.finding import Person


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to choose: where it leads, as a page or in a drawer."""

    text: Any
    url: str
    icon: str = ""
    note: Any = ""
    keys: str = ""
    in_drawer: bool = False
    person: Person | None = None
    company: Company | None = None
