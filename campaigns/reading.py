"""Campaigns as their pages show them, by statements that are planned once a connection."""

from datetime import date
from typing import Any, Final, NamedTuple

from campaigns.models import Campaign, Link
from contacts.prepared import Prepared, PreparedModels

MOST: Final = 500  # campaigns of a list
MOST_OF_ONE: Final = 100  # costs, and links, of a campaign

_EVERY: Final = PreparedModels("campaigns", Campaign, "ORDER BY its.name")
_IN_USE, _PUT_AWAY = (
    PreparedModels(name, Campaign, f"WHERE its.archived_at IS {which} ORDER BY its.name LIMIT {MOST}", joined=["owner"])
    for name, which in (("campaigns_in_use", "NULL"), ("campaigns_put_away", "NOT NULL"))
)
_ONE: Final = PreparedModels(
    "campaign", Campaign, "WHERE its.id = %(id)s", joined=["owner", "stage", "view"], id="bigint"
)
_COSTS: Final = Prepared(
    "costs_of_campaign",
    f"""
    SELECT id, sum_minor, first_on, last_on, note, sum(sum_minor) OVER ()::bigint FROM campaigns_cost
     WHERE campaign_id = %(campaign)s AND withdrawn_at IS NULL ORDER BY first_on DESC, id DESC LIMIT {MOST_OF_ONE}
""",  # noqa: S608  (a number of ours)
    campaign="bigint",
)
_LINKS: Final = PreparedModels(
    "links_of_campaign",
    Link,
    f"""
    CROSS JOIN LATERAL (
          SELECT coalesce(sum(clicks), 0)::bigint AS clicks, coalesce(sum(left_out), 0)::bigint AS left_out
            FROM campaigns_linkday WHERE link_id = its.id) AS opened
     WHERE its.campaign_id = %(campaign)s ORDER BY its.id DESC LIMIT {MOST_OF_ONE}
""",  # noqa: S608  (a number of ours)
    adding={"clicks": "opened.clicks", "left_out": "opened.left_out"},
    campaign="bigint",
)


def every_campaign() -> list[Campaign]:
    return _EVERY.rows()


def campaigns_listed(*, put_away: bool) -> list[Campaign]:
    """Those in use, or those put away, with their owners."""
    return (_PUT_AWAY if put_away else _IN_USE).rows()


def campaign_of(campaign_id: int) -> Campaign | None:
    """One with its owner, its step and its view."""
    return next(iter(_ONE.rows(id=campaign_id)), None)


class CostLine(NamedTuple):
    """A cost as the list shows it: in the minor units of its campaign's currency, and the days it is for."""

    pk: int
    sum_minor: int
    first_on: date
    last_on: date
    note: str
    total: int  # of all that stand, also of those that the list has no room for


def costs_of(campaign: Campaign) -> list[CostLine]:
    """Those that stand, the newest first."""
    return [CostLine(*row) for row in _COSTS.rows(campaign=campaign.pk)]


def links_of(campaign: Campaign) -> list[Any]:
    """The newest first, each with how often it was opened: `clicks`, and by machines `left_out`."""
    return [*_LINKS.rows(campaign=campaign.pk)]
