"""The default playbook as section 6 of the design tells it, written down apart from the product's own text file."""

from typing import Any

CUSTOMERS = ["customer", "loyalty", "advocate"]
STRANGER_OR_FRIEND = ["prospecting", "retargeting", "lead"]
ASKING = ["newsletter_subscribed", "content_downloaded", "form_submitted", "quote_requested", "message_received"]
NOTICING = ["ad_clicked", "social_reacted", "email_clicked", "event_attended"]


def rule(name: str, to: Any, on: Any, *when: dict[str, Any], of: list[str] | None = None) -> dict[str, Any]:
    written = {"name": name, "to": to, "on": on, "when": list(when)}
    return written if of is None else written | {"from": of}


def silence(usual_intervals: int, min_days: int, max_days: int) -> dict[str, Any]:
    return {"measure": "silence", "usual_intervals": usual_intervals, "min_days": min_days, "max_days": max_days}


NO_ORDER_KEPT = {"measure": "kept_orders", "at_most": 0}
TWO_DAYS_OF_ORDERS = {"measure": "count", "of": ["order_completed"], "distinct_days": True, "within_days": 365}
THREE_PAGES = {"measure": "count", "of": ["page_viewed"], "within_days": 30, "at_least": 3}

DESIGNED: dict[str, Any] = {
    "stages": [
        {"key": "prospecting", "phase": "stranger"},
        {"key": "retargeting", "phase": "friend"},
        {"key": "lead", "phase": "friend"},
        {"key": "customer", "phase": "customer"},
        {"key": "loyalty", "phase": "customer"},
        {"key": "advocate", "phase": "customer"},
    ],
    "half_life_days": 30,
    "points": {
        "page_viewed": 1,
        "ad_clicked": 3,
        "social_reacted": 3,
        "email_clicked": 3,
        "feedback_given": 5,
        "newsletter_subscribed": 8,
        "call_held": 10,
        "content_downloaded": 10,
        "event_attended": 10,
        "form_submitted": 15,
        "message_received": 15,
        "review_posted": 20,
        "meeting_held": 25,
        "referral_made": 30,
        "quote_requested": 40,
        "order_completed": 50,
    },
    "rules": [
        rule("decided", {"property": "stage"}, ["stage_set"]),
        rule("refunded", "lead", ["order_refunded"], NO_ORDER_KEPT, of=CUSTOMERS),
        rule("brings others", "advocate", ["referral_made", "review_posted"], of=["customer", "loyalty"]),
        rule(
            "praises",
            "advocate",
            ["feedback_given"],
            {"measure": "property", "name": "score", "at_least": 9},
            of=["customer", "loyalty"],
        ),
        rule("came back", "loyalty", ["order_completed"], TWO_DAYS_OF_ORDERS | {"at_least": 2}, of=["customer"]),
        rule("bought", "customer", ["order_completed"], of=STRANGER_OR_FRIEND),
        rule("asked", "lead", ASKING, of=["prospecting", "retargeting"]),
        rule("noticed", "retargeting", NOTICING, of=["prospecting"]),
        rule("returns", "retargeting", ["page_viewed"], THREE_PAGES, of=["prospecting"]),
        rule("buys", {"health": "active"}, ["order_completed"]),
        rule("gone", {"health": "lapsed"}, "time", silence(4, 90, 730), of=["active", "cooling"]),
        rule("quiet", {"health": "cooling"}, "time", silence(2, 30, 365), of=["active"]),
        rule("no order left", {"health": None}, ["order_refunded"], NO_ORDER_KEPT),
        rule("later", {"standing": "not_now"}, ["postponed"]),
        rule("date came", {"standing": "open"}, "time", {"measure": "recall"}, of=["not_now"]),
        rule("acted", {"standing": "open"}, [*ASKING, *NOTICING, "page_viewed"], of=["not_now"]),  # orders: below
        rule("ended", {"standing": "closed"}, ["disqualified", "relationship_ended"]),
        rule("again", {"standing": "open"}, ["reopened", "order_completed"]),
    ],
}
