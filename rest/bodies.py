"""The body of a request: JSON in UTF-8, read strictly."""

from datetime import datetime
from typing import IO, Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from rest_framework.fields import DateTimeField
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.serializers import Serializer

from rest.problems import FieldError, Problem
from rest.strict_json import MalformedJson, fault_in, read
from rest.telling import MALFORMED, malformed_values, told, told_of


def json_body(request: HttpRequest) -> Any:
    """What the body says, with every value usable; raises the Problem that tells why not (413, 415, 400)."""
    _check_type(request)
    try:
        reading = read(request.body)
    except MalformedJson as error:
        words = told(MALFORMED, malformed_values(error))
        raise Problem("malformed-json", words, offset=error.offset) from None
    fault = None if reading.is_clean else fault_in(reading.value)
    if fault:
        words = told_of(fault)
        raise Problem("malformed-json", words, errors=[FieldError(fault.pointer, fault.code, words)])
    return reading.value


def refuse_unknown_fields(body: Any, known: set[str], pointer: str = "") -> None:
    """A field we do not know is a mistake of the caller, never silently dropped."""
    if not isinstance(body, dict):
        raise Problem("invalid-request", _("The body must be an object."), errors=[FieldError(pointer, "invalid", "")])
    unknown = [name for name in body if name not in known]
    if unknown:
        words = ngettext("There is no such field.", "There are no such fields.", len(unknown))
        names = ", ".join(sorted(known))
        errors = [FieldError(f"{pointer}/{name}", "unknown-field", _("Fields are: %s.") % names) for name in unknown]
        raise Problem("unknown-field", words, errors=errors)


def body_as(serializer: type[Serializer[Any]], request: Request, *, partial: bool = False) -> dict[str, Any]:
    """The body as the serializer reads it; fields that it does not know are refused. `partial`: only those said."""
    refuse_unknown_fields(request.data, set(serializer().fields))
    read = serializer(data=request.data, partial=partial)
    read.is_valid(raise_exception=True)
    return dict(read.validated_data)


def _check_type(request: HttpRequest) -> None:
    kind = (request.content_type or "").lower()
    is_json = kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
    charset = (request.content_params or {}).get("charset", "utf-8").strip("\"'").lower()
    encoding = request.headers.get("Content-Encoding", "identity").lower()
    if not is_json or charset not in {"utf-8", "utf8"} or encoding != "identity":
        raise Problem("unsupported-media-type", headers={"Accept-Post": "application/json"})


class MomentField(DateTimeField):
    """A moment; one at the ends of the calendar, which not every zone has, is refused."""

    def to_internal_value(self, value: Any) -> datetime:
        try:
            return super().to_internal_value(value)
        except OverflowError:
            self.fail("overflow")


class StrictParser(BaseParser):
    """`json_body` as Django REST framework calls it; takes any type, for the refusal is ours."""

    media_type = "*/*"

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        return json_body(parser_context["request"]._request)
