"""Lengths of time on the pages of today and the inbox."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django import template
from django.utils.safestring import SafeString

from contacts.models import Task
from contacts.recurring import Repeat
from crm.desk.today.cells import figures_drawn
from crm.desk.today.report import Figures
from crm.desk.today.spans import repeat_words, short, worked

register = template.Library()
_AFTER_NUMBER: Final = re.compile(r"(?<=\d) (?=\w)")


@register.filter
def span(length: timedelta) -> str:
    return short(length)


@register.filter
def business(length: timedelta) -> str:
    return worked(length)


@register.filter
def figures(lines: Iterable[Figures]) -> SafeString:
    return figures_drawn(lines)


@register.filter
def since(now: datetime, moment: datetime) -> str:
    """How long before `now` that was."""
    return short(now - moment)


@register.filter
def with_their_numbers(words: str) -> str:
    """No line ends between a number and what it counts."""
    return _AFTER_NUMBER.sub("\u00a0", words)


@register.filter
def again(task: Task) -> str:
    """How often a task comes again."""
    return repeat_words(Repeat.read(task.repeat)) if task.repeat else ""
