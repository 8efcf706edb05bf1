"""The pages of campaigns: compared, taken out as a file, planned once more, and their budgets beside what was spent."""

import csv
from datetime import date, timedelta

import pytest
from django.utils import timezone

from campaigns.budgets import budget_of
from campaigns.costs import add_cost
from campaigns.figure_api import short_address
from campaigns.linking import make_link
from campaigns.models import Campaign, LinkDay, Question
from funnel.advancing import advance_everything
from staff.models import AuditRecord, Role
from staff.policy import Principal
from tests.desk.scenes import ago, at_desk
from tests.funnel.worlds import happened, install, person

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 22)


@pytest.fixture(autouse=True)
def _installed() -> None:
    install()


def plan(key: str, name: str = "", **said: object) -> Campaign:
    return Campaign.objects.create(key=key, name=name or key.title(), **said)


def cost(campaign: Campaign, sum_minor: int, days_ago: int = 5) -> None:
    day = timezone.localdate() - timedelta(days=days_ago)
    add_cost(campaign=campaign, by=Principal(), sum_minor=sum_minor, first_on=day)


def two_campaigns() -> tuple[Campaign, Campaign]:
    """The fair brought an order of 90 for 30 spent, the ads nothing for 120; both are of half a year's budgets."""
    fair = plan("fair", "=HYPERLINK(1)", question=Question.KEEP, audience="@everybody", budget_minor=10000)
    ads = plan("ads", channel="paid")
    cost(fair, 3000)
    cost(ads, 12000)
    cost(fair, 500, days_ago=200)
    someone = person()
    happened(someone, "email_clicked", at=ago(4), campaign_key="fair")
    happened(someone, "order_completed", at=ago(3), value_minor=9000, currency="EUR")
    advance_everything()
    return fair, ads


def test_the_list_is_taken_out_as_a_table_that_no_spreadsheet_runs_and_on_record():
    two_campaigns()
    plan("old", archived_at=timezone.now())
    desk = at_desk(Role.READ_ONLY)[0]

    answer = desk.get("/campaigns.csv?days=90&way=first")

    rows = list(csv.DictReader(answer.content.decode("utf-8-sig").splitlines()))
    assert [(row["name"], row["audience"]) for row in rows] == [("'=HYPERLINK(1)", "'@everybody"), ("Ads", "")]
    told = ("budget", "spent_in_all", "orders", "revenue", "cost", "cost_per_new_customer", "return_on_cost_percent")
    assert [rows[0][name] for name in told] == ["100.00", "35.00", "1", "90.00", "30.00", "30.00", "200.0"]
    assert [rows[1][name] for name in told] == ["", "120.00", "0", "0.00", "120.00", "", "-100.0"]
    assert AuditRecord.objects.get(action="campaigns_exported").detail == {
        "days": 90, "way": "first", "put_away": False, "campaigns": 2,
    }  # fmt: skip
    away = desk.get("/campaigns.csv?archived=1").content.decode("utf-8-sig").splitlines()
    assert [row["key"] for row in csv.DictReader(away)] == ["old"]


def test_sales_take_out_no_quotients_of_a_cost_that_is_not_shared_out_over_their_people():
    two_campaigns()
    desk = at_desk(Role.SALES)[0]

    rows = list(csv.DictReader(desk.get("/campaigns.csv").content.decode("utf-8-sig").splitlines()))

    assert {(row["cost_per_new_customer"], row["return_on_cost_percent"]) for row in rows} == {("", "")}
    assert "Return" not in desk.get("/campaigns/compared").content.decode()


def test_campaigns_are_compared_by_a_measure_the_best_first_and_who_has_nothing_of_it_last():
    two_campaigns()
    plan("silent")
    desk = at_desk(Role.MARKETER)[0]

    def order(by: str) -> list[int]:
        page = desk.get(f"/campaigns/compared?by={by}").content.decode()
        return [page.index(name) for name in ("=HYPERLINK(1)</b>", "Ads</b>")]

    page = desk.get("/campaigns/compared").content.decode()
    assert "Revenue: =HYPERLINK(1) leads with €90." in page
    assert "Nothing to tell of:" in page
    assert "Silent" in page
    assert order("revenue") == sorted(order("revenue"))
    assert order("cost") == sorted(order("cost"), reverse=True)
    assert order("customer-cost") == sorted(order("customer-cost"))
    assert order("nonsense") == order("revenue")


def test_another_campaign_is_planned_like_one_from_today_and_as_long_with_nothing_that_came_of_it():
    spring = plan(
        "spring", "Spring", question=Question.BEFRIEND, channel="earned", tactic="Two letters", budget_minor=120050,
        starts_on=date(2026, 3, 1), ends_on=date(2026, 3, 31), other_names=["Spring on the platform"],
    )  # fmt: skip
    cost(spring, 1000)
    desk = at_desk(Role.MARKETER)[0]
    address = f"/campaigns/new?like={spring.pk}"
    form = desk.get(address).context["form"]

    desk.post(address, {name: value for name, value in form.initial.items() if value is not None})

    made = Campaign.objects.exclude(pk=spring.pk).get()
    assert (made.name, made.key, made.question, made.channel) == ("Spring, again", "spring-again", "befriend", "earned")
    assert (made.tactic, made.budget_minor, made.other_names, made.costs.count()) == ("Two letters", 120050, [], 0)
    today = timezone.localdate()
    assert (made.starts_on, made.ends_on) == (today, today + timedelta(days=30))
    assert desk.get("/campaigns/new?like=999999").status_code == 404


def test_a_budget_tells_what_is_spent_and_how_many_of_its_days_are_over():
    begun = budget_of(1000, 250, date(2026, 11, 13), date(2026, 12, 2), TODAY)
    early = budget_of(1000, 0, date(2026, 12, 1), date(2026, 12, 31), TODAY)
    over = budget_of(0, 5, None, date(2026, 12, 2), TODAY)

    assert begun
    assert (begun.share, begun.time, begun.left, begun.is_over) == (25.0, 50.0, 750, False)
    assert early
    assert (early.share, early.time) == (0.0, 0.0)
    assert over
    assert (over.share, over.time, over.left, over.is_over) == (100.0, None, -5, True)
    assert budget_of(None, 5, None, None, TODAY) is None


def test_the_page_says_what_of_its_budget_is_spent_also_on_days_long_gone():
    fair, _ads = two_campaigns()
    desk = at_desk(Role.MARKETER)[0]

    assert "€35 of €100 is spent." in desk.get(f"/campaigns/{fair.pk}").content.decode()
    cost(fair, 7000, days_ago=100)
    assert "€105 of €100 is spent. That is €5 more than planned." in desk.get(f"/campaigns/{fair.pk}").content.decode()


def test_the_page_shows_the_newest_costs_and_the_others_when_they_are_asked_for():
    ads = plan("ads", budget_minor=1500)
    for number in range(15):
        cost(ads, 100 + number, days_ago=number)
    desk = at_desk(Role.MARKETER)[0]

    few, every = (desk.get(f"/campaigns/{ads.pk}{asked}").content.decode() for asked in ("", "?costs=all"))

    assert (few.count("/withdraw"), every.count("/withdraw")) == (12, 15)
    assert "and 3 earlier" in few
    assert "earlier" not in every
    assert "€16.05 of €15 is spent." in few


def test_a_link_is_shown_to_be_copied_with_what_was_counted_and_where_it_leads():
    ads = plan("ads")
    link = make_link(
        campaign=ads, by=Principal(), url="https://example.com/?a=1&utm_source=old", source="<b>", medium="email"
    )
    LinkDay.objects.create(link=link, day=timezone.localdate(), clicks=1200, left_out=1)

    page = at_desk(Role.READ_ONLY)[0].get(f"/campaigns/{ads.pk}").content.decode()

    assert f'value="{short_address(link.token)}" readonly' in page
    assert "https://example.com/?a=1&amp;utm_source=%3Cb%3E&amp;utm_medium=email&amp;utm_campaign=ads" in page
    assert "<b>&lt;b&gt; / email</b>" in page
    assert "1,200 clicks" in page
    assert "1 opening by a machine left out" in page
