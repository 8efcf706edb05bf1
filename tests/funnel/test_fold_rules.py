"""Which rule is chosen, what it changes, and what is left as it is."""

import pytest

from funnel.fold import State, fold
from funnel.rules import Playbook, Playbooks
from tests.funnel.people import FOREVER, book, happened, path, playbooks, walked

ASKED = {"on": ["asked"]}


def asked(day=0.0, **properties):
    return happened(day, "asked", **properties)


def test_the_first_rule_that_matches_decides_its_dimension():
    rules = book(
        {"on": ["other"], "to": "cold"},
        ASKED | {"from": ["hot"], "to": "cold"},
        ASKED | {"to": "warm"},
        ASKED | {"to": "hot"},
        ASKED | {"to": {"health": "active"}},
        ASKED | {"to": {"health": "lapsed"}},
        ASKED | {"to": {"standing": "closed"}},
    )
    state, moves = walked(asked(), by=rules)

    assert (state.stage, state.health, state.standing) == ("warm", "active", "closed")
    assert [(move.dimension, move.from_, move.to, move.rule) for move in moves] == [
        ("stage", None, "cold", None),
        ("stage", "cold", "warm", 2),
        ("health", None, "active", 4),
        ("standing", "open", "closed", 6),
    ]


def test_moves_of_one_event_come_as_stage_health_standing_whatever_the_order_of_rules():
    to = {"standing": "closed"}, {"health": "active"}, "warm"
    _, moves = walked(asked(), by=book(*(ASKED | {"to": target} for target in to)))
    assert [move.dimension for move in moves] == ["stage", "stage", "health", "standing"]


def test_a_rule_whose_target_is_already_there_keeps_the_later_ones_from_being_tried():
    state, moves = walked(asked(), asked(1), by=book(ASKED | {"to": "cold"}, ASKED | {"to": "hot"}))
    assert (state.stage, len(moves)) == ("cold", 1)


def test_a_rule_for_customers_lets_public_events_pass_to_the_next():
    rules = book(ASKED | {"to": "hot"}, ASKED | {"to": "warm"})
    public = asked()._replace(public=True)
    assert walked(public, by=rules)[0].stage == "warm"
    assert walked(asked(), by=rules)[0].stage == "hot"


def test_a_public_event_may_move_health_and_standing():
    rules = book(ASKED | {"to": {"health": "active"}}, ASKED | {"to": {"standing": "closed"}})
    state, _ = walked(asked()._replace(public=True), by=rules)
    assert (state.health, state.standing) == ("active", "closed")


@pytest.mark.parametrize(("stage", "to"), [("hot", "hot"), ("nowhere", "warm"), (None, "warm"), (3, "warm")])
def test_a_stage_that_the_event_names_must_be_one_of_ours(stage, to):
    rules = book(ASKED | {"to": {"property": "wanted"}}, ASKED | {"to": "warm"})
    assert walked(asked(wanted=stage), by=rules)[0].stage == to


def test_a_stage_that_is_not_in_the_document_is_no_target():
    rules = book(ASKED | {"to": "nowhere"}, ASKED | {"to": "warm"}, {"on": "time", "to": "nowhere"})
    assert walked(asked(), by=rules, until=9)[0].stage == "warm"


def test_a_time_rule_has_no_event_to_name_a_stage():
    rules = book({"on": "time", "to": {"property": "wanted"}})
    assert walked(asked(wanted="hot"), by=rules, until=9)[0].stage == "cold"


def test_no_health_may_be_where_a_rule_starts_from_and_where_it_leads():
    rules = book(ASKED | {"from": [None], "to": {"health": "active"}}, ASKED | {"to": {"health": None}})
    _, moves = walked(asked(), asked(1), asked(2), asked(3), by=rules)
    assert [(move.to, move.visit) for move in moves[1:]] == [("active", 1), (None, 1), ("active", 2), (None, 2)]


def test_entered_is_the_moment_of_the_last_stage_move():
    rules = book(ASKED | {"to": "warm"}, {"on": ["other"], "to": {"health": "active"}})
    state, _ = walked(asked(), asked(1), happened(2, "other"), by=rules)
    assert state.entered == 0


def test_events_of_one_moment_go_by_rank_and_then_by_key():
    log = [
        happened(0, "stage_set", stage="hot"),
        happened(0, "form_submitted"),
        happened(0, "page_viewed"),
        happened(0, "page_viewed"),
    ]
    _, moves = walked(
        *log, by=book({"on": ["page_viewed", "form_submitted", "stage_set"], "to": {"property": "stage"}})
    )
    assert moves[0].cause_key == log[2].key
    assert moves[1].cause_key == log[0].key


def test_events_after_until_are_not_walked():
    log = happened(0, "page_viewed"), happened(5, "form_submitted")
    state, moves = walked(*log, until=4.99)
    assert (state.stage, len(moves)) == ("prospecting", 1)
    assert state.last == log[0][:3]


def test_without_events_there_is_nowhere_to_stand():
    books = playbooks(book({"on": "time", "to": "warm"}))
    state, moves = walked(happened(5, "x"), by=books, until=4)
    assert (state.stage, state.standing, state.last, moves) == (None, "open", None, [])


def test_versions_decide_by_the_highest_number_whose_moment_has_come():
    books = playbooks(
        book(ASKED | {"to": "warm"}, name=1),
        book(ASKED | {"to": "hot"}, name=2),
        book(ASKED | {"to": "cold"}, name=3),
        since=(20, 10),
    )
    assert [books.at(day * 86_400_000_000).number for day in (0, 9, 10, 20, 30)] == [1, 1, 3, 3, 3]
    _, moves = walked(asked(0), asked(9), asked(10), asked(25), by=books)
    assert [(move.to, move.version) for move in moves] == [("cold", 1), ("warm", 1), ("cold", 3)]


def test_the_start_is_in_the_first_stage_of_the_version_in_force():
    second = book(stages=[{"key": "new", "phase": "stranger"}])
    _, moves = walked(asked(7), by=playbooks(book(), second, since=(7,)))
    assert [(move.to, move.version) for move in moves] == [("new", 2)]


def test_points_and_half_life_are_those_of_the_version_at_the_later_moment():
    books = playbooks(book(points={"asked": 8}), book(points={"asked": 1}, half_life_days=1), since=(10,))
    state, _ = walked(asked(0), asked(9.9), by=books)
    assert (state.score, state.score_day) == (6498 + 8000, 9)
    assert walked(asked(7), asked(10), by=books)[0].score == 2000


def test_what_a_later_version_counts_was_counted_before_it():
    rule = ASKED | {"to": "hot", "when": [{"measure": "count", "of": ["seen"], "within_days": 20, "at_least": 2}]}
    books = playbooks(book(), book(rule), since=(4,))
    before, _ = walked(happened(0, "seen"), happened(1, "seen"), by=books)
    _, moves = fold(before, [asked(5)], books, FOREVER)
    assert path(moves) == [(5, "hot")]


def test_a_first_version_that_comes_into_force_late_is_refused():
    with pytest.raises(ValueError, match="from the beginning of time"):
        Playbooks([Playbook.parse(book(), 1, 0)])


def test_a_state_is_not_folded_on_with_other_playbooks():
    state, _ = walked(asked(), by=book())
    with pytest.raises(ValueError, match="other playbooks"):
        fold(state, [], playbooks(book(half_life_days=1)), 0)


def test_events_out_of_order_are_refused():
    with pytest.raises(ValueError, match="after a later one"):
        fold(State.start(), [asked(1), asked(0), asked(2)], playbooks(book(ASKED | {"to": "warm"})), FOREVER)
