"""Campaigns as their pages show them, by statements that are planned once a connection."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import msgspec

from campaigns.models import Campaign
from campaigns.results import SPANS_SPENT, SPENT_NOW, Spent, spans_spent
from contacts.prepared import Prepared, PreparedModels
from funnel.models import Standing
from funnel.pictures import STAGES, VERSIONS, Path, Picture, path_told
from funnel.spans import Days

MOST: Final = 500  # campaigns of a list
MOST_LINKS: Final = 100  # of a campaign
COUNTED: Final = 1000  # people who stand where the path leaks
NEWEST_COSTS, MOST_COSTS = 12, 1000  # at first, and when all are asked for

_EVERY: Final = PreparedModels("campaigns", Campaign, "ORDER BY its.name")
_IN_USE, _PUT_AWAY = (
    PreparedModels(name, Campaign, f"WHERE its.archived_at IS {which} ORDER BY its.name LIMIT {MOST}", joined=["owner"])
    for name, which in (("campaigns_in_use", "NULL"), ("campaigns_put_away", "NOT NULL"))
)
_ONE: Final = PreparedModels(
    "campaign", Campaign, "WHERE its.id = %(id)s", joined=["owner", "stage", "view"], id="bigint"
)
_COSTS: Final = """
    SELECT id, sum_minor, first_on, last_on, note, sum(sum_minor) OVER ()::bigint, count(*) OVER ()
      FROM campaigns_cost
     WHERE campaign_id = its.id AND withdrawn_at IS NULL ORDER BY first_on DESC, id DESC LIMIT %(most)s
"""
_LINKS: Final = f"""
    SELECT id, token, url, source, medium, term, content, opened.clicks, opened.left_out
      FROM campaigns_link link
     CROSS JOIN LATERAL (
          SELECT coalesce(sum(clicks), 0)::bigint AS clicks, coalesce(sum(left_out), 0)::bigint AS left_out
            FROM campaigns_linkday WHERE link_id = link.id) AS opened
     WHERE link.campaign_id = its.id ORDER BY link.id DESC LIMIT {MOST_LINKS}
"""  # noqa: S608  (a number of ours)


def _as_json(question: str, columns: int) -> str:
    """The rows of a question, each as a list, as one text."""
    names = [f"c{number}" for number in range(columns)]
    rows = f"SELECT json_agg(json_build_array({', '.join(names)})) FROM ({question}) AS told ({', '.join(names)})"  # noqa: S608
    return f"coalesce(({rows})::text, '[]')"


_SHEET: Final = PreparedModels(
    "campaign_sheet",
    Campaign,
    "WHERE its.id = %(id)s",
    joined=["owner", "stage", "view"],
    adding={
        "versions_told": f"{VERSIONS}::text",
        "stages_told": f"{STAGES}::text",
        "costs_told": _as_json(_COSTS, 7),
        "links_told": _as_json(_LINKS, 9),
        "spent_told": _as_json(SPENT_NOW.replace("%(only)s", "its.id"), 3),
    },
    id="bigint",
    most="int",
    **SPANS_SPENT,
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


@dataclass(frozen=True, slots=True)
class Sheet:
    """A campaign with all that its page shows beside what is credited to it: one question instead of five."""

    campaign: Campaign
    path: Path
    costs: Sequence[CostLine]  # those that stand, the newest first
    links: Sequence[LinkLine]  # the newest first
    spent: Mapping[int, int]  # by the place of a span


def sheet_of(campaign_id: int, picture: Picture, spans: Sequence[Days], *, most: int = NEWEST_COSTS) -> Sheet | None:
    """As all is known now; `most` of its costs."""
    found: list[Any] = _SHEET.rows(id=campaign_id, most=most, **spans_spent(spans))
    for one in found:
        path = path_told(picture, one.versions_told, one.stages_told)
        spent = {place: total for place, _campaign, total in msgspec.json.decode(one.spent_told)}
        return Sheet(one, path, _COST_LINES.decode(one.costs_told), _LINK_LINES.decode(one.links_told), spent)
    return None


_COST_LINES: Final = msgspec.json.Decoder(list[CostLine])
_LINK_LINES: Final = msgspec.json.Decoder(list[LinkLine])


class Beside(NamedTuple):
    """What the strategy shows beside the figures of its campaigns."""

    spent: Spent
    touched: Mapping[str, datetime]  # when each campaign touched somebody last
    bought: tuple[int, int]  # so many customers, and for how much all of them
    stand_long: int  # people where the path leaks, COUNTED at most


def beside_strategy(
    spans: Sequence[Days], *, customers: Sequence[int], currency: str, leak: int | None, since: datetime
) -> Beside:
    """As all is known now; `leak` is the stage before which the path leaks, and who came there before `since` is
    counted."""
    asked = spans_spent(spans) | {"customers": customers, "currency": currency, "leak": leak, "long": since}
    [(spent, touched, people, value, stand_long)] = _BESIDE.rows(**asked)
    by_campaign = {(place, campaign): total for place, campaign, total in msgspec.json.decode(spent)}
    return Beside(by_campaign, dict(_TOUCHES.decode(touched)), (people, value), stand_long)


_LAST_TOUCHES: Final = """
    SELECT wanted.key, last.occurred_at FROM campaigns_campaign AS wanted
      JOIN LATERAL (SELECT occurred_at FROM contacts_event
                     WHERE campaign_key = wanted.key AND campaign_key > '' AND retracted_at IS NULL
                     ORDER BY occurred_at DESC LIMIT 1) AS last ON true
"""
_TOUCHES: Final = msgspec.json.Decoder(list[tuple[str, datetime]])
_BESIDE: Final = Prepared(
    "beside_strategy",
    f"""
    SELECT {_as_json(SPENT_NOW.replace("%(only)s", "NULL"), 3)}, {_as_json(_LAST_TOUCHES, 2)},
           bought.people, bought.value,
           (SELECT count(*) FROM (
                SELECT FROM funnel_position
                 WHERE stage_id = %(leak)s AND NOT is_visitor AND standing <> {Standing.CLOSED.value}
                   AND entered_at < %(long)s LIMIT {COUNTED}) one)
      FROM (SELECT coalesce(sum(n), 0)::bigint AS people, coalesce(sum(value_minor), 0)::bigint AS value
              FROM funnel_stageworth
             WHERE stage_id = ANY(%(customers)s::smallint[]) AND currency = %(currency)s) AS bought
""",  # noqa: S608  (numbers of ours)
    is_general=True,
    **SPANS_SPENT,
    customers="smallint[]",
    currency="varchar",
    leak="smallint",
    long="timestamptz",
)


def beside_list(
    picture: Picture, spans: Sequence[Days]
) -> tuple[Path, Mapping[tuple[int, int], int], Mapping[int, int]]:
    """What the list of campaigns shows beside what is credited to them, in one question: the path, what each cost in
    each span, and all that stands as cost of each, in the minor units of its currency."""
    [(versions, stages, spent, standing)] = _BESIDE_LIST.rows(**spans_spent(spans))
    by_span = {(place, campaign): total for place, campaign, total in msgspec.json.decode(spent)}
    return path_told(picture, versions, stages), by_span, dict(msgspec.json.decode(standing))


_WRITTEN_DOWN: Final = """
    SELECT campaign_id, sum(sum_minor)::bigint FROM campaigns_cost WHERE withdrawn_at IS NULL GROUP BY 1
"""
_BESIDE_LIST: Final = Prepared(
    "beside_list",
    f"""
    SELECT {VERSIONS}::text, {STAGES}::text, {_as_json(SPENT_NOW.replace("%(only)s", "NULL"), 3)},
           {_as_json(_WRITTEN_DOWN, 2)}
""",
    is_general=False,
    **SPANS_SPENT,
)
