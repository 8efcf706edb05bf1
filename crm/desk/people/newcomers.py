"""Somebody new: the form, and who they may be already while one types."""

from typing import Any, Final

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.attributes import normal_attribute
from contacts.duplicates import Likeness, Reason, likely_duplicates
from contacts.models import Contact
from contacts.services import NewContact, create_contact
from crm.desk.doors import for_staff
from crm.desk.finding import number_said
from crm.desk.people.vocabulary import words
from crm.desk.places import page
from crm.desk.toasts import toast
from staff.policy import Principal

FIELDS: Final = ("name", "email", "phone", "company", "title", "tags")
_WRONG: Final = {
    "name": gettext_lazy("A name has at most 200 characters."),
    "email": gettext_lazy("This is no e-mail address, such as anna@example.com."),
    "phone": gettext_lazy("Write it with its country code, such as +358 40 123 4567."),
    "company": gettext_lazy("A name has at most 200 characters."),
    "title": gettext_lazy("A title has at most 120 characters."),
    "tags": gettext_lazy("Tags of at most 40 characters, with commas between them."),
}
_REASONS: Final = {
    Reason.EMAIL: gettext_lazy("has this e-mail address"),
    Reason.PHONE: gettext_lazy("has this number"),
    Reason.NAME_AND_COMPANY: gettext_lazy("has nearly this name, at the same company"),
    Reason.NAME: gettext_lazy("has nearly this name"),
}


@for_staff("contacts:write")
def contact_new(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    if request.method != "POST":
        return _form(request, {})
    attributes, errors = _read(request)
    if not errors and not any(attributes.get(name) for name in ("name", "email", "phone")):
        errors["name"] = _("Somebody needs a name, an e-mail address or a number.")
    if errors:
        return _form(request, errors)
    owner = number_said(request.POST.get("owner", ""))
    if owner is not None:
        attributes["owner"] = owner
    try:
        contact = create_contact(by=principal, new=NewContact(attributes=attributes))
    except ValidationError as error:
        return _form(request, {name: " ".join(its) for name, its in _by_field(error).items()})
    return toast(request, redirect("desk:contact-page", contact.pk), _("%s is added.") % contact)


@for_staff("contacts:write")
def contact_alike(request: HttpRequest, principal: Principal) -> HttpResponse:
    """Who the person being typed may be already."""
    said = {name: request.GET.get(name, "").strip()[:200].replace("\0", "") for name in FIELDS}
    alike = likely_duplicates(
        by=principal,
        name=said["name"],
        emails=[said["email"]] if said["email"] else [],
        phones=[said["phone"]] if said["phone"] else [],
        company=said["company"],
    )
    return render(request, "desk/people/alike.html", {"alike": [_alike(one) for one in alike]})


def _alike(one: Likeness) -> dict[str, Any]:
    return {"contact": one.contact, "why": _REASONS[one.reason], "is_sure": one.is_sure}


def _read(request: HttpRequest) -> tuple[dict[str, Any], dict[str, str]]:
    attributes: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for name in FIELDS:
        value = request.POST.get(name, "").strip()
        try:
            if value:
                attributes[name] = normal_attribute(name, value)
        except ValueError:
            errors[name] = str(_WRONG[name])
    return attributes, errors


def _by_field(error: ValidationError) -> dict[str, list[str]]:
    found: dict[str, list[str]] = error.message_dict if hasattr(error, "error_dict") else {"name": error.messages}
    return {name if name in FIELDS else "name": its for name, its in found.items()}


def _form(request: HttpRequest, errors: dict[str, str]) -> HttpResponse:
    asked = request.POST if request.method == "POST" else request.GET  # a link may say what is known already
    said = {name: asked.get(name, "") for name in (*FIELDS, "owner")}
    assert request.user.pk is not None
    context = page(request) | {
        "title": _("Add a contact"),
        "said": said,
        "errors": errors,
        "users": [one for one in words().all.users if one.is_active],
        "owner": said["owner"] if request.method == "POST" else str(request.user.pk),
        "tags": words().all.tags,
    }
    return render(request, "desk/people/contact_new.html", context, status=422 if errors else 200)


def existing(by: Principal, contact_id: int) -> Contact | None:
    """The person this contact is, where the principal sees them."""
    return Contact.objects.visible_to(by).filter(members=contact_id, erased_at=None).first()
