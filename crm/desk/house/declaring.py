"""The fields that the organisation declares for people and companies: what they are called, what may be chosen."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from contacts.declaring import change_field, declare_field, drop_field, free_key
from contacts.models import CustomField, FieldKind
from crm.desk.doors import for_staff
from crm.desk.house.forms import HouseForm
from crm.desk.house.rooms import shown
from crm.desk.people.vocabulary import forget
from crm.desk.toasts import toast
from staff.policy import Principal

MOST_CHOICES = 200


class FieldForm(HouseForm):
    label = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    of = forms.ChoiceField(
        label=gettext_lazy("Of"), choices=[("contact", gettext_lazy("People")), ("company", gettext_lazy("Companies"))]
    )
    kind = forms.ChoiceField(label=gettext_lazy("Kind"))
    choices = forms.CharField(
        label=gettext_lazy("Choices, one a line"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Only for a choice."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        kinds = [(kind.value, str(kind.label).capitalize()) for kind in FieldKind]
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]

    def clean_choices(self) -> list[str]:
        return lines_of(self.cleaned_data["choices"])


def lines_of(text: str) -> list[str]:
    """The choices of a text, one a line; each once. Refused where one is too long, or there are too many."""
    choices = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    if len(choices) > MOST_CHOICES or any(len(one) > 80 for one in choices):
        raise ValidationError(_("At most 200 choices of at most 80 characters."))
    return choices


@for_staff("fields:manage")
def field_list(request: HttpRequest, principal: Principal) -> HttpResponse:
    form = FieldForm(request.POST or None, initial={"of": "contact", "kind": FieldKind.TEXT})
    if form.is_valid():
        said = dict(form.cleaned_data)
        try:
            field = declare_field(by=principal, key=free_key(said["of"], said["label"]), **said)
        except ValidationError as error:
            form.add_error("choices", error.message_dict["choices"])
        else:
            forget()
            return toast(request, redirect("desk:fields"), _("%(name)s is a field now.") % {"name": field})
    return shown(request, principal, "fields.html", {"form": form, "groups": _groups()}, form)


@require_POST
@for_staff("fields:manage")
def field_change(request: HttpRequest, principal: Principal, field_id: int, deed: str) -> HttpResponse:
    field = get_object_or_404(CustomField, pk=field_id)
    back = redirect("desk:fields")
    try:
        match deed:
            case "change":
                _change(field, principal, request)
            case "drop":
                drop_field(field=field, by=principal)
                forget()
                words = _("%(name)s is asked for no more. What was written is kept.") % {"name": field}
                return toast(request, back, words)
            case _:
                raise Http404
    except ValidationError as error:
        return toast(request, back, " ".join(error.messages), tone="refused")
    return toast(request, back, _("Saved."))


def _change(field: CustomField, principal: Principal, request: HttpRequest) -> None:
    label = request.POST.get("label", "").strip()
    if not label or len(label) > 80:
        raise ValidationError(_("A name has 1 to 80 characters."))
    choices = lines_of(request.POST.get("choices", "")) if field.kind == FieldKind.CHOICE else None
    change_field(field=field, by=principal, label=label, choices=choices)
    forget()


def _groups() -> list[tuple[str, Any, list[CustomField]]]:
    """The fields of people and of companies, in the order in which forms ask for them."""
    declared = list(CustomField.objects.order_by("pk"))
    return [(of, label, [one for one in declared if one.of == of]) for of, label in _OF]


_OF = (("contact", gettext_lazy("Of people")), ("company", gettext_lazy("Of companies")))
