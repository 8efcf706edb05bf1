"""The lines of the list of forms, and those of one form: its days, and who sent it last."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from campaigns.models import Deed, Form
from crm.desk.drawing import grey, joined, row_address, short_date, short_dates
from crm.desk.forms.figures import Count, Lately, Period, rate_of
from crm.desk.forms.reading import Sender
from crm.templatetags.polku import figure, initials, percent, when


def forms_drawn(forms: Iterable[Form], figures: Mapping[int, Lately]) -> SafeString:
    address, nothing = row_address("desk:form-page"), grey("–")
    deeds = {value: escape(str(label)) for value, label in Deed.choices}
    closed, told = escape(_("Closed")), _("%(n)s sent, %(of)s shown")

    def line(form: Form) -> str:
        its = figures[form.pk]
        sent, shown = figure(its.all_sent), figure(its.all_shown)
        return (
            f'<tr><td class="c-name"><span class="nm"><a class="clip" href="{address(form.pk)}">{escape(form.name)}</a>'
            f'<span class="t-meta clip">{deeds.get(form.deed, "") if form.is_open else closed}'
            f'<span class="fm-phone num"> · {escape(told % {"n": sent, "of": shown})}</span></span></span></td>'
            f'<td class="c-campaign">{escape(str(form.campaign)) if form.campaign else nothing}</td>'
            f'<td class="r num c-shown">{shown}</td><td class="r num c-sent"><b>{sent}</b></td>'
            f'<td class="r num c-rate">{nothing if its.rate is None else percent(its.rate)}</td>'
            f'<td class="c-days">{days_drawn(its)}</td><td class="num ink-2 c-last">{_last(form, its)}</td></tr>'
        )

    return joined(map(line, forms))


def _last(form: Form, its: Lately) -> str:
    if its.last_sent:
        return short_date(its.last_sent)
    return f'<span class="warn">{escape(_("nobody in 30 days"))}</span>' if form.is_open else "–"


def days_drawn(its: Lately) -> SafeString:
    """A bar for each day on which somebody sent it."""
    label = escape(_("%(n)s sent in 30 days") % {"n": its.all_sent})
    return SafeString(
        '<svg class="fm-days" viewBox="0 0 240 28" preserveAspectRatio="none" role="img" '
        f'aria-label="{label}"><path class="fm-line" d="M0 27.5H240"/>{its.bars}</svg>'
    )


WIDTH, HIGH, DEEP = 720, 44, 1  # of a strip, and its foot


@dataclass(frozen=True, slots=True)
class Strip:
    """One measure over the period: its name, the most at once, and the picture of it."""

    label: str
    most: str
    drawing: SafeString


def strips_of(period: Period) -> list[Strip]:
    """Shown, sent, and how many of those who saw it sent it, one under the other."""
    counts = (
        (_("Shown"), [one.shown for one in period.points], "fm-shown"),
        (_("Sent"), [one.sent for one in period.points], "fm-sent"),
    )
    found = []
    for label, numbers, name in counts:
        said = _("at most %(n)s in a week") if period.weekly else _("at most %(n)s in a day")
        most = said % {"n": figure(max(numbers))} if any(numbers) else ""
        found.append(Strip(label, most, _strip(label, numbers, _bars(numbers, name))))
    rates = [one.rate for one in period.points]
    if any(rates):
        label = _("Of those who saw it") if period.weekly else _("Of those who saw it in the week up to the day")
        best = _("at most %(rate)s") % {"rate": percent(max(filter(None, rates)))}
        found.append(Strip(label, best, _strip(label, [round(one or 0, 1) for one in rates], _line(rates))))
    return found


def _strip(label: str, numbers: Sequence[float], drawn: str) -> SafeString:
    words = f"{label}: {', '.join(map(str, numbers))}"
    return SafeString(
        f'<svg class="fm-strip" viewBox="0 0 {WIDTH} {HIGH + DEEP}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(words)}"><path class="fm-line" d="M0 {HIGH + 0.5}H{WIDTH}"/>{drawn}</svg>'
    )


def _bars(numbers: Sequence[int], name: str) -> str:
    step, most = WIDTH / len(numbers), max([*numbers, 1])
    return "".join(
        f'<rect class="{name}" x="{(place + 0.12) * step:.1f}" y="{HIGH * (1 - n / most):.1f}" '
        f'width="{step * 0.76:.1f}" height="{HIGH * n / most:.1f}"/>'
        for place, n in enumerate(numbers)
        if n
    )


def _line(rates: Sequence[float | None]) -> str:
    """Broken where there was nothing to tell."""
    step, most = WIDTH / len(rates), max(filter(None, rates))
    path, is_on = [], False
    for place, rate in enumerate(rates):
        if rate is not None:
            path.append(f"{'L' if is_on else 'M'}{(place + 0.5) * step:.1f} {2 + (HIGH - 4) * (1 - rate / most):.1f}")
        is_on = rate is not None
    return f'<path class="fm-rate" d="{" ".join(path)}"/>'


def table_drawn(period: Period, *, confirms: bool) -> SafeString:
    """The days or weeks on which there was anything, the newest first."""
    date, nothing = short_dates(), grey("–")

    def line(one: Count) -> str:
        rate = nothing if (own := rate_of(one.sent, one.shown)) is None else percent(own)
        last = (one.confirmed, one.left_out) if confirms else (one.left_out,)
        said = [*map(figure, (one.shown, one.sent)), rate, *map(figure, last)]
        cells = "".join(f'<td class="r num">{cell}</td>' for cell in said)
        return f'<tr><td class="num">{date(one.day)}</td>{cells}</tr>'

    return joined(line(one) for one in reversed(period.points) if not one.is_empty)


LONGEST_WORDS: Final = 300


def newest_drawn(found: Iterable[Sender], words: Mapping[str, str], *, confirms: bool) -> SafeString:
    """Who sent it last, with their words; where it asks to confirm the address, whether that was done."""
    page = row_address("desk:contact-page")
    lacks = f'<span class="lbl is-line">{escape(_("not confirmed yet"))}</span>'
    has = f'<span class="lbl">{escape(_("address confirmed"))}</span>'

    def line(one: Sender) -> str:
        state = (has if one.confirmed_at else lacks) if confirms else ""
        return (
            f'<li><span class="av" aria-hidden="true">{escape(initials(one.name))}</span>'
            f'<span class="grow fm-said"><a class="clip" href="{page(one.person)}">{escape(one.name)}</a>'
            f"{_words(words.get(one.nonce, ''))}</span>{state}"
            f'<span class="t-meta num nowrap">{when(one.sent_at)}</span></li>'
        )

    return joined(map(line, found))


def _words(said: str) -> str:
    return f'<span class="t-meta clip">{escape(said[:LONGEST_WORDS])}</span>' if said else ""
