"""Answers in JSON, encoded by a compiled encoder: times as ISO 8601 with Z, decimals as text."""

from collections.abc import Mapping
from typing import Any

import msgspec
from django.http import HttpResponse

_encoder = msgspec.json.Encoder(decimal_format="string")


def answer(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    return HttpResponse(_encoder.encode(value), status=status, content_type="application/json", headers=headers)


def versioned(value: Any, version: int, *, status: int = 200, location: str = "") -> HttpResponse:
    """A row with the ETag by which an edit says what it saw."""
    headers = {"ETag": etag(version), **({"Location": location} if location else {})}
    return answer(value, status=status, headers=headers)


def etag(version: int) -> str:
    return f'"{version}"'
