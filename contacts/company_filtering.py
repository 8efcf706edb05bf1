"""What can be asked about companies: what is kept of them, and whether somebody who works there now is such a person.

People count as far as whoever asks sees them: a filter tells of nobody whom the list would not show.
"""

from collections.abc import Callable
from datetime import date
from typing import Any, Final

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from rest import strict_json
from staff.policy import Principal, sees_every_row

from .filtering import COMPANY_FILTERS, CONTACT_FILTERS, EQUALITY, ORDER, Field, Filters, Operator, compared, number
from .models import NEVER, Contact, Membership

MOST_OF_PEOPLE: Final = 10  # parts of a filter of people inside one of companies

# What an address asks of the people of a company in one word; the packages that stand on ours add what they know.
OF_ITS_PEOPLE: Final = Filters()
# The same, of everybody, where it is kept with the company: for those who see everybody.
OF_ALL_ITS_PEOPLE: Final = Filters()


def company_filters(by: Principal) -> Filters:
    """The fields `by` may filter companies by. What is counted of everybody is for those who see everybody."""
    filters = Filters(*COMPANY_FILTERS.fields.values())
    filters.add(_somebody(by), *(_of_somebody(field, by) for field in OF_ITS_PEOPLE.fields.values()))
    if sees_every_row(by):
        filters.add(number("people", "people"), _HEARD_ON, *OF_ALL_ITS_PEOPLE.fields.values())
    return filters


def _somebody(by: Principal) -> Field:
    """Whether one and the same of its people is all that is asked."""

    def read(value: Any) -> Q:
        document = strict_json.read(value.encode()).value if isinstance(value, str) else value
        return CONTACT_FILTERS.from_document(document, most=MOST_OF_PEOPLE).q()

    meaning = _('a filter of contacts such as {"field": "score", "at_least": 50}')
    return Field("somebody", read, _one_there(by, lambda _operator, asked: asked), _WHETHER, meaning)


def _of_somebody(field: Field, by: Principal) -> Field:
    return Field(field.name, field.read, _one_there(by, field.rows), EQUALITY, field.meaning)


def _one_there(by: Principal, meant: Callable[[Operator, Any], Q]) -> Callable[[Operator, Any], Q]:
    """The companies where at least one is such; with "is not" those where nobody is."""

    def rows(operator: Operator, value: Any) -> Q:
        positive = Operator.IS if operator == Operator.IS_NOT else operator
        people = Contact.objects.visible_to(by).listed().filter(meant(positive, value))
        places = Membership.objects.on(timezone.localdate()).filter(contact__leader__in=people)
        found = Q(pk__in=places.values("company"))
        return ~found if operator == Operator.IS_NOT else found

    return rows


def _heard(operator: Operator, day: date) -> Q:
    """Of whom nobody was ever heard, nobody was heard on a day."""
    return compared("heard_on")(operator, day) & ~Q(heard_on=NEVER)


_WHETHER: Final = (Operator.IS, Operator.IS_NOT)
_HEARD_ON: Final = Field("heard_on", date.fromisoformat, _heard, ORDER, _("a date such as 2026-03-01"))
