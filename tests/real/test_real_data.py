"""Real people and purchases, brought in from files, give the figures known of them, in whatever order they come.

The data is not part of the project: `REAL_DATA` names its folder. Where it is absent these tests are skipped.
"""

import os
import random
import time
import warnings
from pathlib import Path
from typing import Any, Final

import pytest
from django.conf import settings
from django.db.models import Sum
from django.utils import timezone

from contacts.catalogue import install_catalogue
from contacts.importing import import_file, read_mapping
from contacts.models import Event, Import, SourceKind
from funnel.advancing import advance_everything
from funnel.services import install_path
from funnel.settled import settled_moment
from tests.callers import Caller, make_caller
from tests.factories import make_source

DATA: Final = Path(os.environ.get("REAL_DATA") or settings.BASE_DIR.parent / "shared" / "data")
MAPPINGS: Final = Path(__file__).parent

LEADS: Final = "olist/olist_marketing_qualified_leads_dataset.csv"
DEALS: Final = "olist/olist_closed_deals_dataset.csv"
PURCHASES: Final = "cdnow/CDNOW_sample.txt"

ABSENT: Final = f"real data is absent, its tests are skipped: there is no folder {DATA} (REAL_DATA)"
if not DATA.is_dir():
    warnings.warn(ABSENT, stacklevel=1)
pytestmark = [pytest.mark.django_db, pytest.mark.skipif(not DATA.is_dir(), reason=ABSENT)]

WON_BY_ORIGIN: Final = {  # leads, and those of them who bought
    "olist-organic-search": (2296, 271),
    "olist-paid-search": (1586, 195),
    "olist-social": (1350, 75),
    "olist-unknown": (1099, 179),
    "olist-direct-traffic": (499, 56),
    "olist-email": (493, 15),
    "olist-referral": (284, 24),
    "olist-other": (150, 4),
    "olist-display": (118, 6),
    "olist-other-publicities": (65, 3),
    "olist": (60, 14),
}


@pytest.fixture(autouse=True)
def caller() -> Caller:
    install_catalogue()
    install_path()
    return make_caller(
        "figures:read", "contacts:read", "events:write", source=make_source("cdnow", kind=SourceKind.IMPORT)
    )


def bring(mapping: str, path: Path) -> Import:
    return import_file(path=path, mapping=read_mapping((MAPPINGS / mapping).read_bytes()))


def advance() -> None:
    """Fold everybody, and wait until what was folded is settled: figures of the past are as known then."""
    advance_everything()
    done = timezone.now()
    while settled_moment() < done:
        time.sleep(0.05)


def counts(run: Import) -> tuple[int, int, int, int]:
    return run.created, run.updated, run.unchanged, run.rejected


def shuffled(path: Path, into: Path, *, header: bool, numbered: bool = False) -> Path:
    """The file with its rows in another order; `numbered` keeps the number each had, in a column of its own."""
    lines = path.read_text().splitlines()
    first, rows = (lines[:1], lines[1:]) if header else ([], lines)
    if numbered:
        rows = [f"{line} {number}" for number, line in enumerate(rows, 1)]
    random.Random(1997).shuffle(rows)
    into.write_text("\n".join([*first, *rows]) + "\n")
    return into


def summary(caller: Caller, question: str = "") -> dict[str, Any]:
    answer: dict[str, Any] = caller.get(f"/api/v1/funnel/summary{question}").json()
    return answer


def living(crowd: dict[str, Any], part: str, name: str) -> dict[str | None, int]:
    return {line[name]: line["living"] for line in crowd[part] if line["living"]}


def assert_olist_is_as_known(caller: Caller) -> None:
    seen = summary(caller, "?group_by=source")
    assert living(seen["people"], "stages", "stage") == {"lead": 7158, "customer": 842}
    assert (seen["people"]["living"], seen["people"]["closed"], seen["visitors"]["living"]) == (8000, 0, 0)
    by_origin = {line["source"]: living(line["people"], "stages", "stage") for line in seen["sources"]}
    assert {key: (sum(stages.values()), stages["customer"]) for key, stages in by_origin.items()} == WON_BY_ORIGIN
    question = "/api/v1/funnel/conversions?stage=lead&goal=customer&group_by=source"
    [conversion] = caller.get(question).json()["results"]
    people = {line["source"]: line["people"] for line in conversion["sources"]}
    assert {key: (one["entered"], one["converted"]) for key, one in people.items()} == WON_BY_ORIGIN


def test_the_funnel_of_olist(caller):
    leads, deals = bring("olist_leads.toml", DATA / LEADS), bring("olist_deals.toml", DATA / DEALS)
    advance_everything()

    assert (counts(leads), counts(deals)) == ((8000, 0, 0, 0), (0, 842, 0, 0))
    assert_olist_is_as_known(caller)
    assert_the_early_deal_made_a_customer(caller)


def assert_the_early_deal_made_a_customer(caller: Caller) -> None:
    """One deal was won before its first contact: an out-of-order fact, and a customer from then on."""
    [early] = [
        deal
        for deal in Event.objects.filter(type__key="order_completed").prefetch_related("contact__events__type")
        if any(deal.occurred_at < other.occurred_at for other in deal.contact.events.all())
    ]
    moves = caller.get(f"/api/v1/transitions?contact={early.contact_id}&dimension=stage").json()["results"]
    won_at = early.occurred_at.isoformat().replace("+00:00", "Z")
    assert {(move["to"], move["occurred_at"]) for move in moves} == {("prospecting", won_at), ("customer", won_at)}


def test_the_funnel_of_olist_with_the_deals_first_and_all_in_another_order(caller, tmp_path):
    bring("olist_deals.toml", shuffled(DATA / DEALS, tmp_path / "deals.csv", header=True))
    advance_everything()
    bring("olist_leads.toml", shuffled(DATA / LEADS, tmp_path / "leads.csv", header=True))
    advance_everything()

    seen = summary(caller)
    assert living(seen["people"], "stages", "stage") == {"lead": 7158, "customer": 842}


def health_moves(caller: Caller, start: str, end: str) -> int:
    """How many moved so on the way, told by paging through the moves."""
    address = f"/api/v1/transitions?dimension=health&from={start}&to={end}&limit=200&as_of={AS_OF}"
    found = 0
    while address:
        page = caller.get(address).json()
        found += len(page["results"])
        address = page["next"]
    return found


AS_OF: Final = "1998-06-30T23:59:00Z"


def assert_cdnow_is_as_known(caller: Caller) -> None:
    seen = summary(caller, f"?as_of={AS_OF}")["people"]
    assert living(seen, "stages", "stage") == {"customer": 1263, "loyalty": 1094}
    assert living(seen, "health", "health") == {"active": 577, "cooling": 186, "lapsed": 1594}
    assert {
        "active-cooling": health_moves(caller, "active", "cooling"),
        "cooling-lapsed": health_moves(caller, "cooling", "lapsed"),
        "cooling-active": health_moves(caller, "cooling", "active"),
        "lapsed-active": health_moves(caller, "lapsed", "active"),
    } == {"active-cooling": 2711, "cooling-lapsed": 1934, "cooling-active": 591, "lapsed-active": 340}
    assert Event.objects.aggregate(Sum("value_minor"))["value_minor__sum"] == 24_409_194


def test_the_customers_of_cdnow(caller):
    run = bring("cdnow.toml", DATA / PURCHASES)
    advance()

    assert (run.rows_read, run.created, run.updated) == (6919, 2357, 4562)
    assert_cdnow_is_as_known(caller)


def test_the_customers_of_cdnow_in_another_order(caller, tmp_path):
    path = shuffled(DATA / PURCHASES, tmp_path / "purchases.txt", header=False, numbered=True)
    text = (
        (MAPPINGS / "cdnow.toml").read_text().replace('"dollars"]', '"dollars", "number"]').replace("{row}", "{number}")
    )
    lines = path.read_text().splitlines(keepends=True)
    for part in range(3):  # and folded in parts
        piece = tmp_path / f"part{part}.txt"
        piece.write_text("".join(lines[part::3]))
        import_file(path=piece, mapping=read_mapping(text))
        advance()

    assert_cdnow_is_as_known(caller)


def test_the_customers_of_cdnow_sent_as_events_in_another_order(caller, tmp_path):
    path = shuffled(DATA / PURCHASES, tmp_path / "purchases.txt", header=False, numbered=True)
    events = [purchase(*line.split()) for line in path.read_text().splitlines()]
    for start in range(0, len(events), 500):
        answer = caller.post("/api/v1/events", events[start : start + 500]).json()
        assert {result["status"] for result in answer["results"]} == {"accepted"}
    advance()

    assert_cdnow_is_as_known(caller)


def purchase(customer: str, _sample_id: str, date: str, cds: str, dollars: str, number: str) -> dict[str, Any]:
    return {
        "message_id": f"cdnow-{number}",
        "type": "order_completed",
        "occurred_at": f"{date[:4]}-{date[4:6]}-{date[6:]}T12:00:00Z",
        "contact": {"external_id": customer},
        "value": {"amount": dollars, "currency": "USD"},
        "properties": {"cds": int(cds)},
    }
