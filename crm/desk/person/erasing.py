"""Erasing a person for ever: the one deed that cannot be undone, so it asks first, and says of how much it speaks."""

from dataclasses import dataclass
from typing import Final

from django.core.exceptions import ValidationError
from django.db import connection
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from contacts.erasing import erase_contact
from contacts.models import Contact
from crm.desk.doors import for_staff
from crm.desk.person.reach import own_leader
from crm.desk.places import page
from crm.desk.toasts import toast
from staff.policy import Principal

MOST_COUNTED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Held:
    """What is known of a person, counted to MOST_COUNTED."""

    contacts: int
    events: int
    letters: int
    tasks: int
    names: int

    @property
    def more_events(self) -> bool:
        return self.events >= MOST_COUNTED


@require_http_methods(["GET", "HEAD", "POST"])
@for_staff("contacts:erase")
def contact_erase(request: HttpRequest, principal: Principal, contact_id: int) -> HttpResponseBase:
    contact = own_leader(principal, contact_id)
    if request.method != "POST":
        context = {"title": _("Erase for ever"), "contact": contact, "held": held_of(contact)}
        return render(request, "desk/person/erase.html", page(request) | context)
    try:
        erase_contact(contact=contact, by=principal)
    except ValidationError as error:
        return toast(request, redirect("desk:contact-list"), " ".join(error.messages), tone="refused")
    words = _("The person is erased. Within a minute nothing is left that tells who they were.")
    return toast(request, redirect("desk:contact-list"), words)


_HELD: Final = """
SELECT count(*),
       (SELECT count(*) FROM (SELECT FROM contacts_event WHERE contact_id = ANY(array_agg(c.id)) LIMIT %s) one),
       (SELECT count(*) FROM campaigns_mail WHERE contact_id = ANY(array_agg(c.id))),
       (SELECT count(*) FROM contacts_task WHERE contact_id = ANY(array_agg(c.id))),
       (SELECT count(*) FROM contacts_identity WHERE contact_id = ANY(array_agg(c.id)) AND unlinked_at IS NULL)
  FROM contacts_contact c WHERE c.leader_id = %s
"""


def held_of(contact: Contact) -> Held:
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [MOST_COUNTED, contact.pk])
        return Held(*cursor.fetchone())
