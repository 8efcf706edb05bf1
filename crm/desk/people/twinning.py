"""People who may be known twice, pair by pair: put together, or said to be two."""

from typing import Any, Final

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from contacts.twins import Resemblance, say_two, twins, unsay_two
from crm.desk.doors import for_staff
from crm.desk.people.merging import seen
from crm.desk.places import page
from crm.desk.toasts import done, toast
from staff.policy import Principal

_ALONG: Final = {"phone": gettext_lazy("The same number"), "name": gettext_lazy("The same name")}
_BY: Final = {
    Resemblance.PHONE: gettext_lazy("The same number"),
    Resemblance.NAME_AND_COMPANY: gettext_lazy("The same name and company"),
    Resemblance.NAME_AND_DOMAIN: gettext_lazy("The same name and domain"),
    Resemblance.NAME_ALONE: gettext_lazy("The same name; of one nothing else is known"),
}


@require_GET
@for_staff("contacts:merge")
def twin_list(request: HttpRequest, principal: Principal) -> HttpResponse:
    asked = request.GET.get("along", "")
    along = asked if asked in _ALONG else "phone"
    found = twins(principal, along=along, after=request.GET.get("after", "").replace("\0", "")[:300])
    context: dict[str, Any] = {
        "along": along,
        "ways": [{"key": key, "label": label} for key, label in _ALONG.items()],
        "pairs": [{"people": one.people, "by": _BY[one.by]} for one in found.pairs],
        "after": found.after,
    }
    return render(request, "desk/people/twins.html", page(request) | context)


@require_POST
@for_staff("contacts:merge")
def twin_deed(
    request: HttpRequest, principal: Principal, contact_id: int, other_id: int, deed: str
) -> HttpResponseBase:
    """`apart`: they are two; `together`: that is taken back."""
    pair = {"first": seen(principal, contact_id), "second": seen(principal, other_id)}
    back = done() if request.htmx else redirect("desk:twins")  # type: ignore[attr-defined]
    match deed:
        case "apart":
            try:
                say_two(by=principal, **pair)
            except ValidationError as error:
                return toast(request, back, " ".join(error.messages), tone="refused")
            undo = reverse("desk:twin-deed", args=[contact_id, other_id, "together"])
            return toast(request, back, _("%(first)s and %(second)s are two.") % pair, undo=undo)
        case "together":
            unsay_two(by=principal, **pair)
            return toast(request, back, _("They may be one again."))
    raise Http404
