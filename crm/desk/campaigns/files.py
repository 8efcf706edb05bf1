"""Costs from a file of an ad platform: sent, looked at, and written down."""

from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.ads import Unusable
from campaigns.cost_files import Plan, apply_file, foresee, keep_file
from campaigns.models import CostFile
from crm.desk.campaigns.forms import FileForm, MeaningForm
from crm.desk.campaigns.views import alone
from crm.desk.campaigns.words import PLATFORMS, UNUSABLE
from crm.desk.doors import for_staff
from crm.desk.money import in_full
from crm.desk.places import page
from crm.desk.toasts import toast
from staff.policy import Principal

SHOWN = 50


@for_staff("campaigns:write")
def cost_file_new(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    form = FileForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        try:
            file = keep_file(name=form.cleaned_data["file"].name, text=form.text, by=principal)
        except ValidationError as error:
            form.add_error("file", " ".join(error.messages))
        else:
            return redirect("desk:cost-file", file.pk)
    status = 422 if form.is_bound else 200
    shown = alone(request) | {"title": _("Costs from a file"), "form": form}
    return render(request, "desk/campaigns/file_new.html", shown, status=status)


@for_staff("campaigns:write")
def cost_file(request: HttpRequest, principal: Principal, file_id: int) -> HttpResponseBase:
    """What the file would do as its names are understood; sent with *Write down*, it is done."""
    file = get_object_or_404(CostFile, pk=file_id)
    plain = foresee(text=file.text, meaning={})
    form = MeaningForm(plain.unknown, request.POST or None)
    meaning = form.meaning() if form.is_valid() else dict(file.meaning)
    if form.is_valid() and request.POST.get("deed") == "apply":
        plan = apply_file(file=file, meaning=meaning, by=principal)
        return toast(request, redirect("desk:campaign-list"), _done(plan))
    plan = foresee(text=file.text, meaning=meaning)
    return render(request, "desk/campaigns/file.html", page(request) | _context(file, form, plan))


def _context(file: CostFile, form: MeaningForm, plan: Plan) -> dict[str, Any]:
    changed = len(plan.added) + len(plan.changed)
    return {
        "file": file,
        "form": form,
        "plan": plan,
        "platform": PLATFORMS[plan.platform],
        "totals": ", ".join(in_full(total, code) for code, total in sorted(plan.total.items())),
        "lines": [(one, in_full(one.sum_minor, one.campaign.currency)) for one in (*plan.added, *plan.changed)[:SHOWN]],
        "more": max(changed - SHOWN, 0),
        "unusable": list(islice(_left_alone(plan.unusable), SHOWN)),
        "replaced": [
            (campaign, one, in_full(one.sum_minor, campaign.currency)) for campaign, one in plan.replaced[:SHOWN]
        ],
        "more_replaced": max(len(plan.replaced) - SHOWN, 0),
        "headline": _headline(plan, changed),
    }


def _left_alone(lines: Sequence[Unusable]) -> Iterator[tuple[str, object, str]]:
    """Lines that follow each other and are left alone for the same thing are told of together."""
    runs = groupby(enumerate(lines), lambda at: (at[1].reason, at[1].text, at[1].number - at[0]))
    for (reason, text, _run), same in runs:
        numbers = [one.number for _place, one in same]
        said = str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}–{numbers[-1]}"
        yield said, UNUSABLE[reason], text


def _headline(plan: Plan, changed: int) -> str:
    if not changed and plan.unchanged and not plan.unknown and not plan.replaced:
        return _("All of this is written down already: nothing would change.")
    said = ngettext("%(n)s cost would be written down.", "%(n)s costs would be written down.", changed) % {"n": changed}
    n = len(plan.replaced)
    if not n:
        return said
    back = ngettext("%(n)s of the same days is taken back.", "%(n)s of the same days are taken back.", n) % {"n": n}
    return f"{said} {back}"


def _done(plan: Plan) -> str:
    n = len(plan.added) + len(plan.changed)
    return ngettext("%(n)s cost is written down.", "%(n)s costs are written down.", n) % {"n": n}
