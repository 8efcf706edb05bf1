"""The tasks of a week, made here and not in a template: there may be three hundred on the page."""

from collections.abc import Callable, Iterable
from datetime import datetime
from html import escape

from django.utils.formats import time_format
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from contacts.recurring import Repeat
from crm.desk.drawing import joined, row_address, small_icon
from crm.desk.finding import number_said
from crm.desk.today.spans import repeat_words
from crm.desk.today.week import MINE, Line
from crm.templatetags.polku import moments_shown


def tasks_drawn(
    tasks: Iterable[Line], now: datetime, *, picked: str, may_work: bool, is_late: bool = False
) -> SafeString:
    """Each with a box to choose it. The late ones say their day; whoever has one is named unless only theirs are."""
    name, when, page = _naming(may_work=may_work), _moments(is_late=is_late), row_address("desk:contact-page")
    box, whose = _choosing() if may_work else lambda task: "", _hands(picked)
    movable = ' draggable="true"' if may_work else ""

    def line(task: Line) -> str:
        late, warns = (" is-late", " warn") if is_late or task.due_at < now else ("", "")
        person = task.name or next(iter(task.emails), f"#{task.person}")
        return (
            f'<li class="wk-task{late}" data-row{movable}>{box(task)}<div class="grow">{name(task)}\n'
            f'<p class="t-meta"><span class="num nowrap{warns}">{when(task.due_at)}</span> · '
            f'<a class="link anywhere" href="{page(task.person)}">{escape(person)}</a>{_again(task)}'
            f"{whose(task)}</p></div></li>"
        )

    return joined(map(line, tasks))


def _choosing() -> Callable[[Line], str]:
    words = escape(_("Choose: %(title)s"))
    return lambda task: (
        f'<input class="cb" type="checkbox" name="task" value="{task.pk}" data-do="x" '
        f'aria-label="{words % {"title": escape(task.title)}}">'
    )


def _naming(*, may_work: bool) -> Callable[[Line], str]:
    if not may_work:
        return lambda task: f'<b class="anywhere">{escape(task.title)}</b>'
    address = row_address("desk:task-change")
    return lambda task: (
        f'<a class="t-strong anywhere" data-open data-drawer data-do="e" id="task-{task.pk}" '
        f'href="{address(task.pk)}">{escape(task.title)}</a>'
    )


def _moments(*, is_late: bool) -> Callable[[datetime], str]:
    shown = moments_shown()
    return lambda at: escape(shown(at) if is_late else time_format(localtime(at), "TIME_FORMAT"))


def _again(task: Line) -> str:
    if not task.repeat:
        return ""
    return f' {small_icon("repeat")}<span class="vh">{escape(repeat_words(Repeat.read(task.repeat)))}</span>'


def _hands(picked: str) -> Callable[[Line], str]:
    if picked == MINE:
        return lambda task: ""
    one = number_said(picked)
    nobody, shut, away = (
        f'<span class="warn">{escape(words)}</span>'
        for words in (_("nobody has it"), f"({_('may not sign in')})", f"({_('on leave')})")
    )

    def said(task: Line) -> str:
        if task.holder is None:
            return f"<br>{nobody}"
        if task.holder == one:
            return ""
        state = f" {shut}" if not task.may_sign_in else f" {away}" if task.is_away else ""
        return f"<br>{escape(task.holder_name or task.holder_email or '')}{state}"

    return said
