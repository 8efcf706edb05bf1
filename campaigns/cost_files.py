"""Costs from the file of an ad platform: foreseen first, then written down; the same file twice changes nothing.

Lines of one campaign and the same days are one cost. A later file with another sum for it replaces the earlier one.
A day counts once, by whatever days a report is cut: a file that tells of all days of earlier costs takes their place,
and a line that shares only some days with one is left alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from hashlib import sha256
from typing import Final, NamedTuple

from babel.numbers import get_currency_precision
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from campaigns.ads import Export, NoSuchExport, Spent, Unusable, read_export
from campaigns.costs import LONGEST
from campaigns.models import Campaign, Cost, CostFile
from contacts.messages import major_units
from staff import audit
from staff.policy import Principal

LEAVE_OUT: Final = ""
Meaning = Mapping[str, str]  # what the platform calls a campaign: our key, or LEAVE_OUT


class Planned(NamedTuple):
    """A cost that a file tells of."""

    campaign: Campaign
    first_on: date
    last_on: date
    sum_minor: int
    line: str
    number: int  # of the line in the file


class Standing(NamedTuple):
    """A cost of an earlier file."""

    pk: int
    first_on: date
    last_on: date
    sum_minor: int
    line: str | None
    note: str

    def shares_days(self, one: Planned) -> bool:
        return self.first_on <= one.last_on and one.first_on <= self.last_on


@dataclass(slots=True)
class Plan:
    """What a file would do. `unknown` are names that no campaign has: they wait to be told what they mean."""

    platform: str
    added: list[Planned] = field(default_factory=list)
    changed: list[Planned] = field(default_factory=list)
    replaced: list[tuple[Campaign, Standing]] = field(default_factory=list)  # costs of the same days, cut otherwise
    unchanged: int = 0
    left_out: int = 0
    passed_over: int = 0
    unusable: list[Unusable] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def total(self) -> dict[str, int]:
        """What it adds, by currency."""
        sums: dict[str, int] = {}
        for one in (*self.added, *self.changed):
            sums[one.campaign.currency] = sums.get(one.campaign.currency, 0) + one.sum_minor
        return sums


def keep_file(*, name: str, text: str, by: Principal) -> CostFile:
    """Keep what was sent, to be looked at before it is written down; what is no export raises ValidationError."""
    _export(text)
    digest = sha256(text.encode()).hexdigest()
    known = CostFile.objects.filter(digest=digest).order_by("-pk").first()
    return known or CostFile.objects.create(name=name[:200], text=text, digest=digest, by=by.user)


def foresee(*, text: str, meaning: Meaning) -> Plan:
    """What the file would do now, and nothing done."""
    export = _export(text)
    plan = Plan(export.platform, unusable=list(export.unusable), passed_over=export.passed_over)
    campaigns = _by_name(meaning)
    sums: dict[tuple[int, date, date], tuple[Spent, Campaign, Decimal]] = {}
    for line in export.lines:
        campaign = _meant(line, meaning, campaigns, plan)
        if campaign:
            key = (campaign.pk, line.first, line.last)
            sums[key] = (line, campaign, (sums[key][2] if key in sums else Decimal(0)) + line.amount)
    planned = [_planned(export.platform, *one) for one in sums.values()]
    for lines in _by_campaign(planned):
        _compare(plan, lines, _standing(lines[0].campaign, export.platform))
    plan.unusable.sort()
    return plan


@transaction.atomic
def apply_file(*, file: CostFile, meaning: Meaning, by: Principal) -> Plan:
    """Write down what the file tells; what the names were taken to mean is kept for the next file."""
    CostFile.objects.select_for_update().get(pk=file.pk)
    plan = foresee(text=file.text, meaning=meaning)
    for one in plan.changed:
        standing = Cost.objects.standing().filter(campaign=one.campaign, line=one.line)
        standing.update(withdrawn_at=Now(), withdrawn_by=by.user)
    replaced = Cost.objects.standing().filter(pk__in=[one.pk for _campaign, one in plan.replaced])
    replaced.update(withdrawn_at=Now(), withdrawn_by=by.user)
    Cost.objects.bulk_create(_cost(one, file, by) for one in (*plan.added, *plan.changed))
    _learn(meaning)
    CostFile.objects.filter(pk=file.pk).update(applied_at=Now(), meaning=dict(meaning))
    counts = {name: len(getattr(plan, name)) for name in ("added", "changed", "replaced")}
    audit.record(by=by, action="costs_read", kind="cost_file", row=file.pk, **counts)
    return plan


def _export(text: str) -> Export:
    try:
        return read_export(text)
    except NoSuchExport as error:
        words = _("No line names a campaign, a day and a cost. Export a table with these columns as CSV.")
        if error.lacks_days:
            words = _("It does not say of which days it is. Break the report down by day, and export it once more.")
        raise ValidationError({"text": words}, code="no_export") from error


def _by_name(meaning: Meaning) -> dict[str, Campaign]:
    found: dict[str, Campaign] = {}
    campaigns = list(Campaign.objects.all())
    for names in (lambda one: one.other_names, lambda one: [one.name], lambda one: [one.key]):
        for one in campaigns:
            found |= {name.casefold(): one for name in names(one)}
    by_key = {one.key: one for one in campaigns}
    return found | {name.casefold(): by_key[key] for name, key in meaning.items() if key in by_key}


def _meant(line: Spent, meaning: Meaning, campaigns: Mapping[str, Campaign], plan: Plan) -> Campaign | None:
    """The campaign of a line; nothing where it is left out, not known or in other money."""
    if meaning.get(line.name) == LEAVE_OUT and line.name in meaning:
        plan.left_out += 1
        return None
    campaign = campaigns.get(line.name.casefold())
    if campaign is None:
        if line.name not in plan.unknown:
            plan.unknown.append(line.name)
        return None
    if line.currency and line.currency != campaign.currency:
        plan.unusable.append(Unusable(line.number, "other_currency", f"{line.name} | {line.currency}"))
        return None
    if (line.last - line.first).days >= LONGEST:
        plan.unusable.append(Unusable(line.number, "too_long", line.name))
        return None
    return campaign


def _planned(platform: str, line: Spent, campaign: Campaign, amount: Decimal) -> Planned:
    minor = amount.scaleb(get_currency_precision(campaign.currency)).quantize(Decimal(1), ROUND_HALF_UP)
    days = f"{line.first}" if line.first == line.last else f"{line.first}..{line.last}"
    return Planned(campaign, line.first, line.last, int(minor), f"{platform} {days}", line.number)


def _by_campaign(planned: Iterable[Planned]) -> Iterable[list[Planned]]:
    found: dict[int, list[Planned]] = {}
    for one in planned:
        found.setdefault(one.campaign.pk, []).append(one)
    return found.values()


def _standing(campaign: Campaign, platform: str) -> list[Standing]:
    """What earlier files of this platform told of the campaign."""
    rows = Cost.objects.standing().filter(campaign=campaign, line__startswith=f"{platform} ")
    return [Standing(*row) for row in rows.values_list("pk", "first_on", "last_on", "sum_minor", "line", "note")]


def _compare(plan: Plan, planned: Sequence[Planned], standing: Sequence[Standing]) -> None:
    """The lines of one campaign beside what stands of it."""
    sums = {one.line: one.sum_minor for one in standing}
    lines = {one.line for one in planned}
    told = [one for one in planned if one.sum_minor > 0]
    kept, replaced = _make_room(plan, told, [one for one in standing if one.line not in lines])
    plan.replaced += [(planned[0].campaign, one) for one in replaced]
    for one in kept:
        before = sums.get(one.line)
        if before == one.sum_minor:
            plan.unchanged += 1
        else:
            (plan.added if before is None else plan.changed).append(one)


def _make_room(
    plan: Plan, told: Sequence[Planned], otherwise: Sequence[Standing]
) -> tuple[Sequence[Planned], Sequence[Standing]]:
    """The lines that are taken, and the costs cut otherwise whose days these tell of from the first to the last.

    A line that shares days with a cost that reaches beyond them is left alone, and with it what it told of.
    """
    while told:
        first, last = min(one.first_on for one in told), max(one.last_on for one in told)
        shared = [one for one in otherwise if any(one.shares_days(line) for line in told)]
        beyond = [one for one in shared if one.first_on < first or one.last_on > last]
        if not beyond:
            return told, shared
        kept = []
        for line in told:
            in_its_way = next((one for one in beyond if one.shares_days(line)), None)
            if in_its_way is None:
                kept.append(line)
            else:
                plan.unusable.append(Unusable(line.number, "counted_already", _told_of(line.campaign, in_its_way)))
        told = kept
    return told, []


def _told_of(campaign: Campaign, cost: Standing) -> str:
    days = f"{cost.first_on}" if cost.first_on == cost.last_on else f"{cost.first_on} – {cost.last_on}"
    total = f"{major_units(cost.sum_minor, campaign.currency)} {campaign.currency}"
    return f"{campaign.name} | {days} | {total} | {cost.note}"


def _cost(one: Planned, file: CostFile, by: Principal) -> Cost:
    return Cost(
        campaign=one.campaign,
        first_on=one.first_on,
        last_on=one.last_on,
        sum_minor=one.sum_minor,
        note=file.name,
        line=one.line,
        file=file,
        by=by.user,
    )


def _learn(meaning: Meaning) -> None:
    for name, key in meaning.items():
        for campaign in Campaign.objects.filter(key=key).exclude(other_names__contains=[name]):
            campaign.other_names = [*campaign.other_names, name]
            campaign.save(update_fields=["other_names"])
