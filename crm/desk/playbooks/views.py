"""The playbook in force and its versions, and what sets two of them apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
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
from funnel.comparing import side_called
from funnel.models import Playbook, PlaybookDraft
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
    proof, replaced = found.proof, found.replaced
    context = {
        **book(version, found, principal, showing.part_of(request.GET.get("part", ""))),
        "versions": [(one, replaced.get(one.number)) for one in found.versions],
        "now": timezone.now(),
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


@dataclass(frozen=True, slots=True)
class Side:
    """A version or a draft, as one side of a comparison: `key` is what stands in the address."""

    key: str
    label: str
    document: Mapping[str, Any]
    url: str


@require_GET
@for_staff("playbooks:read")
def playbook_compare(request: HttpRequest, principal: Principal) -> HttpResponse:
    """From one version or draft to another, in place."""
    after = _side(request.GET.get("to", ""), Playbook.objects.latest("number").number)
    before = _side(request.GET.get("from", ""), max((number_said(after.key) or 1) - 1, 1))
    teller = Teller.read()
    lines = teller.lines(after.document, before.document)
    changed = [line for line in lines if line.mark or line.was or line.renamed or line.is_noted]
    vocabulary = Vocabulary.read(teller.words)
    points = showing.points(after.document, before.document, vocabulary)
    context: dict[str, Any] = {
        "before": before,
        "after": after,
        "choices": _choices(),
        "back_and_forth": f"{reverse('desk:playbook-compare')}?from={after.key}&to={before.key}",
        "lines": changed,
        "points": [point for point in points if point.was is not None],
        "examples": stories.differing(before.document, after.document, teller, vocabulary),
        "half_life": after.document.get("half_life_days"),
        "half_life_was": before.document.get("half_life_days"),
        "back": reverse("desk:playbook"),
    }
    return render(request, "desk/playbooks/compare.html", page(request) | context)


def _choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """All that can be compared, by what they are: what stands in the address, and what people read."""
    versions = Playbook.objects.order_by("-number").values_list("number", "name")
    drafts = PlaybookDraft.objects.order_by("-updated_at", "-pk").values_list("pk", "name")
    groups = [
        (_("Versions"), [(str(number), f"{number} · {name}") for number, name in versions]),
        (_("Drafts"), [(f"draft-{number}", name) for number, name in drafts]),
    ]
    return [(label, some) for label, some in groups if some]


def _side(asked: str, otherwise: int) -> Side:
    """`3` is the third version and `draft-12` the draft 12; nothing is the version `otherwise`."""
    is_named = asked.startswith("draft-") or number_said(asked) is not None
    found = there(side_called(asked if is_named else str(otherwise)))
    if found.draft:
        url = reverse("desk:draft", args=[found.draft.pk])
        return Side(found.key, _("the draft “%(name)s”") % {"name": found.draft.name}, found.document, url)
    url = reverse("desk:playbook-version", args=[found.key])
    return Side(found.key, _("version %(number)s") % {"number": found.key}, found.document, url)
