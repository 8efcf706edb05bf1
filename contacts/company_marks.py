"""Which companies are to have their people counted anew: a mark each, written with whatever changes the count."""

from collections.abc import Collection, Iterable
from typing import Final

from django.db import connection
from django.utils import timezone

from .models import CompanyMark


def mark_companies(company_ids: Iterable[int]) -> None:
    CompanyMark.objects.bulk_create([CompanyMark(company_id=one) for one in sorted(set(company_ids))])


def mark_companies_of(contact_ids: Collection[int]) -> None:
    """The companies in which these contacts have, had or will have a place."""
    with connection.cursor() as cursor:
        cursor.execute(_OF, [list(contact_ids)])


_OF: Final = """
INSERT INTO contacts_companymark (company_id)
SELECT DISTINCT company_id FROM contacts_membership WHERE contact_id = ANY(%s::bigint[])
"""


def mark_places_of_today() -> int:
    """The companies in which a place begins or is over today, which nobody writes down on the day."""
    with connection.cursor() as cursor:
        cursor.execute(_OF_DAY, [timezone.localdate()])
        return int(cursor.rowcount)


_OF_DAY: Final = """
INSERT INTO contacts_companymark (company_id)
SELECT DISTINCT company_id FROM contacts_membership WHERE %s IN (since, until)
"""
