"""The playbook in force and its versions, and what sets two of them apart."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from crm.desk.doors import for_staff
from crm.desk.finding import number_said, there
from crm.desk.places import page
from crm.desk.playbooks import showing, stories
from crm.desk.playbooks.book import book
from crm.desk.playbooks.shelf import Shelf, Version, shelf
from crm.desk.playbooks.telling import Teller
from crm.desk.playbooks.tokens import Vocabulary
from funnel.backtesting import progress_of
from funnel.models import Playbook
from funnel.texts import as_text
from staff.policy import Principal


@require_GET
@for_staff("playbooks:read")
def playbook_page(request: HttpRequest, principal: Principal) -> HttpResponse:
    """The version in force."""
    found = shelf()
    return _version_page(request, principal, found, found.in_force)


@require_GET
@for_staff("playbooks:read")
def playbook_version(request: HttpRequest, principal: Principal, number: int) -> HttpResponse:
    found = shelf()
    return _version_page(request, principal, found, there(found.version(number)))


def _version_page(request: HttpRequest, principal: Principal, found: Shelf, version: Version) -> HttpResponse:
    proof = found.proof
    context = {
        **book(version, found, principal, showing.part_of(request.GET.get("part", ""))),
        "versions": found.versions,
        "in_force": found.in_force.number,
        "drafts": found.drafts,
        "applying": showing.applying(found.versions),
        "proof": proof,
        "proof_progress": progress_of(proof.pk) if proof and proof.is_running else None,
        "may_write": principal.may("playbooks:write"),
    }
    return render(request, "desk/playbooks/book.html", page(request) | context)


@require_GET
@for_staff("playbooks:read")
def playbook_file(request: HttpRequest, principal: Principal, number: int) -> HttpResponse:
    """The version as the file one keeps under version control."""
    version = get_object_or_404(Playbook, number=number)
    return text_file(as_text(version.document), f"playbook-{number}.json")


def text_file(text: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(text, content_type="application/json; charset=utf-8", headers=headers)


@require_GET
@for_staff("playbooks:read")
def playbook_compare(request: HttpRequest, principal: Principal) -> HttpResponse:
    """From one version to another, in place."""
    newest = Playbook.objects.latest("number").number
    after = _version(request.GET.get("to", ""), newest)
    before = _version(request.GET.get("from", ""), max(after.number - 1, 1))
    teller = Teller.read()
    lines = teller.lines(after.document, before.document)
    changed = [line for line in lines if line.mark or line.was or line.renamed]
    vocabulary = Vocabulary.read(teller.words)
    points = showing.points(after.document, before.document, vocabulary)
    context: dict[str, Any] = {
        "before": before,
        "after": after,
        "versions": Playbook.objects.defer("document").order_by("-number"),
        "lines": changed,
        "points": [point for point in points if point.was is not None],
        "examples": stories.differing(before.document, after.document, teller, vocabulary),
        "half_life": after.document["half_life_days"],
        "half_life_was": before.document["half_life_days"],
        "back": reverse("desk:playbook"),
    }
    return render(request, "desk/playbooks/compare.html", page(request) | context)


def _version(asked: str, otherwise: int) -> Playbook:
    number = number_said(asked)
    return get_object_or_404(Playbook, number=otherwise if number is None else number)
