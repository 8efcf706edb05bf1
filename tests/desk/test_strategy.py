"""The three questions, and the page of a campaign: what they say follows from the data by fixed rules."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from campaigns.costs import add_cost
from campaigns.models import Campaign, Question
from campaigns.strategy import strategy
from campaigns.year import year_from
from crm.desk.strategy.showing import Shown
from crm.desk.strategy.year import ShownYear
from funnel.advancing import advance_everything
from funnel.models import Stage
from funnel.pacing import Whose
from funnel.pictures import Picture
from staff.models import ApiKey, Role
from staff.policy import Principal
from tests.callers import make_caller
from tests.desk.scenes import ago, at_desk, queries_for
from tests.factories import make_user
from tests.funnel.worlds import happened, install, person

pytestmark = pytest.mark.django_db

PROGRAM = Principal(key=ApiKey(scopes=["figures:read"]))
BY = Principal()


@pytest.fixture(autouse=True)
def _installed() -> None:
    install()


def plan(key: str, question: Question, **said: object) -> Campaign:
    return Campaign.objects.create(key=key, name=key.title(), question=question, **said)


def told() -> Shown:
    return Shown(strategy(Picture.now(), Whose(PROGRAM), days=30))


def cost(campaign: Campaign, sum_minor: int, days_ago: int = 5) -> None:
    day = timezone.localdate() - timedelta(days=days_ago)
    add_cost(campaign=campaign, by=BY, sum_minor=sum_minor, first_on=day)


def test_the_headline_names_the_question_nobody_works_on():
    assert told().headline == "Three questions, and no campaign works on any of them."

    plan("ads", Question.REACH)
    plan("old", Question.BEFRIEND, ends_on=ago(3).date())
    plan("service", Question.KEEP)

    assert told().headline == "Three questions. Nobody works on making friends."
    assert [[gap.kind for gap in column.gaps] for column in told().seen.columns] == [[], ["question"], []]


def test_a_step_without_a_campaign_is_a_gap_unless_one_works_on_all_of_them():
    stages = {stage.key: stage for stage in Stage.objects.all()}
    plan("ads", Question.REACH)
    plan("guide", Question.BEFRIEND)
    plan("offer", Question.KEEP, stage=stages["customer"])

    gaps = told().seen.columns[2].gaps
    assert [(gap.kind, gap.from_stage.key, gap.to_stage.key) for gap in gaps] == [
        ("step", "customer", "loyalty"),
        ("step", "loyalty", "advocate"),
    ]
    assert told().headline == "Three questions. Nobody works on the step from Customer to Loyalty."

    plan("all", Question.KEEP)
    assert told().seen.columns[2].gaps == []


def test_people_are_counted_once_a_question_and_shared_out_over_its_cost():
    ads, guide = plan("ads", Question.REACH, channel="paid"), plan("guide", Question.BEFRIEND)
    plan("service", Question.KEEP)
    for number in range(3):
        met = person(known=number > 0)
        happened(met, "ad_clicked", ago(9), campaign_key="ads")
        if number:
            happened(met, "content_downloaded", ago(8), campaign_key="guide")
    happened(person(), "order_completed", ago(2), value_minor=5000, currency="EUR")
    cost(ads, 1200)
    cost(guide, 500)
    cost(guide, 7000, days_ago=45)
    advance_everything()

    shown = told()
    reach, befriend, keep = shown.seen.columns
    assert (reach.count, reach.won, reach.each) == (4, (3, 1), 300)
    assert (befriend.count, befriend.each, befriend.each_before) == (3, 167, None)
    assert (keep.count, keep.each) == (1, None)
    assert [(card.won, card.each) for card in (*reach.cards, *befriend.cards)] == [(3, 400), (2, 250)]
    assert (shown.seen.money.spent, shown.seen.money.customers, shown.seen.money.per_customer) == (1700, 1, 1700)
    assert shown.paid_in_words == "71 % of cost is paid media"


def test_a_campaign_page_shows_both_touches_and_the_people_behind_each_number():
    first, last = plan("first", Question.REACH), plan("last", Question.BEFRIEND)
    aino = person(name="Aino")
    happened(aino, "ad_clicked", ago(9), campaign_key="first")
    happened(aino, "content_downloaded", ago(8), campaign_key="last")
    happened(aino, "order_completed", ago(7), value_minor=9900, currency="EUR")
    cost(last, 3300)
    advance_everything()
    client, _user = at_desk(Role.MARKETER)

    page = client.get(f"/campaigns/{last.pk}")
    assert "It brought 1 person to Lead in 30 days. Each cost €33." in page.text
    assert [(figure.label, figure.value) for figure in page.context["shown"].figures()] == [
        ("Touched for the first time", "1"),
        ("Leads", "1"),
        ("New customers", "1"),
        ("Revenue", "€99"),
        ("Cost", "€33"),
        ("Return on cost", "+200 %"),
    ]
    by_first = client.get(f"/campaigns/{first.pk}", {"way": "first", "view": "table"})
    assert by_first.context["shown"].now.revenue == {"EUR": 9900}
    for way, campaign in (("first", first), ("last", last)):
        behind = client.get(f"/campaigns/{campaign.pk}/people", {"what": "customer", "way": way})
        assert [row.contact.pk for row in behind.context["found"].rows] == [aino.pk]
    other = client.get(f"/campaigns/{first.pk}/people", {"what": "customer", "way": "last"})
    assert other.context["found"].rows == []
    csv = client.get(f"/campaigns/{last.pk}/results.csv").text.splitlines()
    assert csv[4].split(",")[:3] == ["Orders", "0", "1"]


def test_sales_count_only_the_people_they_see_and_share_no_cost_out_over_them():
    ads = plan("ads", Question.REACH)
    mine, stranger = make_user(role=Role.SALES), make_user(role=Role.SALES)
    for owner in (mine, stranger):
        happened(person(owner=owner, name=owner.email), "ad_clicked", ago(9), campaign_key="ads")
    cost(ads, 1000)
    advance_everything()
    seen = strategy(Picture.now(), Whose(Principal(user=mine)), days=30)
    card = seen.columns[0].cards[0]
    assert (seen.of_everybody, card.won, card.each, seen.columns[0].each) == (False, 1, None, None)
    client, _user = at_desk(Role.SALES)
    client.force_login(mine, "django.contrib.auth.backends.ModelBackend")

    behind = client.get(f"/campaigns/{ads.pk}/people", {"what": "retargeting"})

    assert ([row.contact.name for row in behind.context["found"].rows], behind.context["found"].hidden) == (
        [mine.email],
        1,
    )
    assert "Each cost" not in client.get(f"/campaigns/{ads.pk}").text
    assert client.get("/campaigns/new").status_code == 403


def test_the_pages_ask_as_much_for_many_campaigns_as_for_few():
    client, _user = at_desk()
    one = plan("one", Question.REACH)
    addresses = ("/strategy", "/campaigns", f"/campaigns/{one.pk}")
    few = [len(queries_for(client, address)) for address in addresses]
    for number in range(8):
        cost(plan(f"more{number}", Question.KEEP), 100)
        happened(person(), "ad_clicked", ago(3), campaign_key=f"more{number}")
    advance_everything()

    assert [len(queries_for(client, address)) for address in addresses] == few
    assert few == [6, 5, 4]  # each a way to the database and back: the session and what the rail tells are two of them


def test_the_months_tell_what_runs_when_and_what_each_question_was_to_cost_and_did_cost():
    client, _user = at_desk(Role.MANAGER)
    fair = plan(
        "fair",
        Question.REACH,
        starts_on=date(2026, 2, 1),
        ends_on=date(2026, 3, 31),
        budget_minor=59_000,
        channel="paid",
    )
    plan("guide", Question.BEFRIEND, starts_on=date(2026, 5, 1))
    plan("old", Question.KEEP, ends_on=date(2025, 12, 31))
    plan("krona", Question.KEEP, starts_on=date(2026, 1, 1), currency="SEK")
    put_away = plan("put away", Question.KEEP, archived_at=timezone.now())
    for campaign, first, last, sum_minor in (
        (fair, date(2026, 2, 15), date(2026, 3, 14), 28_000),
        (put_away, date(2026, 1, 9), None, 777),
    ):
        add_cost(campaign=campaign, by=BY, sum_minor=sum_minor, first_on=first, last_on=last)

    year = year_from(date(2026, 1, 1), Picture.now())

    assert [one.key for one in year.campaigns] == ["krona", "fair", "guide"]
    sums = [(one.first.month, dict(one.planned), dict(one.spent)) for one in year.months[:3]]
    nothing = dict.fromkeys(Question.values, 0)
    assert sums == [
        (1, nothing, nothing | {"keep": 777}),
        (2, nothing | {"reach": 28_000}, nothing | {"reach": 14_000}),
        (3, nothing | {"reach": 31_000}, nothing | {"reach": 14_000}),
    ]
    shown = {part.question: part for part in ShownYear(year, date(2026, 2, 9)).parts()}
    [strip] = shown["reach"].strips
    assert (strip.x, strip.width, strip.is_over, shown["reach"].bars[1].words) == (
        "100.0", "200.0", False, "February €140 of €280",
    )  # fmt: skip
    assert ShownYear(year, date(2026, 2, 9)).of_calendar == (
        "2 campaigns run today. In February nobody works on making friends."
    )
    assert ShownYear(year, date(2026, 2, 9)).of_money == "In February €140 of €280 planned is spent."

    told = make_caller("figures:read").get("/api/v1/strategy/months?from=2026-01").json()
    assert told["months"][1]["questions"][0] == {
        "question": "reach",
        "planned": {"amount": "280.00", "currency": "EUR"},
        "spent": {"amount": "140.00", "currency": "EUR"},
    }
    assert [one["key"] for one in told["campaigns"]] == ["krona", "fair", "guide"]
    rows = client.get("/strategy/money.csv?from=2026-01").text.splitlines()
    assert rows[2] == "2026-02,280.00,140.00,0.00,0.00,0.00,0.00"
    for address in ("/strategy/calendar?from=2026-01", "/strategy/money?from=2026-01", "/strategy/money?view=table"):
        assert len(queries_for(client, address)) <= 6
