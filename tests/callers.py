"""A program that calls the API with its key, as tests use it."""

import json
from typing import Any

from django.test import Client

from contacts.models import Source, Trust
from staff.keys import create_key
from staff.models import ApiKey
from staff.policy import PUBLIC_SCOPES, SCOPES


class Caller:
    """`caller.post("/api/v1/contacts", {...})`; bodies are sent as JSON, bytes as they are."""

    def __init__(self, key: ApiKey, secret: str) -> None:
        self.key = key
        self.secret = secret
        self.client = Client()

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(path, headers=self._headers(headers))

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("POST", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("PATCH", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("PUT", path, body, **headers)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        sent = body if isinstance(body, bytes) else json.dumps(body)
        kind = headers.pop("content_type", "application/json")
        return self.client.generic(method, path, sent, content_type=kind, headers=self._headers(headers))

    def _headers(self, headers: dict[str, str]) -> dict[str, str]:
        """`if_match="..."` is the header If-Match."""
        return {"Authorization": f"Bearer {self.secret}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }


def make_caller(*scopes: str, source: Source | None = None) -> Caller:
    """A program with these scopes (all when none is named) that speaks for `source`."""
    if source is None:
        source, _made = Source.objects.get_or_create(key="shop", defaults={"name": "Shop"})
    is_public = source.trust == Trust.PUBLIC
    wanted = scopes or (PUBLIC_SCOPES if is_public else SCOPES)
    return Caller(*create_key(name=source.name, source=source.key, scopes=wanted, public=is_public))
