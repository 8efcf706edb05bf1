"""The list of people: parse, ask one service, answer."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from contacts.models import Contact
from contacts.ordering import ORDERINGS
from crm.desk.doors import for_staff
from crm.desk.people.listing import listed
from crm.desk.places import page
from funnel.models import Stage
from funnel.scores import scores_now
from rest import pages
from rest.problems import Problem
from staff.policy import Principal


@for_staff("contacts:read")
def contact_list(request: HttpRequest, principal: Principal) -> HttpResponse:
    people = Contact.objects.visible_to(principal).filter(is_listed=True)
    words, stage = request.GET.get("q", "").strip(), request.GET.get("stage", "")
    stages = {one.key: one for one in Stage.objects.in_use()}
    if words:
        people = people.mentioning(words)
    if stage in stages:
        people = people.filter(position__stage_id=stages[stage].pk)
    try:
        found = pages.page(request, people, orderings=ORDERINGS, default="-created_at")
    except Problem:  # an address that somebody shortened or made up
        return redirect("desk:contact-list")
    rows = listed(found.rows, list(stages.values()), score=scores_now())
    context = {"found": found, "rows": rows, "stages": stages.values(), "stage": stage, "words": words}
    return render(request, "desk/contact_list.html", page(request) | context)
