"""The parameters of requests turned into what they mean; each refusal says what is allowed."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext as _

from contacts.filtering import Filters
from contacts.messages import EARLIEST
from funnel.pictures import Picture, end_of_day, start_of_day
from rest.problems import FieldError, Problem
from rest.queries import invalid_query, parameter, whole_number

PICTURE: Final = ("as_of", "known_on")
_EARLIEST: Final = EARLIEST - timedelta(days=1)  # the first day begins earlier in the east
Meaning = TypeVar("Meaning")
_ZONE_LOST: Final = re.compile(r" (\d\d:?\d\d)$")  # a + that nobody escaped is a blank by now


def moment(request: HttpRequest, name: str, *, at_end: bool = True) -> datetime | None:
    """A moment with its zone, or a day: its end, or its beginning, in the organisation's time zone."""
    text = parameter(request, name)
    if text is None:
        return None
    try:
        known = _said(text, at_end)
    except (ValueError, OverflowError):  # the first and the last days have no moment in every zone
        raise invalid_query(name, _("It is a day, 2026-03-01, or a moment, 2026-03-01T12:00:00Z.")) from None
    if known.tzinfo is None:
        raise invalid_query(name, _("Say the time zone too, such as 2026-03-01T12:00:00Z."))
    if known < _EARLIEST:
        raise invalid_query(name, _("It must not be before the year 1900."))
    return known


def _said(text: str, at_end: bool) -> datetime:
    if len(text) == len("2026-03-01"):
        day = date.fromisoformat(text)
        return end_of_day(day) if at_end else start_of_day(day)
    read = datetime.fromisoformat(_ZONE_LOST.sub(r"+\1", text))
    return read if read.tzinfo is None else read.astimezone(UTC)


def picture(request: HttpRequest) -> Picture:
    as_of, known_on = moment(request, "as_of"), moment(request, "known_on")
    try:
        return Picture.taken(as_of=as_of, known_on=known_on)
    except ValidationError as refusal:
        words = " ".join(refusal.messages)
        named = [name for name in PICTURE if parameter(request, name)]
        raise Problem(
            "invalid-query", words, errors=[FieldError(f"?{n}", "not_settled", words) for n in named]
        ) from None


def period(request: HttpRequest) -> tuple[datetime | None, datetime | None]:
    """From the beginning of `from` to the end of `to`, both included; nothing is without limit."""
    first, last = moment(request, "from", at_end=False), moment(request, "to")
    if first and last and first > last:
        raise invalid_query("to", _("It must not be before the beginning, from."))
    return first, last


def one_of(request: HttpRequest, name: str, allowed: Mapping[str, Meaning]) -> Meaning | None:
    """What the one name given means; None when none is given."""
    text = parameter(request, name)
    return None if text is None else _meaning(name, text, allowed)


def row_id(request: HttpRequest, name: str) -> int | None:
    return whole_number(request, name, default=0, least=1, most=10**18 - 1) or None


def filtered(request: HttpRequest, filters: Filters) -> Q:
    """The rows meant by those parameters that are filters."""
    given = {name: value for name in request.GET if (value := parameter(request, name))}
    try:
        return filters.from_parameters(given).q()
    except ValidationError as refusal:
        [error] = refusal.error_list
        name = (error.params or {}).get("field", "")
        raise invalid_query(name, " ".join(refusal.messages)) from None


def _meaning(name: str, text: str, allowed: Mapping[str, Meaning]) -> Meaning:
    if text not in allowed:
        raise invalid_query(name, _("Allowed are: %s.") % ", ".join(allowed))
    return allowed[text]
