"""People who may be known twice, pair by pair: put together, or said to be two."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from contacts.twins import say_two, twins, unsay_two
from crm.desk.doors import for_staff
from crm.desk.pairing import Pairing
from crm.desk.people.merging import seen
from staff.policy import Principal

_PEOPLE: Final = Pairing(
    listed_at="desk:twins",
    decided_at="desk:twin-deed",
    template="desk/people/twins.html",
    along={"phone": gettext_lazy("The same number"), "name": gettext_lazy("The same name")},
    find=twins,
    apart=say_two,
    together=unsay_two,
)


@require_GET
@for_staff("contacts:merge")
def twin_list(request: HttpRequest, principal: Principal) -> HttpResponse:
    return _PEOPLE.shown(request, principal)


@require_POST
@for_staff("contacts:merge")
def twin_deed(
    request: HttpRequest, principal: Principal, contact_id: int, other_id: int, deed: str
) -> HttpResponseBase:
    two = seen(principal, contact_id), seen(principal, other_id)
    return _PEOPLE.decided(request, principal, two, deed)
