"""A draft of the playbook that somebody is thinking about, and what it would have done."""

from datetime import datetime, time, timedelta
from typing import Final

from django.utils import timezone

from funnel import redrafting
from funnel.backtesting import start_backtest, take_piece
from funnel.publishing import document_of, save_draft, start_draft
from staff.policy import Principal

SINCE_DAYS: Final = 175
PRICES: Final = {
    "name": "Prices looked at twice in two weeks make a lead",
    "from": ["prospecting", "retargeting"],
    "to": "lead",
    "on": ["page_viewed"],
    "when": [
        {"measure": "property", "name": "path", "contains": "/pricing"},
        {"measure": "count", "of": ["page_viewed"], "within_days": 14, "at_least": 2},
    ],
}


def draft_playbook(by: Principal) -> None:
    """Looking at the prices makes leads, and loyalty has a little more time."""
    draft = start_draft(name="Prices make leads", by=by)
    document = document_of(draft)
    loyal = next(rule for rule in document["rules"] if rule["to"] == "loyalty")
    loyal["when"][0]["within_days"] = 400
    friend = next(place for place, rule in enumerate(document["rules"]) if rule["to"] == "retargeting")
    document, _place = redrafting.inserted(document, friend, PRICES)
    draft = save_draft(draft=draft, seen=None, document=document)
    day = timezone.localdate() - timedelta(days=SINCE_DAYS)
    start_backtest(draft=draft, since=timezone.make_aware(datetime.combine(day, time.min)), by=by)
    while take_piece():
        pass
