"""The page of new leads: who is given them, in which order, and whom the last ones went to."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from contacts.attributes import normal_attribute
from contacts.models import Contact, Source
from crm.assigning import change_rule, drop_rule, save_rule, undo_assignment
from crm.desk.doors import for_staff
from crm.desk.finding import number_said
from crm.desk.house.forms import HouseForm
from crm.desk.house.rooms import shown
from crm.desk.toasts import toast
from crm.models import Assignment, AssignmentMethod, AssignmentRule
from staff.models import Team, User
from staff.policy import Principal

LAST = 20


class RuleForm(HouseForm):
    sources = forms.ModelMultipleChoiceField(
        label=gettext_lazy("From these sources"),
        queryset=Source.objects.order_by("name"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None chosen: all of them."),
    )
    countries = forms.CharField(
        label=gettext_lazy("From these countries"),
        required=False,
        help_text=gettext_lazy("Codes or names with commas between them; none: all."),
    )
    team = forms.ModelChoiceField(
        label=gettext_lazy("To this team"), queryset=Team.objects.order_by("name"), empty_label="–"
    )
    method = forms.ChoiceField(
        label=gettext_lazy("How"),
        choices=lambda: [(one.value, one.label.capitalize()) for one in AssignmentMethod],
        initial=AssignmentMethod.ROUND_ROBIN,
    )
    place = forms.IntegerField(
        label=gettext_lazy("Place in the order"), min_value=1, max_value=99, initial=1,
        help_text=gettext_lazy("The first rule that fits gives the lead away."),
    )  # fmt: skip

    def clean_countries(self) -> list[str]:
        names = [one.strip() for one in self.cleaned_data["countries"].split(",") if one.strip()]
        try:
            return [str(normal_attribute("country", name)) for name in names]
        except ValueError as error:
            words = _("This is no country: %(name)s") % {"name": error}
            raise ValidationError(words, code="bad_country") from None

    @staticmethod
    def said_of(rule: AssignmentRule) -> dict[str, Any]:
        return {
            "sources": rule.sources,
            "countries": ", ".join(rule.countries),
            "team": rule.team_id,
            "method": rule.method,
            "place": rule.place,
        }

    def said(self) -> dict[str, Any]:
        return self.cleaned_data | {"sources": [source.pk for source in self.cleaned_data["sources"]]}


@for_staff("hours:manage")
def assignment(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    asked = number_said(request.GET.get("rule", ""))
    rule = None if asked is None else get_object_or_404(AssignmentRule, pk=asked)
    form = RuleForm(request.POST or None, initial=RuleForm.said_of(rule) if rule else None)
    if form.is_valid():
        if rule:
            change_rule(rule=rule, by=principal, **form.said())
        else:
            save_rule(by=principal, **form.said())
        return toast(request, redirect("desk:assignment"), _("New leads go by this rule from now on."))
    sources = {one.pk: str(one) for one in Source.objects.all()}
    rules = [
        {"rule": rule, "sources": [sources.get(one, "") for one in rule.sources], "people": _people(rule)}
        for rule in AssignmentRule.objects.select_related("team").order_by("place", "pk")
    ]
    seen = Contact.objects.visible_to(principal).filter(erased_at=None)
    last = Assignment.objects.filter(contact__leader__in=seen).select_related("contact", "user", "rule__team")
    context = {"form": form, "changed": rule, "rules": rules, "last": list(last.order_by("-pk")[:LAST])}
    return shown(request, principal, "assignment.html", context, form)


@require_POST
@for_staff("hours:manage")
def assignment_rule_drop(request: HttpRequest, principal: Principal, rule_id: int) -> HttpResponseBase:
    drop_rule(rule=get_object_or_404(AssignmentRule, pk=rule_id), by=principal)
    return toast(request, redirect("desk:assignment"), _("The rule is gone; whoever was given a lead keeps it."))


@require_POST
@for_staff("hours:manage")
def assignment_undo(request: HttpRequest, principal: Principal, assignment_id: int) -> HttpResponseBase:
    given = get_object_or_404(Assignment.objects.select_related("contact"), pk=assignment_id)
    try:
        undo_assignment(assignment=given, by=principal)
    except ValidationError as error:
        return toast(request, redirect("desk:assignment"), " ".join(error.messages), tone="refused")
    words = _("%(name)s is nobody's again.") % {"name": given.contact}
    return toast(request, redirect("desk:assignment"), words)


def _people(rule: AssignmentRule) -> list[User]:
    return list(User.objects.filter(team=rule.team, is_active=True).exclude(role="read_only").order_by("name"))
