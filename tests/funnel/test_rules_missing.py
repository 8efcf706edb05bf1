"""Why not, and what would it take."""

from funnel.fold import wake_at
from funnel.rules import Asked, Way, missing
from funnel.state import DAY
from tests.funnel.people import DEFAULT, book, happened, playbooks, walked

BOOKS = playbooks(DEFAULT)


def ways(log, target, dimension="stage", day=None, books=BOOKS):
    state, _ = walked(*log, by=books, until=day)
    return missing(state, books, log[-1].at if day is None else round(day * DAY), target, dimension)


def test_a_customer_lacks_an_order_on_another_day_and_may_take_a_year():
    (way,) = ways([happened(0, "form_submitted"), happened(3, "order_completed")], "loyalty", day=20)

    condition = DEFAULT["rules"][4]["when"][0]
    assert way == Way(
        rule=4,
        rule_name="An order on a second day within a year makes loyalty",
        version=1,
        types=frozenset({"order_completed"}),
        starts_here=True,
        conditions=(Asked(condition, value=1, holds=False, lacking=1, changes_at=369 * DAY),),
    )


def test_every_rule_to_the_target_is_a_way_and_tells_whether_it_starts_here():
    found = ways([happened(0, "page_viewed"), happened(1, "page_viewed")], "retargeting")

    assert [(way.rule, way.starts_here) for way in found] == [(7, True), (8, True)]
    assert found[0].conditions == ()
    assert [(asked.value, asked.holds, asked.lacking) for asked in found[1].conditions] == [(2, False, 1)]
    assert [way.starts_here for way in ways([happened(0, "page_viewed")], "loyalty")] == [False]


def test_only_the_event_can_tell_what_it_will_say():
    found = ways([happened(0, "order_completed")], "advocate")
    assert [way.conditions for way in found] == [
        (),
        (Asked(DEFAULT["rules"][3]["when"][0], value=None, holds=None, lacking=None, changes_at=None),),
    ]


def test_health_changes_at_the_moment_at_which_its_timer_fires():
    log = [happened(0, "order_completed")]
    (way,) = ways(log, "cooling", "health", day=100)
    assert way.types is None
    assert [(a.value, a.holds, a.changes_at) for a in way.conditions] == [(90 * 86_400, False, 180 * DAY)]
    assert wake_at(walked(*log, until=100)[0], BOOKS, 100 * DAY) == 180 * DAY
    assert [(a.holds, a.changes_at) for a in ways(log, "cooling", "health", day=200)[0].conditions] == [(True, None)]


def test_numbers_are_lacking_in_the_units_of_evidence():
    when = [
        {"measure": "score", "at_least": 5},
        {"measure": "days_in_stage", "more_than": 3},
        {"measure": "count", "of": ["seen"], "at_least": 2},
        {"measure": "count", "of": ["seen"], "more_than": 2},
        {"measure": "count", "of": ["seen"], "at_most": 0},
        {"measure": "attribute", "name": "size", "is": "M"},
    ]
    books = playbooks(book({"on": ["seen"], "to": "hot", "when": when}, points={"seen": 2}))
    (way,) = ways([happened(0, "seen")], "hot", day=1, books=books)

    assert [(asked.value, asked.lacking) for asked in way.conditions] == [
        (1954, 3046),
        (DAY, 2 * DAY + 1),
        (1, 1),
        (1, 2),
        (1, None),
        (None, None),
    ]
    assert way.conditions[1].changes_at == 3 * DAY


def test_the_version_in_force_decides_what_is_missing():
    rule = {"on": ["seen"], "to": "hot"}
    books = playbooks(book(), book(rule), since=(5,))
    assert ways([happened(0, "seen")], "hot", day=4, books=books) == []
    assert [way.version for way in ways([happened(0, "seen")], "hot", day=5, books=books)] == [2]
