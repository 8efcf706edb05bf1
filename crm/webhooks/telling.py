"""What came of a try to deliver, in the language of whoever reads it: it is kept in English, as the worker said it."""

from django.utils.translation import gettext as _


def error_told(status: int | None, error: str) -> str:
    """Why it was no success, where the status alone does not say it."""
    if status is not None and 300 <= status < 400:
        return _("A redirect is not followed: give the address it leads to.")
    return _(error) if error else ""


def told(status: int | None, error: str) -> str:
    return " ".join(part for part in (str(status or ""), error_told(status, error)) if part)
