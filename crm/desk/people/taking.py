"""Taking people out as files."""

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _

from contacts.choosing import chosen
from contacts.exporting import Format, export_people
from crm.desk.doors import for_staff
from crm.desk.people.bulk import choice_said
from crm.desk.places import page
from staff.policy import Principal


@for_staff("contacts:export")
def contact_export(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    """The form that names a format and how many people it is; sending it answers with the file."""
    try:
        choice = choice_said(request)
        if request.method == "POST":
            return file_of(principal, choice, request.POST.get("format", ""))
        count = chosen(choice, principal).order_by().count()
    except ValidationError as error:
        return HttpResponse(" ".join(error.messages), status=400)
    context = page(request) | {
        "title": _("Export"),
        "count": count,
        "ids": choice.get("ids", []),
        "is_all": "ids" not in choice,
        "choice": choice,
        "said": request.GET,
        "formats": [
            (Format.CSV, _("CSV, for Excel and other tables")),
            (Format.VCARD_4, _("vCard 4.0, for address books")),
            (Format.VCARD_3, _("vCard 3.0, for older address books")),
        ],
    }
    return render(request, "desk/people/export_form.html", context)


def file_of(by: Principal, choice: object, format_: str) -> StreamingHttpResponse:
    pieces = export_people(by=by, choice=choice, format_=format_)
    kind = Format(format_)
    headers = {"Content-Disposition": f'attachment; filename="{kind.file_name}"', "Cache-Control": "private, no-store"}
    return StreamingHttpResponse(pieces, content_type=kind.content_type, headers=headers)
