"""The stages of the path as they are drawn: across, and downwards on a phone; and the health of customers."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from crm.desk.drawing import joined
from crm.desk.path.showing import Shown, Told
from crm.templatetags.person import signed
from crm.templatetags.polku import figure, health, percent, share


@dataclass(frozen=True, slots=True)
class Cells:
    """What is drawn of a walk only where a part of the page asks for it."""

    shown: Shown

    def bands(self) -> SafeString:
        return joined(
            f'<div class="band band-{place} wide-{band.stages}"><b>{escape(band.label)}</b>'
            f'<span class="num">{figure(band.count)} · {percent(band.share, 0)}</span></div>'
            for place, band in enumerate(self.shown.bands, start=1)
        )

    def stages(self) -> SafeString:
        """Who stands in each stage, and who came to it."""
        people, missed = reverse("desk:contact-list"), self.shown.walk.after_leak

        def stage(told: Told) -> str:
            fewer = told.step.came < told.step.came_before
            ink = "warn" if missed and fewer and told.step.place == missed.place else "ink-2"
            return (
                f'<li class="flow-stage"><a href="{people}?stage={told.step.stage.key}">'
                f'<span class="t-dense ink-2">{escape(str(told.step.stage))}</span>'
                f'<span class="flow-n"><span class="t-fig">{told.standing}</span></span>'
                f'<span class="delta num"><span class="{ink}">{escape(told.came)}</span> '
                f'<span class="ink-3">· {escape(told.before)}</span></span></a></li>'
            )

        return joined(map(stage, self.shown.told))

    def onward(self) -> SafeString:
        """How many went on from each stage; from the last one nobody can."""
        return joined(
            f'<li class="flow-conv{_leaking(told)}">{told.onward if goes_on else ""}</li>'
            for told, goes_on in _going_on(self.shown.told)
        )

    def downwards(self) -> SafeString:
        """Stages and goings-on in turn."""
        return joined(
            f'<li class="vstage"><span class="grow"><b>{escape(str(told.step.stage))}</b>'
            f'<span class="t-meta num"> {escape(told.came_and_before)}</span></span>'
            f'<span class="t-title num">{told.standing}</span></li>'
            + (f'<li class="vconv{_leaking(told)}"><span>{told.onward}</span></li>' if goes_on else "")
            for told, goes_on in _going_on(self.shown.told)
        )

    def healths(self) -> SafeString:
        """So many customers of each health, how many more than when the period began, and their share."""
        walk, customers = self.shown.walk, self.shown.customers
        since = escape(_("since the period of %(days)s days began") % {"days": walk.days})

        def line(name: str, label: str) -> str:
            n, change = walk.health[name], walk.health_change[name]
            changed = f'<span class="hchange" title="{since}">{signed(change)}</span>' if change else ""
            return (
                f'<div><dt><span class="health">{health(name)}{escape(label)}</span></dt>'
                f'<dd class="num"><b>{figure(n)}</b>{changed}'
                f'<span class="ink-3 share">{share(n, customers)}</span></dd></div>'
            )

        return joined([line("active", _("Active")), line("cooling", _("Cooling")), line("lapsed", _("Lapsed"))])


def _going_on(told: list[Told]) -> Iterable[tuple[Told, bool]]:
    return zip(told, [True] * (len(told) - 1) + [False], strict=True)


def _leaking(told: Told) -> str:
    return " is-leak" if told.step.is_leak else ""
