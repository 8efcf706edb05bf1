"""Every line of the default playbook, and its health, standing and points."""

import pytest

from funnel.fold import rank_score, score_at
from funnel.state import DAY
from tests.funnel.people import DEFAULT, happened, path, playbooks, walked

ASKING = ["newsletter_subscribed", "content_downloaded", "form_submitted", "quote_requested", "message_received"]
INTEREST = ["ad_clicked", "social_reacted", "email_clicked", "event_attended"]


def stage_after(*log):
    return walked(*log)[0].stage


def at(stage):
    return happened(0, "stage_set", stage=stage)


def order(day, value=5900, **properties):
    return happened(day, "order_completed", value=value, **properties)


def refund(day, value=None, **properties):
    return happened(day, "order_refunded", value=value, **properties)


def test_a_path_starts_with_the_first_event_whatever_it_is():
    seen = happened(3, "ad_viewed")
    state, moves = walked(seen)

    assert (state.stage, state.entered, state.health, state.standing) == ("prospecting", 3 * DAY, None, "open")
    (start,) = moves
    assert start == ("stage", None, "prospecting", 3 * DAY, None, "start", 1, seen.key, seen.id, (), 1)


@pytest.mark.parametrize("stage", [stage["key"] for stage in DEFAULT["stages"]])
def test_1_a_decision_sets_any_stage(stage):
    assert stage_after(happened(0, "page_viewed"), happened(1, "stage_set", stage=stage)) == stage


@pytest.mark.parametrize("stage", ["nowhere", None, 5, ["lead"]])
def test_1_a_decision_for_no_stage_of_ours_changes_nothing(stage):
    assert stage_after(happened(0, "page_viewed"), happened(1, "stage_set", stage=stage)) == "prospecting"


@pytest.mark.parametrize("stage", ["customer", "loyalty", "advocate"])
def test_2_the_refund_of_the_last_kept_order_makes_a_lead_again(stage):
    assert stage_after(order(0), happened(1, "stage_set", stage=stage), refund(2)) == "lead"


def test_2_another_kept_order_keeps_the_stage():
    assert stage_after(order(0), order(1), refund(2)) == "loyalty"


@pytest.mark.parametrize("type_", ["referral_made", "review_posted"])
@pytest.mark.parametrize(("before", "after"), [("customer", "advocate"), ("loyalty", "advocate"), ("lead", "lead")])
def test_3_customers_who_bring_others_become_advocates(type_, before, after):
    assert stage_after(at(before), happened(1, type_)) == after


@pytest.mark.parametrize(("score", "stage"), [(8, "customer"), (9, "advocate"), (10.0, "advocate"), ("10", "customer")])
def test_4_high_praise_makes_an_advocate(score, stage):
    assert stage_after(at("customer"), happened(1, "feedback_given", score=score)) == stage


@pytest.mark.parametrize(("day", "stage"), [(0.9, "customer"), (1, "loyalty"), (365.9, "loyalty"), (366, "customer")])
def test_5_an_order_on_a_second_day_within_a_year_makes_loyalty(day, stage):
    assert stage_after(order(0), order(day)) == stage


@pytest.mark.parametrize("before", ["prospecting", "retargeting", "lead"])
def test_6_a_first_order_makes_a_customer_whatever_the_sum(before):
    assert stage_after(at(before), order(1, value=0)) == "customer"


@pytest.mark.parametrize("type_", ASKING)
@pytest.mark.parametrize(
    ("before", "after"), [("prospecting", "lead"), ("retargeting", "lead"), ("customer", "customer")]
)
def test_7_asking_for_something_makes_a_lead(type_, before, after):
    assert stage_after(at(before), happened(1, type_)) == after


@pytest.mark.parametrize("type_", INTEREST)
@pytest.mark.parametrize(("before", "after"), [("prospecting", "retargeting"), ("lead", "lead")])
def test_8_visible_interest_makes_a_friend(type_, before, after):
    assert stage_after(at(before), happened(1, type_)) == after


@pytest.mark.parametrize(("last", "stage"), [(30.9, "retargeting"), (31, "prospecting")])
def test_9_three_page_views_in_a_month_make_a_friend(last, stage):
    assert stage_after(*(happened(day, "page_viewed") for day in (0.5, 0.5, last))) == stage


def test_a_public_source_makes_leads_but_no_customers():
    def public(day, type_, **properties):
        return happened(day, type_, public=True, **properties)

    assert stage_after(public(0, "page_viewed"), public(1, "form_submitted")) == "lead"
    assert stage_after(public(0, "page_viewed"), public(1, "order_completed")) == "prospecting"
    assert stage_after(at("customer"), public(1, "review_posted")) == "customer"
    assert stage_after(at("lead"), public(1, "stage_set", stage="loyalty")) == "lead"
    assert stage_after(at("lead"), public(1, "stage_set", stage="retargeting")) == "retargeting"


def test_health_fades_with_silence_and_comes_back_with_an_order():
    _, moves = walked(order(0), order(10), order(200), until=2000)

    assert path(moves, "health") == [
        (0, "active"),
        (40, "cooling"),  # 2 x 10 days are less than 30
        (100, "lapsed"),  # 4 x 10 days are less than 90
        (200, "active"),
        (400, "cooling"),  # 2 x (200 / 2) days
        (600, "lapsed"),  # 4 x (200 / 2) days
    ]


def test_silence_of_one_order_goes_by_ninety_days_and_long_ones_are_cut():
    assert path(walked(order(0), until=2000)[1], "health") == [(0, "active"), (180, "cooling"), (360, "lapsed")]
    assert path(walked(order(0), order(1000), until=5000)[1], "health")[-2:] == [(1365, "cooling"), (1730, "lapsed")]


def test_the_cause_of_cooling_is_the_last_order_and_its_evidence_the_usual_interval():
    orders = order(0), order(0.5), order(7.25)
    _, moves = walked(*orders, until=90)

    assert moves[-1] == (
        *("health", "active", "cooling", round(37.25 * DAY), 12, "Two usual intervals of silence make cooling"),
        *(1, orders[-1].key, orders[-1].id, (7 * 86_400,), 1),
    )


def test_a_refund_that_moves_the_due_moment_into_the_past_fires_at_the_refund():
    _, moves = walked(order(0), order(100), refund(220), until=220)
    assert path(moves, "health") == [(0, "active"), (220, "cooling")]


def test_without_a_kept_order_there_is_no_health():
    state, moves = walked(order(0), refund(3), until=900)
    assert (state.health, path(moves, "health")) == (None, [(0, "active"), (3, None)])
    assert moves[-1].visit == 1


def test_postponing_waits_for_its_date():
    _, moves = walked(happened(0, "postponed", until="1970-03-01"), until=400)
    assert path(moves, "standing") == [(0, "not_now"), (59, "open")]


@pytest.mark.parametrize("type_", [*ASKING, *INTEREST, "page_viewed", "order_completed", "reopened"])
def test_who_acts_is_open_before_the_date(type_):
    assert walked(happened(0, "postponed", until="1971-01-01"), happened(1, type_))[0].standing == "open"


@pytest.mark.parametrize("type_", ["ad_viewed", "email_opened", "call_held", "order_refunded"])
def test_what_is_no_act_of_theirs_opens_nothing(type_):
    assert walked(happened(0, "postponed", until="1971-01-01"), happened(1, type_))[0].standing == "not_now"


@pytest.mark.parametrize("type_", ["disqualified", "relationship_ended"])
def test_closed_are_opened_by_an_order_or_a_reopening_alone(type_):
    closed = happened(0, type_, reason="moved away")
    assert walked(closed)[0].standing == "closed"
    assert walked(closed, *(happened(1, act) for act in [*ASKING, *INTEREST]))[0].standing == "closed"
    assert walked(closed, happened(1, "reopened"))[0].standing == "open"
    assert walked(closed, order(1))[0].standing == "open"


def test_points_of_a_month_ago_are_worth_half():
    state, _ = walked(happened(0, "quote_requested"), happened(30, "page_viewed"))
    assert (state.score, state.score_day) == (21_000, 30)
    assert score_at(state, playbooks(DEFAULT), 60 * DAY) == 10_500
    assert (state.score, state.score_day) == (21_000, 30)


def test_people_sort_by_score_without_an_update_each_day():
    books = playbooks(DEFAULT)
    people = [
        walked(happened(0, "order_completed"))[0],
        walked(happened(40, "call_held"))[0],
        walked(happened(80, "page_viewed"))[0],
        walked(happened(90, "ad_viewed"))[0],
    ]
    for day in (90, 120):
        scores = [score_at(person, books, day * DAY) for person in people]
        ranks = [rank_score(person, books, day * DAY) for person in people]
        assert sorted(range(4), key=scores.__getitem__) == sorted(range(4), key=ranks.__getitem__)
    assert ranks == [rank_score(person, books, 90 * DAY) for person in people]
