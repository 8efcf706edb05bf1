"""What tests of imports share: mappings, lines of files, and what came of a run."""

from collections.abc import Callable
from typing import Any

from contacts.models import Claim, Contact, Event, Identity, Import, Pending, Source

PEOPLE = """
[source]
key = "shop"

[contact]
external_id = "id"
email = "email"

[contact.attributes]
name = "name"
phone = "phone"
"""
ORDERS = """
[source]
key = "shop"

[contact]
external_id = "id"

[[events]]
message_id = "order-{number}"
type = "order_completed"
moment = {column = "at"}
value = {column = "sum", currency = "EUR"}
campaign = "utm"

[events.properties]
order_id = "number"
"""
ANNA = "c1,Anna@example.com,Anna Virtanen,+358401234567"
VILLE = "c2,ville@example.com,Ville Korhonen,"

Bring = Callable[..., Import]


def counts(run: Import) -> tuple[int, int, int, int]:
    assert run.rows_read == run.created + run.updated + run.unchanged + run.rejected
    return run.created, run.updated, run.unchanged, run.rejected


def refusals(run: Import) -> list[tuple[int, str, str]]:
    return list(run.rejects.order_by("line").values_list("line", "column", "reason"))


def everything() -> list[list[tuple[Any, ...]]]:
    """All that an import may write, but for the import itself."""
    return [
        list(model.objects.order_by("pk").values_list()) for model in (Contact, Identity, Event, Claim, Pending, Source)
    ]
