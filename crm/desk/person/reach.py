"""Who may be looked at, and who may be worked with: of everybody else there is nothing."""

from django.shortcuts import get_object_or_404

from contacts.models import Contact
from staff.policy import Principal


def visible(principal: Principal, contact_id: int) -> Contact:
    """Also a contact that was merged into another; whoever was erased is not there."""
    people = Contact.objects.visible_to(principal).select_related("owner", "team", "origin_source")
    people = people.filter(erased_at=None)
    contact: Contact = get_object_or_404(people, pk=contact_id)
    return contact


def own_leader(principal: Principal, contact_id: int) -> Contact:
    """The person, where they can still be worked with: whoever was erased is not there for that."""
    return get_object_or_404(
        Contact.objects.visible_to(principal).select_related("owner", "origin_source").filter(erased_at=None),
        members__pk=contact_id,
    )
