"""Lengths of time on the pages of today and the inbox."""

from datetime import datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import pgettext

from contacts.models import Task
from contacts.recurring import Repeat
from crm.desk.today.spans import repeat_words, short, worked

register = template.Library()


@register.filter
def span(length: timedelta) -> str:
    return short(length)


@register.filter
def business(length: timedelta) -> str:
    return worked(length)


@register.filter
def day_month(moment: datetime) -> str:
    """`30 Nov`: the year is plain."""
    return date_format(timezone.localtime(moment), pgettext("day and short month", "j M"))


@register.filter
def since(now: datetime, moment: datetime) -> str:
    """How long before `now` that was."""
    return short(now - moment)


@register.filter
def again(task: Task) -> str:
    """How often a task comes again."""
    return repeat_words(Repeat.read(task.repeat)) if task.repeat else ""
