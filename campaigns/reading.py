"""Campaigns as their pages show them, by statements that are planned once a connection."""

from typing import Any, Final

from campaigns.models import Campaign, Cost, Link
from contacts.prepared import PreparedModels

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
_COSTS: Final = PreparedModels(
    "costs_of_campaign",
    Cost,
    "WHERE its.campaign_id = %(campaign)s AND its.withdrawn_at IS NULL "
    f"ORDER BY its.first_on DESC, its.id DESC LIMIT {MOST_OF_ONE}",
    campaign="bigint",
)
_OPENED: Final = "(SELECT coalesce(sum({}), 0)::bigint FROM campaigns_linkday WHERE link_id = its.id)"
_LINKS: Final = PreparedModels(
    "links_of_campaign",
    Link,
    f"WHERE its.campaign_id = %(campaign)s ORDER BY its.id DESC LIMIT {MOST_OF_ONE}",
    adding={name: _OPENED.format(name) for name in ("clicks", "left_out")},
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


def costs_of(campaign: Campaign) -> list[Cost]:
    """Those that stand, the newest first."""
    return _COSTS.rows(campaign=campaign.pk)


def links_of(campaign: Campaign) -> list[Any]:
    """The newest first, each with how often it was opened: `clicks`, and by machines `left_out`."""
    return [*_LINKS.rows(campaign=campaign.pk)]
