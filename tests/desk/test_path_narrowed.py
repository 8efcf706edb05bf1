"""The path narrowed: by source, campaign, owner and team; as of a past; as tables and files; and its targets."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.models import Campaign, Target
from funnel.advancing import advance_everything
from funnel.models import Stage
from staff.models import AuditRecord, Role, Team
from tests.callers import make_caller
from tests.desk.scenes import ago, asker, at_desk, buyer
from tests.factories import make_user
from tests.funnel.worlds import happened, install, source

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _path() -> None:
    install()


def came(client, **wish) -> dict[str, int]:
    walk = client.get("/", wish).context["walk"]
    return {step.stage.key: step.came for step in walk.steps if step.came}


def test_each_narrowing_counts_only_its_own_people():
    client, _user = at_desk()
    owner, team = make_user(), Team.objects.create(name="North")
    Campaign.objects.create(key="spring", name="Spring fair")
    buyer(ago(3), owner=owner)
    buyer(ago(3), team=team)
    asker(ago(3), origin_campaign="spring")
    asker(ago(3), origin_source=source("fair"))
    advance_everything()

    everybody = {"prospecting": 4, "customer": 2, "lead": 2}
    assert came(client) == everybody
    assert came(client, owner=owner.pk) == {"prospecting": 1, "customer": 1}
    assert came(client, owner="none") == {"prospecting": 3, "customer": 1, "lead": 2}
    assert came(client, team=team.pk) == {"prospecting": 1, "customer": 1}
    assert came(client, campaign="spring") == {"prospecting": 1, "lead": 1}
    assert came(client, source="fair") == {"prospecting": 1, "lead": 1}
    page = client.get("/", {"campaign": "spring", "days": "90"})
    assert "<b>Spring fair</b>" in page.text
    assert 'href="?days=90" aria-label="Without “Campaign”"' in page.text
    assert len(page.context["newest"]) == 1


def test_what_is_not_there_is_not_found():
    client, _user = at_desk()

    for wish in ({"source": "nothing"}, {"owner": "999999"}, {"team": "999999"}):
        assert client.get("/", wish).status_code == 404


@pytest.mark.parametrize("few", [0, 1000])
def test_who_stands_still_is_counted_of_few_and_of_many(few, monkeypatch):
    monkeypatch.setattr("crm.desk.path.beside.FEW", few)
    client, _user = at_desk()
    seller, me = at_desk(Role.SALES)
    for owner, days in ((make_user(), 61), (me, 70), (me, 10), (None, 80), (None, 90)):
        asker(ago(days), owner=owner, origin_campaign="fair" if days > 75 else "")
    advance_everything()

    def still(one, **wish) -> list[int]:
        return [its.n for its in one.get("/", wish).context["beside"].still]

    assert (still(client), still(client, owner=me.pk), still(client, owner="none")) == ([4], [1], [2])
    assert (still(seller), still(client, campaign="fair"), still(seller, campaign="fair")) == ([3], [2], [2])


def test_the_figures_of_hands_that_hold_everybody_are_those_of_everybody():
    client, user = at_desk(Role.SALES)
    admin, _admin = at_desk()
    for days in (2, 5, 20, 40, 41, 70, 100):
        asker(ago(days), owner=user)
        happened(buyer(ago(days + 0.5), owner=user), "order_completed", ago(days / 2), value_minor=1, currency="EUR")
    advance_everything()

    for days in (7, 30, 90, 365):
        own, every = (one.get("/", {"days": days}).context["walk"] for one in (client, admin))
        assert own.steps == every.steps
        assert own.flows == every.flows
        assert own.trend == every.trend
        assert own.month == every.month
    assert any(step.median_days for step in every.steps)


@pytest.mark.owner
def test_a_past_is_shown_as_it_stood_and_as_it_was_known():
    client, _user = at_desk()
    yesterday = timezone.localdate() - timedelta(days=1)
    buyer(ago(10))
    advance_everything()
    with connection.cursor() as cursor:  # as only the owner of the tables could
        cursor.execute("RESET ROLE")
        cursor.execute("UPDATE funnel_transition SET recorded_at = %s", [ago(9)])
    buyer(ago(8))  # which is learned only now
    advance_everything()

    then = {"as_of": str(yesterday), "known_on": str(yesterday)}
    page = client.get("/", then)

    assert page.context["walk"].people == 1
    assert client.get("/").context["walk"].people == 2
    assert "As it stood on <b>" in page.text
    assert "as known on <b>" in page.text
    assert 'id="changes"' not in page.text


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"as_of": "2026-03-02", "known_on": "2026-03-01"}, "choose an earlier day"),
        ({"as_of": "2999-01-01"}, "That day is not over yet"),
        ({"as_of": "soon"}, ""),
    ],
)
def test_a_past_that_cannot_be_is_refused_in_words(wish, said):
    client, _user = at_desk()
    buyer(ago(3))
    advance_everything()

    page = client.get("/", wish)

    assert page.status_code == 200
    assert page.context["walk"].people == 1
    assert said in page.text


def test_each_table_is_on_the_page_and_a_file_without_formulas():
    client, _user = at_desk()
    Stage.objects.filter(key="lead").update(label_en="=HYPERLINK()")
    buyer(ago(3))
    asker(ago(2))
    Target.objects.create(stage=Stage.objects.get(key="lead"), month=timezone.localdate().replace(day=1), people=4)
    advance_everything()

    page = client.get("/", {"view": "table"})

    assert [table.name for table in page.context["tables"]] == ["stages", "flows", "trend", "health", "plan"]
    flows = client.get("/path/flows.csv")
    assert flows.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert flows.text == (
        "\ufeffFrom stage,To stage,People,People before\r\n"
        "new on the path,Prospecting,2,0\r\n"
        "Prospecting,'=HYPERLINK(),1,0\r\n"
        "Prospecting,Customer,1,0\r\n"
    )
    for table in page.context["tables"]:
        assert client.get(f"/path/{table.name}.csv").text.startswith("\ufeff")
    assert client.get("/path/nothing.csv").status_code == 404


def test_targets_are_set_by_who_leads_and_stand_beside_what_came():
    client, _user = at_desk(Role.MANAGER)
    buyer(ago(0))
    advance_everything()
    month = timezone.localdate().replace(day=1)

    answer = client.post("/path/targets", {"month": month, "customer": "4", "lead": ""})

    assert answer.status_code == 302
    assert [(one.stage.key, one.people) for one in Target.objects.all()] == [("customer", 4)]
    [line] = client.get("/").context["plan"].lines
    assert (line.stage.key, line.came, line.target, line.share) == ("customer", 1, 4, 25.0)
    assert AuditRecord.objects.get(action="targets_set").detail["people"]["customer"] == 4
    client.post("/path/targets", {"month": month, "customer": ""})
    assert not Target.objects.exists()


def test_a_target_that_is_no_number_is_kept_as_typed_and_refused():
    client, _user = at_desk(Role.MANAGER)

    answer = client.post("/path/targets", {"month": timezone.localdate(), "lead": "0"})

    assert answer.status_code == 422
    assert 'value="0"' in answer.text
    assert not Target.objects.exists()


@pytest.mark.parametrize("role", [Role.SALES, Role.MARKETER, Role.READ_ONLY])
def test_others_see_targets_and_do_not_set_them(role):
    client, _user = at_desk(role)

    assert client.post("/path/targets", {"month": timezone.localdate(), "lead": "3"}).status_code == 403
    assert "Set the targets" not in client.get("/").text
    assert not Target.objects.exists()


def test_targets_over_the_api():
    caller = make_caller("figures:read", "targets:write")

    made = caller.patch("/api/v1/targets/2026-11", {"people": {"customer": 30, "lead": 80}})

    whole = {"month": "2026-11", "targets": [{"stage": "lead", "people": 80}, {"stage": "customer", "people": 30}]}
    assert (made.status_code, made.json()) == (200, whole)
    less = caller.patch("/api/v1/targets/2026-11", {"people": {"lead": None}}).json()
    assert less == caller.get("/api/v1/targets/2026-11").json() == whole | {"targets": whole["targets"][1:]}
    for month, people, status in (
        ("2026-11", {"nowhere": 3}, 422),
        ("2026-11", {"lead": 0}, 422),
        ("2026-13", {"lead": 1}, 404),
    ):
        assert caller.patch(f"/api/v1/targets/{month}", {"people": people}).status_code == status
    assert make_caller("figures:read").patch("/api/v1/targets/2026-11", {"people": {}}).status_code == 403
