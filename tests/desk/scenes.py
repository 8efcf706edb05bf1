"""Somebody at their desk, and people on the path for them to look at."""

from datetime import datetime, timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from contacts.models import Contact
from staff.models import Role, User
from tests.asking import asked_by
from tests.factories import make_user
from tests.funnel.worlds import happened, person


def ago(days: float) -> datetime:
    return timezone.now() - timedelta(days=days)


def at_desk(role: Role = Role.ADMIN, **fields: Any) -> tuple[Client, User]:
    """A browser in which a new member of staff is signed in."""
    client, user = Client(), make_user(role=role, **fields)
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client, user


def buyer(at: datetime, **fields: Any) -> Contact:
    contact = person(**fields)
    happened(contact, "order_completed", at, value_minor=2550, currency="EUR")
    return contact


def asker(at: datetime, **fields: Any) -> Contact:
    contact = person(**fields)
    happened(contact, "quote_requested", at)
    return contact


def queries_for(client: Client, address: str) -> list[str]:
    def look() -> None:
        answer = client.get(address)
        assert answer.status_code == 200, answer

    return asked_by(look)
