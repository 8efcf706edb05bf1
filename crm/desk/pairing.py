"""Pairs that may be known twice, of people or of companies: shown page by page, put together, or said to be two."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.desk.places import page
from crm.desk.toasts import done, toast
from staff.policy import Principal


class Found(Protocol):
    """Some pairs, and after what to look further."""

    @property
    def pairs(self) -> Any: ...

    @property
    def after(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Pairing:
    """What differs between the two kinds: their addresses and template, what two may have in common (the first of it
    where nobody asks), who finds pairs, and who keeps that two are two."""

    listed_at: str
    decided_at: str
    template: str
    along: Mapping[str, Any]
    find: Callable[..., Found]
    apart: Callable[..., None]
    together: Callable[..., None]

    def shown(self, request: HttpRequest, principal: Principal) -> HttpResponse:
        asked = request.GET.get("along", "")
        along = asked if asked in self.along else next(iter(self.along))
        found = self.find(principal, along=along, after=request.GET.get("after", "").replace("\0", "")[:300])
        context = {
            "along": along,
            "ways": [{"key": key, "label": label} for key, label in self.along.items()],
            "pairs": found.pairs,
            "after": found.after,
        }
        return render(request, self.template, page(request) | context)

    def decided(self, request: HttpRequest, principal: Principal, two: tuple[Any, Any], deed: str) -> HttpResponseBase:
        """`apart`: they are two; `together`: that is taken back."""
        first, second = two
        pair = {"first": first, "second": second}
        back = done() if request.htmx else redirect(self.listed_at)  # type: ignore[attr-defined]
        match deed:
            case "apart":
                try:
                    self.apart(by=principal, **pair)
                except ValidationError as error:
                    return toast(request, back, " ".join(error.messages), tone="refused")
                undo = reverse(self.decided_at, args=[first.pk, second.pk, "together"])
                return toast(request, back, _("%(first)s and %(second)s are two.") % pair, undo=undo)
            case "together":
                self.together(by=principal, **pair)
                return toast(request, back, _("They may be one again."))
        raise Http404
