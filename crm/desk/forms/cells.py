"""The lines of the list of forms, and those of one form: its days, and who sent it last."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Final

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from campaigns.models import Deed, Form
from crm.desk.drawing import grey, joined, row_address, short_date, short_dates
from crm.desk.forms.figures import Lately
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


def table_drawn(its: Lately) -> SafeString:
    """The days on which anything was shown or sent, the newest first."""
    date = short_dates()
    return joined(
        f'<tr><td class="num">{date(day)}</td><td class="r num">{figure(shown)}</td>'
        f'<td class="r num">{figure(sent)}</td></tr>'
        for day, shown, sent in its.rows
    )


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
