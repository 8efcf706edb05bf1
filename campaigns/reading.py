"""Campaigns as their pages show them, by statements that are planned once a connection."""

from datetime import date
from typing import Final, NamedTuple

from campaigns.models import Campaign
from contacts.prepared import Prepared, PreparedModels

MOST: Final = 500  # campaigns of a list
MOST_LINKS: Final = 100  # of a campaign
NEWEST_COSTS, MOST_COSTS = 12, 1000  # at first, and when all are asked for

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
    """
    SELECT id, sum_minor, first_on, last_on, note, sum(sum_minor) OVER ()::bigint, count(*) OVER ()
      FROM campaigns_cost
     WHERE campaign_id = %(campaign)s AND withdrawn_at IS NULL ORDER BY first_on DESC, id DESC LIMIT %(most)s
    """,
    campaign="bigint",
    most="int",
)
_LINKS: Final = Prepared(
    "links_of_campaign",
    f"""
    SELECT id, token, url, source, medium, term, content, opened.clicks, opened.left_out
      FROM campaigns_link its
     CROSS JOIN LATERAL (
          SELECT coalesce(sum(clicks), 0)::bigint AS clicks, coalesce(sum(left_out), 0)::bigint AS left_out
            FROM campaigns_linkday WHERE link_id = its.id) AS opened
     WHERE its.campaign_id = %(campaign)s ORDER BY its.id DESC LIMIT {MOST_LINKS}
    """,  # noqa: S608  (a number of ours)
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
    total: int  # of all that stand, also of those that are not shown
    of: int  # so many stand


def costs_of(campaign: Campaign, *, most: int = NEWEST_COSTS) -> list[CostLine]:
    """Those that stand, the newest first."""
    return [CostLine(*row) for row in _COSTS.rows(campaign=campaign.pk, most=most)]


class LinkLine(NamedTuple):
    """A link as the list shows it, and how often it was opened by people and by machines."""

    pk: int
    token: str
    url: str
    source: str
    medium: str
    term: str
    content: str
    clicks: int
    left_out: int


def links_of(campaign: Campaign) -> list[LinkLine]:
    """The newest first."""
    return [LinkLine(*row) for row in _LINKS.rows(campaign=campaign.pk)]
