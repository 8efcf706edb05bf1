"""Which orders are kept, after whatever refunds."""

import pytest

from tests.funnel.people import happened, walked


def kept(*log):
    state, _ = walked(*log)
    return [(order.order_id, order.value, order.refunded) for order in state.orders]


def order(day, order_id=None, value=100):
    return happened(day, "order_completed", value=value, order_id=order_id)


def refund(day, order_id=None, value=None):
    return happened(day, "order_refunded", value=value, order_id=order_id)


def test_a_refund_without_a_value_refunds_in_full():
    assert kept(order(0, "a"), order(1, "b"), refund(2, "a")) == [("b", 100, 0)]


def test_partial_refunds_add_up():
    log = order(0, "a"), refund(1, "a", 60)
    assert kept(*log) == [("a", 100, 60)]
    assert kept(*log, refund(2, "a", 39)) == [("a", 100, 99)]
    assert kept(*log, refund(2, "a", 40)) == []
    assert kept(*log, refund(2, "a", 999), order(3, "b")) == [("b", 100, 0)]  # the surplus is dropped


def test_a_refund_without_an_id_goes_to_the_newest_kept_order():
    log = order(0, "a"), order(1, "b"), refund(2)
    assert kept(*log) == [("a", 100, 0)]
    assert kept(*log, refund(3)) == []


def test_a_refund_with_an_id_goes_to_the_newest_kept_order_with_it():
    log = order(0, "a", 1), order(1, "a", 2), order(2, "b", 3), refund(3, "a")
    assert kept(*log) == [("a", 1, 0), ("b", 3, 0)]
    assert kept(*log, refund(4, "a")) == [("b", 3, 0)]


@pytest.mark.parametrize("unknown", ["c", "A", " a"])
def test_a_refund_of_an_unknown_order_changes_nothing(unknown):
    assert kept(order(0, "a"), refund(1, unknown)) == [("a", 100, 0)]


def test_a_refund_before_its_order_changes_nothing():
    assert kept(refund(0, "a"), order(1, "a")) == [("a", 100, 0)]
    assert kept(order(1, "a"), refund(1, "a")) == []  # of one moment, orders come first


def test_a_refund_in_another_currency_adds_nothing():
    krona = refund(1, "a", 500)._replace(currency="SEK")
    assert kept(order(0, "a"), krona) == [("a", 100, 0)]
    assert kept(order(0, "a"), krona._replace(value=None)) == []
    assert kept(order(0, "a", value=None), krona) == []
    assert kept(order(0, "a", value=0), krona) == []


def test_two_absent_currencies_are_equal():
    def bare(event):
        return event._replace(currency=None)

    assert kept(bare(order(0, "a")), bare(refund(1, "a", 100))) == []
    assert kept(order(0, "a"), bare(refund(1, "a", 100))) == [("a", 100, 0)]


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ("x1", "x1"),
        ("", ""),
        (42, "42"),
        (42.0, "42"),
        (10**30, "1" + 30 * "0"),
        (-3, "-3"),
        (4.5, None),
        (True, None),
        (None, None),
        (["a"], None),
        ({"a": 1}, None),
        (float("nan"), None),
        (float("inf"), None),
    ],
)
def test_an_order_id_is_a_text_or_a_whole_number(given, known):
    assert kept(order(0, given)) == [(known, 100, 0)]


def test_a_number_and_its_text_are_one_order_id():
    assert kept(order(0, 42), order(1, "b"), refund(2, "42")) == [("b", 100, 0)]


@pytest.mark.parametrize(
    ("days", "interval"),
    [
        ((), None),
        ((5,), 90 * 86_400),
        ((5, 5.9), 90 * 86_400),
        ((5.9, 6.1), 86_400),
        ((0, 7), 7 * 86_400),
        ((0, 1, 7), 3.5 * 86_400),
        ((0, 1, 2, 3, 4, 5, 6, 10), 123_429),  # ten days in seven parts, rounded up
    ],
)
def test_the_usual_interval_is_between_days_with_kept_orders(days, interval):
    assert walked(happened(0, "page_viewed"), *map(order, days))[0].orders.usual_interval == interval


def test_a_refunded_order_leaves_the_usual_interval():
    log = order(0), order(4), order(10, "x")
    assert walked(*log, refund(11, "x"))[0].orders.usual_interval == 4 * 86_400
    assert walked(*log, order(10.5), refund(11, "x"))[0].orders.usual_interval == 5 * 86_400
