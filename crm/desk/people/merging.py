"""Two people side by side who may be one: what differs, what will happen, and the way back."""

from dataclasses import dataclass
from typing import Any, Final

from babel import Locale
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from contacts.duplicates import likely_duplicates
from contacts.matching import spaced_phone
from contacts.merging import cut_merge, merge_contacts
from contacts.models import Contact, Merge
from crm.desk.doors import for_staff
from crm.desk.finding import numbers_said, there
from crm.desk.people.newcomers import existing
from crm.desk.people.vocabulary import Words, words
from crm.desk.places import page
from crm.desk.toasts import done, toast
from funnel.models import Position
from staff.policy import Principal

MOST_SHOWN: Final = 20
_FIELDS: Final = {
    "name": gettext_lazy("Name"),
    "title": gettext_lazy("Title"),
    "country": gettext_lazy("Country"),
    "language": gettext_lazy("Language"),
    "time_zone": gettext_lazy("Time zone"),
    "owner": gettext_lazy("Owner"),
    "team": gettext_lazy("Team"),
}
_BOTH: Final = {
    "emails": gettext_lazy("E-mail"),
    "phones": gettext_lazy("Phone"),
    "tags": gettext_lazy("Tags"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """A detail of two people: what each has, as it is kept and as it is read."""

    name: str
    label: Any
    values: tuple[Any, Any]
    shown: tuple[str, str]

    @property
    def differs(self) -> bool:
        return bool(self.values[0] != self.values[1])

    @property
    def first_wins(self) -> bool:
        return bool(self.values[0]) or not self.values[1]


@for_staff("contacts:merge")
def contact_merge(request: HttpRequest, principal: Principal, contact_id: int) -> HttpResponse:
    """Whom somebody may be the same as."""
    person = seen(principal, contact_id)
    typed = request.GET.get("q", "").strip().replace("\0", "")
    others = Contact.objects.visible_to(principal).listed().exclude(pk=person.pk)
    alike = likely_duplicates(
        by=principal, name=person.name, emails=person.emails, phones=person.phones, but=[person.pk]
    )
    found = list(others.mentioning(typed).order_by("sort_key", "pk")[:MOST_SHOWN]) if typed else []
    context = page(request) | {
        "title": _("Merge with somebody"),
        "person": person,
        "typed": typed,
        "found": found if typed else [one.contact for one in alike],
    }
    return render(request, "desk/people/merge_whom.html", context)


@for_staff("contacts:merge")
def contact_merge_with(request: HttpRequest, principal: Principal, contact_id: int, other_id: int) -> HttpResponseBase:
    """Both beside each other; sending it makes them one."""
    first, second = sorted((seen(principal, contact_id), seen(principal, other_id)), key=lambda one: one.pk)
    if first == second:
        return toast(
            request, redirect("desk:contact-page", first.pk), _("These two are one person already."), tone="refused"
        )
    choices = _choices(first, second, words())
    if request.method != "POST":
        return _beside(request, first, second, choices)
    fields = {
        one.name: one.values[1 if request.POST.get(f"f.{one.name}") == "1" else 0] for one in choices if one.differs
    }
    try:
        merge = merge_contacts(first=first, second=second, by=principal, fields=fields)
    except ValidationError as error:
        return _beside(request, first, second, choices, " ".join(error.messages))
    said = _("%(first)s and %(second)s are one person now.") % {"first": first, "second": second}
    return toast(
        request, redirect("desk:contact-page", first.pk), said, undo=reverse("desk:merge-cut", args=[merge.pk])
    )


@for_staff("contacts:merge")
def merge_chosen(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    """The two who were chosen in the list."""
    ids = numbers_said(request.GET.getlist("id"))
    if len(ids) != 2:
        return toast(request, redirect("desk:contact-list"), _("Choose two people to merge."), tone="refused")
    return redirect("desk:contact-merge-with", *ids)


@for_staff("contacts:read")
def contact_merges(request: HttpRequest, principal: Principal, contact_id: int) -> HttpResponse:
    """Who was merged into somebody, for the side of their page."""
    person = seen(principal, contact_id)
    members = person.members.values("pk")
    merges = (
        Merge.objects.live()
        .filter(Q(older__in=members) | Q(newer__in=members))
        .select_related("newer", "older", "by", "source")
        .order_by("-pk")[:MOST_SHOWN]
    )
    context = {"person": person, "merges": merges, "may_merge": principal.may("contacts:merge")}
    return render(request, "desk/people/merges_part.html", context)


@require_POST
@for_staff("contacts:merge")
def merge_cut(request: HttpRequest, principal: Principal, merge_id: int) -> HttpResponseBase:
    merge = get_object_or_404(Merge, pk=merge_id)
    seen(principal, merge.older_id)
    back: HttpResponseBase = redirect("desk:contact-page", merge.older_id)
    if request.htmx:  # type: ignore[attr-defined]
        back = done()
    try:
        cut_merge(merge=merge, by=principal)
    except ValidationError as error:
        return toast(request, back, " ".join(error.messages), tone="refused")
    return toast(request, back, _("They are two people again, as before."))


def seen(principal: Principal, contact_id: int) -> Contact:
    return there(existing(principal, contact_id))


def _beside(
    request: HttpRequest, first: Contact, second: Contact, choices: list[Choice], error: str = ""
) -> HttpResponse:
    context = page(request) | {
        "title": _("Are they one person?"),
        "first": first,
        "second": second,
        "standing": _standing(first, second),
        "differing": [one for one in choices if one.differs],
        "same": [one for one in choices if not one.differs and one.shown[0]],
        "both": [(label, _of_both(name, first, second)) for name, label in _BOTH.items()],
        "error": error,
    }
    return render(request, "desk/people/merge.html", context, status=422 if error else 200)


def _of_both(name: str, first: Contact, second: Contact) -> list[str]:
    values = sorted({*getattr(first, name), *getattr(second, name)})
    return [spaced_phone(one) for one in values] if name == "phones" else values


def _standing(first: Contact, second: Contact) -> list[dict[str, Any]]:
    """Where the two stand now, and when something last happened: to tell them by."""
    found = {one.contact_id: one for one in Position.objects.filter(contact__in=(first, second))}
    known = words().stages
    return [
        {"stage": known.get(one.stage_id or 0) if one else None, "last_at": one.last_event_at if one else None}
        for one in (found.get(first.pk), found.get(second.pk))
    ]


def _choices(first: Contact, second: Contact, known: Words) -> list[Choice]:
    found = [_choice(name, label, first, second, known) for name, label in _FIELDS.items()]
    for field in known.all.fields:
        values = (first.custom.get(field.key), second.custom.get(field.key))
        found.append(Choice(field.key, field.label, values, (_text(values[0]), _text(values[1]))))
    return found


def _choice(name: str, label: Any, first: Contact, second: Contact, known: Words) -> Choice:
    if name in {"owner", "team"}:
        values = (getattr(first, f"{name}_id"), getattr(second, f"{name}_id"))
        named = known.users if name == "owner" else known.teams
        return Choice(name, label, values, tuple(named[one].name if one in named else "" for one in values))  # type: ignore[arg-type]
    values = (getattr(first, name) or None, getattr(second, name) or None)
    said = _country if name == "country" else _text
    return Choice(name, label, values, (said(values[0]), said(values[1])))


def _country(code: str | None) -> str:
    locale = Locale.parse(get_language() or "en")
    return str(locale.territories.get(code, code)) if code else ""


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return "" if value is None else str(value)
