"""Companies as a table: what is kept of each, and how many of its people stand where. Written while it is read."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from django.utils import timezone

from contacts.models import CompanyQuerySet, CustomField
from contacts.spreadsheet import MARK, csv_line
from funnel.breadth import Breadth, breadth_of
from funnel.models import Health, Stage
from staff import audit
from staff.policy import Principal

SCOPE: Final = "contacts:export"
FILE_NAME: Final = "companies.csv"
CONTENT_TYPE: Final = "text/csv; charset=utf-8"
CHUNK: Final = 500

_COLUMNS: Final = {"owner": "owner__email", "team": "team__name"}
_FIRST: Final = ("id", "name", "domains", "country", "owner", "team", "external_id")
_LAST: Final = ("created_at", "updated_at")


def export_companies(*, by: Principal, companies: CompanyQuerySet, asked: Mapping[str, str]) -> Iterator[bytes]:
    """These companies, those of `by` to see, piece by piece. Who took them is on record before the first piece.

    People are counted as far as `by` sees them: who is closed in no column.
    """
    ids = list(companies.order_by("pk").values_list("pk", flat=True))
    audit.record(by=by, action="companies_exported", kind="company", companies=len(ids), choice=dict(asked))
    return _lines(by, companies.model.objects.all(), ids)


def _lines(by: Principal, companies: CompanyQuerySet, ids: Sequence[int]) -> Iterator[bytes]:
    own = list(CustomField.objects.filter(of="company").order_by("key").values_list("key", flat=True))
    stages = list(Stage.objects.order_by("order").values_list("pk", "key"))
    counted = ["people", "heard_on", *[key for _pk, key in stages], *[one.name.lower() for one in Health]]
    yield (MARK + csv_line([*_FIRST, *counted, *_LAST, *own])).encode()
    columns = [_COLUMNS.get(name, name) for name in (*_FIRST, *_LAST, "custom")]
    for start in range(0, len(ids), CHUNK):
        some = ids[start : start + CHUNK]
        rows = companies.filter(pk__in=some).order_by("pk").values(*columns)
        breadths = breadth_of(by, some, today=timezone.localdate())
        yield "".join(csv_line(_cells(row, breadths[row["id"]], stages, own)) for row in rows).encode()


def _cells(row: dict[str, Any], breadth: Breadth, stages: Sequence[tuple[int, str]], own: Sequence[str]) -> list[Any]:
    at_stage, in_health = breadth.by_stage(), breadth.by_health()
    first = row | {"domains": "; ".join(row["domains"])}
    return [
        *[first[_COLUMNS.get(name, name)] for name in _FIRST],
        breadth.people,
        breadth.heard_on,
        *[at_stage.get(pk, 0) for pk, _key in stages],
        *[in_health.get(one, 0) for one in Health],
        *[row[name] for name in _LAST],
        *[row["custom"].get(key) for key in own],
    ]
