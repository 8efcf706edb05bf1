"""The pages that join packages: parse, ask one service, answer."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from contacts.answering import ORDERINGS
from contacts.models import Contact
from crm.desk.listing import listed
from crm.desk.meeting import meet
from crm.desk.places import page
from crm.desk.walking import PERIODS, walk
from funnel.models import Stage
from funnel.scores import scores_now
from rest import pages
from rest.problems import Problem
from staff.models import User
from staff.policy import Principal

DEFAULT_DAYS = 30


@login_required
def path(request: HttpRequest) -> HttpResponse:
    asked = request.GET.get("days", "")
    days = int(asked) if asked.isdecimal() and int(asked) in PERIODS else DEFAULT_DAYS
    shown = {"walk": walk(_principal(request), days), "periods": PERIODS}
    return render(request, "desk/path.html", page(request) | shown)


@login_required
def contact_list(request: HttpRequest) -> HttpResponse:
    people = Contact.objects.visible_to(_principal(request)).filter(is_listed=True)
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


@login_required
def contact_page(request: HttpRequest, contact_id: int) -> HttpResponse:
    visible = Contact.objects.visible_to(_principal(request))
    contact = get_object_or_404(visible, pk=contact_id)
    if contact.leader_id != contact.pk:
        return redirect("desk:contact-page", contact.leader_id)
    return render(request, "desk/contact_page.html", page(request) | {"met": meet(contact, score=scores_now())})


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Remember the language here by a cookie, and for somebody signed in wherever they sign in."""
    chosen = request.POST.get("language", "")
    if isinstance(request.user, User) and chosen in dict(settings.LANGUAGES):
        User.objects.filter(pk=request.user.pk).update(language=chosen)
    return set_language(request)


def _principal(request: HttpRequest) -> Principal:
    assert isinstance(request.user, User)  # who is not signed in does not come here
    return Principal(user=request.user)
