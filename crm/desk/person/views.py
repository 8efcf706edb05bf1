"""The page of a person: parse, ask one service, answer."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from contacts.models import Contact
from crm.desk.doors import for_staff
from crm.desk.person.meeting import meet
from crm.desk.places import page
from funnel.scores import scores_now
from staff.policy import Principal


@for_staff("contacts:read")
def contact_page(request: HttpRequest, principal: Principal, contact_id: int) -> HttpResponse:
    contact = get_object_or_404(Contact.objects.visible_to(principal), pk=contact_id)
    if contact.leader_id != contact.pk:
        return redirect("desk:contact-page", contact.leader_id)
    return render(request, "desk/contact_page.html", page(request) | {"met": meet(contact, score=scores_now())})
