"""What pages of the door must know of the settings."""

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def mail_goes_out() -> bool:
    """Whether letters leave this machine, or are files in the state folder."""
    return bool(settings.MAIL_GOES_OUT)
