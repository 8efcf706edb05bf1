"""Who somebody is, edited in place: where others changed the same meanwhile, both are shown."""

import json
from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.attributes import FITS, normal_attribute
from contacts.models import Contact, CustomField, Event
from contacts.projecting import fits
from contacts.services import update_contact
from crm.desk.own_fields import field_for, typed, written
from crm.desk.person.deeds import Done
from crm.desk.undoing import undo_token
from staff.policy import Principal

_LISTS: Final = frozenset({"emails", "phones"})
_WORDS: Final = {
    "name": gettext_lazy("A name has at most 200 characters."),
    "emails": gettext_lazy("Write one e-mail address a line, such as anna@example.com."),
    "phones": gettext_lazy("Write one number a line, with its country code, such as +358401234567."),
    "title": gettext_lazy("A title has at most 120 characters."),
    "country": gettext_lazy("Write a country: FI, Finland or Suomi."),
    "language": gettext_lazy("Write a language such as fi or pt-BR."),
    "time_zone": gettext_lazy("Write a time zone such as Europe/Helsinki."),
    "fit": gettext_lazy("Choose a letter from A to F."),
}


class EditForm(forms.Form):
    """The details of a person. `was` is what the author saw, `version` the edit they may replace."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=200, required=False)
    title = forms.CharField(label=gettext_lazy("Title"), max_length=120, required=False)
    emails = forms.CharField(
        label=gettext_lazy("E-mails, the main one first"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    phones = forms.CharField(
        label=gettext_lazy("Phones, the main one first"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    country = forms.CharField(label=gettext_lazy("Country"), required=False)
    language = forms.CharField(label=gettext_lazy("Language"), required=False)
    time_zone = forms.CharField(label=gettext_lazy("Time zone"), required=False)
    fit = forms.ChoiceField(
        label=gettext_lazy("Fit"), required=False, choices=[("", "–"), *[(letter, letter) for letter in sorted(FITS)]]
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    was = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, contact: Contact, said: Mapping[str, Any] | None = None) -> None:
        self.contact = contact
        self.declared = list(CustomField.objects.filter(of="contact").order_by("pk"))
        now = shown(contact, self.declared)
        initial = {**now, "version": contact.version, "was": json.dumps(now)}
        super().__init__(said, initial=initial, prefix="who")
        for one in self.declared:
            self.fields[f"own-{one.key}"] = field_for(one)
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", "in")

    def clean(self) -> dict[str, Any]:
        for name, words in _WORDS.items():
            try:
                self.cleaned_data[name] = _read(name, self.cleaned_data.get(name, ""))
            except ValueError:
                self.add_error(name, ValidationError(words, code="invalid"))
        for one in self.declared:
            value = typed(one, self.cleaned_data.get(f"own-{one.key}"))
            if value is not None and not fits(one, value):
                self.add_error(f"own-{one.key}", ValidationError(_("This does not fit the field."), code="invalid"))
            self.cleaned_data[f"own-{one.key}"] = value
        return self.cleaned_data

    def seen(self) -> dict[str, Any]:
        """What the author saw when they began."""
        try:
            was = json.loads(self.data.get(self.add_prefix("was"), "") or "{}")
        except (ValueError, RecursionError):
            return {}
        return was if isinstance(was, dict) else {}

    def changed(self) -> list[str]:
        """The fields that the author changed, by what they saw."""
        was = self.seen()
        names = [*_WORDS, *(f"own-{one.key}" for one in self.declared)]
        return [name for name in names if str(self.data.get(self.add_prefix(name), "")) != str(was.get(name, ""))]

    def attributes(self) -> dict[str, Any]:
        return {name.removeprefix("own-"): self.cleaned_data[name] or None for name in self.changed()}


def save_details(by: Principal, contact: Contact, form: EditForm) -> Done | None:
    """Record what the author changed; nothing when others changed the same meanwhile, which the form then shows."""
    if not form.is_valid():
        return None
    if conflicts := _conflicts(form):
        for name, value in conflicts.items():
            words = _("Changed meanwhile. On record now: %(value)s") % {"value": value or "–"}
            form.add_error(name, ValidationError(words, code="stale_edit"))
        form.data = form.data.copy()  # type: ignore[attr-defined]
        form.data[form.add_prefix("version")] = contact.version  # type: ignore[index]
        form.data[form.add_prefix("was")] = json.dumps(shown(contact, form.declared))  # type: ignore[index]
        return None
    try:
        update_contact(contact=contact, by=by, attributes=form.attributes(), seen=frozenset({contact.version}))
    except ValidationError as error:
        _tell(form, error)
        return None
    changed = Event.objects.standing().filter(contact=contact, type__key="attributes_changed", by=by.user)
    event = changed.order_by("-pk").first() if form.changed() else None
    return Done(_("Saved."), undo_token(by, [event.pk]) if event else None)


def shown(contact: Contact, declared: list[CustomField]) -> dict[str, str]:
    """The details as the form writes them."""
    plain = {name: getattr(contact, name) or "" for name in _WORDS if name not in _LISTS}
    lists = {name: "\r\n".join(getattr(contact, name)) for name in _LISTS}
    own = {f"own-{one.key}": written(contact.custom.get(one.key)) for one in declared}
    return {**plain, **lists, **own}


def _conflicts(form: EditForm) -> dict[str, str]:
    """What both the author and somebody else changed since, with what stands there now."""
    now, was = shown(form.contact, form.declared), form.seen()
    return {
        name: now[name].replace("\r\n", ", ")
        for name in form.changed()
        if str(now[name]) != str(was.get(name, "")) and str(now[name]) != str(form.data.get(form.add_prefix(name), ""))
    }


def _read(name: str, said: str) -> Any:
    if name in _LISTS:
        return normal_attribute(name, [line.strip() for line in said.splitlines() if line.strip()])
    return normal_attribute(name, said.strip()) if said.strip() else ""


def _tell(form: EditForm, error: ValidationError) -> None:
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, errors in error.error_dict.items():
        form.add_error({"email": "emails", "phone": "phones"}.get(name, name if name in form.fields else None), errors)
