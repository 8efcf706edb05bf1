"""The API's description: for programs, and as a page for people."""

import json
from functools import cache
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from rest.problems import KINDS
from rest.reference import arranged
from staff.policy import SCOPES


@require_safe
def schema_document(request: HttpRequest) -> HttpResponse:
    document = json.dumps(_schema(get_language() or ""), ensure_ascii=False)
    return HttpResponse(document, content_type="application/vnd.oai.openapi+json; charset=utf-8")


@require_safe
def reference_page(request: HttpRequest) -> HttpResponse:
    kinds = [{"kind": kind, "status": int(status), "title": title} for kind, (status, title) in KINDS.items()]
    reference = arranged(_schema(get_language() or ""), settings.SITE_URL)
    return render(
        request,
        "rest/reference.html",
        {"reference": reference, "kinds": kinds, "scopes": SCOPES, "site": settings.SITE_URL},
    )


@require_safe
def problem_page(request: HttpRequest, kind: str) -> HttpResponse:
    """Where the `type` of a problem leads."""
    if kind not in KINDS:
        raise Http404
    return redirect(f"{reverse('rest:reference')}#problem-{kind}")


@cache
def _schema(language: str) -> dict[str, Any]:
    """The description in one language; it changes only with the code."""
    made: dict[str, Any] = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    return made
