"""The playbook at the desk: rules said and edited as tokens, drafts of several people, backtests down to one person."""

import copy
import json
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from contacts.models import Contact, Event
from crm.desk.playbooks.telling import Line, Teller
from crm.desk.playbooks.tokens import FRESH, Vocabulary, rule_of
from funnel import redrafting
from funnel.advancing import advance_everything
from funnel.backtesting import work_off_backtests
from funnel.explaining import Words
from funnel.models import Backtest, Playbook, PlaybookDraft, Transition
from funnel.publishing import publish_playbook, save_draft, start_draft
from funnel.texts import as_text
from staff.models import AuditRecord, Role, User
from staff.policy import Principal
from tests.desk.scenes import queries_for
from tests.factories import make_user
from tests.funnel.people import DEFAULT
from tests.funnel.worlds import happened, install, person

pytestmark = pytest.mark.django_db


class Fields(HTMLParser):
    """What a browser would send of the form with this id."""

    def __init__(self, form: str, html: str) -> None:
        super().__init__()
        self.form, self.inside, self.select, self.sent = form, False, "", QueryDict(mutable=True)
        self.first: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.inside = given.get("id") == self.form if tag == "form" else self.inside
        if not self.inside:
            return
        if tag == "input" and given.get("name") and (given.get("type") != "checkbox" or "checked" in given):
            self.sent.appendlist(str(given["name"]), given.get("value") or "")
        elif tag == "select":
            self.select, self.first = str(given["name"]), None
        elif tag == "option" and self.select:
            value = given.get("value") or ""
            if self.first is None or "selected" in given:
                self.sent[self.select] = value
            self.first = self.first or value

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "form"
        self.select = "" if tag == "select" else self.select


@pytest.fixture
def marketer() -> User:
    install()
    return make_user(role=Role.MARKETER)


@pytest.fixture
def desk(client: Client, marketer: User) -> Client:
    client.force_login(marketer, "django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def draft(marketer: User) -> PlaybookDraft:
    return start_draft(name="Spring", by=Principal(user=marketer))


def many_rules() -> Iterator[dict[str, Any]]:
    yield from DEFAULT["rules"]
    for measure, fresh in FRESH.items():
        on: Any = "time" if measure in ("silence", "recall") else ["form_submitted", "page_viewed"]
        yield {"name": f"Of {measure}", "to": "lead", "on": on, "when": [{"measure": measure, **fresh}]}
    texts = [{"measure": "property", "name": "n", "is": value} for value in ("9", "true", "", "a, b", 9, 2.5, True)]
    more = [{"measure": "attribute", "name": "n", "in": ["a", 3]}, {"measure": "fit", "exists": False}]
    yield {
        "name": "Values",
        "to": {"health": None},
        "from": [None, "lapsed"],
        "on": ["page_viewed"],
        "when": texts + more,
    }


def test_a_rule_opened_and_saved_as_it_is_stays_the_same(desk: Client, draft: PlaybookDraft) -> None:
    rules = list(many_rules())
    PlaybookDraft.objects.update(document={**draft.document, "rules": rules})
    for place in range(len(rules)):
        html = desk.get(f"/playbooks/drafts/{draft.pk}?rule={place}").content.decode()
        desk.post(f"/playbooks/drafts/{draft.pk}/rules/{place}", dict(Fields("rule-form", html).sent.lists()))

    draft.refresh_from_db()
    assert [(a, b) for a, b in zip(draft.document["rules"], rules, strict=True) if a != b] == []


def test_a_condition_is_added_changed_and_dropped(desk: Client, draft: PlaybookDraft) -> None:
    address = f"/playbooks/drafts/{draft.pk}/rules/7"

    def send(**changes: str) -> Any:
        html = desk.get(f"/playbooks/drafts/{draft.pk}?rule=7").content.decode()
        desk.post(address, dict(Fields("rule-form", html).sent.lists()) | changes)
        draft.refresh_from_db()
        return draft.document["rules"][7].get("when")

    assert send(more="score") == [{"measure": "score", "at_least": 50}]
    assert send(**{"c0-value": "7"}) == [{"measure": "score", "at_least": 7}]
    assert send(**{"c0-measure": "days_in_stage"}) == [{"measure": "days_in_stage", "at_least": 30}]
    assert send(**{"c0-value": "many"}) == [{"measure": "days_in_stage", "at_least": "many"}]
    page = desk.get(f"/playbooks/drafts/{draft.pk}?rule=7").content.decode()
    assert "Write a whole number from " in page
    assert "1 fault" in page
    assert send(drop_condition="0") is None


def test_two_people_at_one_draft_do_not_overwrite_each_other(desk: Client, draft: PlaybookDraft) -> None:
    html = desk.get(f"/playbooks/drafts/{draft.pk}?rule=5").content.decode()
    mine = dict(Fields("rule-form", html).sent.lists()) | {"name": "What I wrote"}
    theirs = desk.post(f"/playbooks/drafts/{draft.pk}/rules/6/drop", {"seen": draft.version})

    answer = desk.post(f"/playbooks/drafts/{draft.pk}/rules/5", mine)
    page = answer.content.decode()
    again = Fields("rule-form", page).sent

    assert (theirs.status_code, answer.status_code) == (302, 422)
    assert "Somebody else saved this draft while you were at it" in page
    draft.refresh_from_db()
    assert draft.document["rules"] == [rule for place, rule in enumerate(DEFAULT["rules"]) if place != 6]
    assert (again["name"], again["seen"]) == ("What I wrote", str(draft.version))
    desk.post(f"/playbooks/drafts/{draft.pk}/rules/5", dict(again.lists()))
    draft.refresh_from_db()
    assert draft.document["rules"][5]["name"] == "What I wrote"


def test_rules_are_added_copied_moved_dropped_and_put_back(desk: Client, draft: PlaybookDraft) -> None:
    names = [rule["name"] for rule in DEFAULT["rules"]]

    def do(deed: str, **sent: Any) -> list[str]:
        desk.post(f"/playbooks/drafts/{draft.pk}/{deed}", sent)
        draft.refresh_from_db()
        return [rule["name"] for rule in draft.document["rules"]]

    assert do("rules", part="health") == [*names[:13], "New rule", *names[13:]]
    assert do("rules/13/drop") == names
    assert do("rules/0/copy")[:2] == [names[0], f"{names[0]}, copy"]
    assert do("rules/1/drop") == names
    assert do("rules/10/down") == [*names[:10], names[11], names[10], *names[12:]]
    assert do("rules/11/up") == names
    assert do("rules/8/to", turn="0") == [names[8], *names[:8], *names[9:]]
    assert do("rules/0/to", turn="8") == names
    assert do("rules/3/drop") == [*names[:3], *names[4:]]
    assert do("gone/3") == names


def test_what_a_draft_changes_stands_in_its_place(marketer: User) -> None:
    before = copy.deepcopy(DEFAULT)
    document = copy.deepcopy(DEFAULT)
    document["rules"][4]["when"][0]["within_days"] = 400
    document, _place = redrafting.moved(document, 8, 7)
    document = redrafting.dropped(document, 3)
    document["rules"][0]["name"] = "Decided"

    lines = Teller.read().lines(document, before)

    def marked(line: Line) -> tuple[Any, ...]:
        return (line.number, line.mark, line.was, line.renamed, [(s.mark, s.text.strip()) for s in line.said if s.mark])

    assert [marked(line) for line in lines if line.dimension == "stage" and line.mark not in ("removed",)][:1] == [
        (1, "", None, "A decision sets the stage", [])
    ]
    assert [marked(line) for line in lines if line.mark == "changed"] == [
        (4, "changed", None, "", [("del", "365"), ("ins", "400")])
    ]
    assert [(line.number, line.name) for line in lines if line.mark == "removed"] == [
        (4, "High praise makes an advocate")
    ]
    assert [(line.number, line.was) for line in lines if line.was] == [(7, 9)]


def test_a_text_comes_in_as_it_went_out_and_what_is_wrong_names_its_line(desk: Client, draft: PlaybookDraft) -> None:
    text = desk.get("/playbooks/versions/1.json").content.decode()
    assert text == as_text(Playbook.objects.get().document)

    made = desk.post("/playbooks/import", {"name": "Again", "text": text})
    number = made.headers["Location"].rpartition("/")[2]
    assert desk.get(f"/playbooks/drafts/{number}/text?file").content.decode() == text

    broken = text.replace('"half_life_days": 30,', '"half_life_days": 30', 1)
    answer = desk.post(f"/playbooks/drafts/{draft.pk}/text", {"text": broken, "seen": draft.version})
    assert answer.status_code == 422
    line = broken[: broken.index('"points"')].count("\n") + 1
    assert f"Line {line}, column" in answer.content.decode()
    assert json.loads(text)["rules"][0]["name"] in answer.content.decode()

    nested = '{"rules": ' + "[" * 300 + "]" * 300 + "}"
    answer = desk.post("/playbooks/import", {"name": "Deep", "text": nested})
    assert (answer.status_code, "/rules/0/0" in answer.content.decode()) == (422, True)


def test_a_draft_is_backtested_opened_to_one_person_published_and_moves_people(
    desk: Client, draft: PlaybookDraft
) -> None:
    yesterday = timezone.now() - timedelta(days=1)
    somebody = person(name="Aino")
    happened(somebody, "page_viewed", yesterday)
    advance_everything()
    draft.document["rules"][8]["when"][0]["at_least"] = 1
    draft.save(update_fields=["document"])

    desk.post(f"/playbooks/drafts/{draft.pk}/backtest", {"since": ""})
    assert "facts replayed" in desk.get(f"/playbooks/drafts/{draft.pk}").content.decode()
    work_off_backtests()
    done = Backtest.objects.get()
    page = desk.get(f"/playbooks/drafts/{draft.pk}").content.decode()
    assert "With this draft: 1 more in Retargeting and 1 fewer in Prospecting." in page
    assert "Aino" in desk.get(f"/playbooks/backtests/{done.pk}?move=prospecting-retargeting").content.decode()
    histories = desk.get(f"/playbooks/backtests/{done.pk}/people/{somebody.pk}").content.decode()
    assert "Three page views in a month make a friend" in histories
    assert "(it was 1)" in histories

    meant = {"despite_examples": "on"}  # with it, pages of half a year make a friend
    from_then = {"when": "day", "since": yesterday.date().isoformat()}
    desk.post(f"/playbooks/drafts/{draft.pk}/publish", from_then | meant)
    assert "Version 2 is being applied" in desk.get("/playbooks").content.decode()
    advance_everything()
    assert "being applied" not in desk.get("/playbooks").content.decode()
    assert Transition.objects.live().filter(contact=somebody, dimension=0).count() == 2
    assert AuditRecord.objects.filter(action__in=["playbook_published", "backtest_started"]).count() == 2
    compared = desk.get("/playbooks/compare?from=1&to=2").content.decode()
    assert "<del><b>3</b></del><ins><b>1</b></ins>" in compared


def test_who_sees_only_their_own_people_sees_no_figures_of_everybody(client: Client, draft: PlaybookDraft) -> None:
    seller, other = make_user(role=Role.SALES), make_user(role=Role.SALES)
    mine, theirs = person(name="Mine", owner=seller), person(name="Theirs", owner=other)
    for contact in (mine, theirs):
        happened(contact, "page_viewed", timezone.now() - timedelta(days=1))
    advance_everything()
    draft.document["rules"][8]["when"][0]["at_least"] = 1
    draft.save(update_fields=["document"])
    from_marketer = Client()
    assert draft.author
    from_marketer.force_login(draft.author, "django.contrib.auth.backends.ModelBackend")
    from_marketer.post(f"/playbooks/drafts/{draft.pk}/backtest", {"since": ""})
    work_off_backtests()
    client.force_login(seller, "django.contrib.auth.backends.ModelBackend")

    pages = [
        client.get(address).content.decode()
        for address in (f"/playbooks/drafts/{draft.pk}", f"/playbooks/backtests/{Backtest.objects.get().pk}")
    ]

    assert [("Mine" in page, "Theirs" in page, "stand the same" in page) for page in pages] == [
        (True, False, False)
    ] * 2


def test_the_pages_take_the_same_statements_however_many_rules_and_people(desk: Client, draft: PlaybookDraft) -> None:
    for _number in range(12):
        happened(person(), "page_viewed", timezone.now() - timedelta(days=1))
    advance_everything()
    desk.post(f"/playbooks/drafts/{draft.pk}/backtest", {"since": ""})
    work_off_backtests()

    assert len(queries_for(desk, f"/playbooks/drafts/{draft.pk}?rule=3")) <= 26
    for address in ("/playbooks", "/playbooks/versions/1"):
        assert len(queries_for(desk, address)) <= 5


def test_a_vocabulary_keeps_what_it_does_not_know(marketer: User) -> None:
    rule = {
        "name": "Odd",
        "to": "gone",
        "on": ["never_heard_of"],
        "from": ["gone"],
        "when": [{"measure": "moon", "is": 1}],
    }
    form = Vocabulary.read(Words.read()).form(rule)

    assert (form.on.said, form.from_.said, form.conditions[0].measure) == ("never_heard_of", "gone", "moon")
    assert rule_of(QueryDict("name=Odd&to=stage:gone&on=never_heard_of&from=gone&was_to=stage:gone")) == {
        "name": "Odd",
        "from": ["gone"],
        "to": "gone",
        "on": ["never_heard_of"],
    }


def test_whoever_publishes_over_a_version_they_have_not_seen_is_told_first(
    desk: Client, draft: PlaybookDraft, marketer: User
) -> None:
    address = f"/playbooks/drafts/{draft.pk}/publish"
    sent = {"when": "now", "seen": str(draft.version), "newest": str(desk.get(address).context["newest"].number)}
    publish_playbook(draft=start_draft(name="Faster", by=Principal(user=marketer)), by=Principal(user=marketer))

    refused = desk.post(address, sent)

    assert refused.status_code == 422
    assert "published version 2 meanwhile" in refused.context["fault"]
    assert refused.context["is_behind"]
    assert PlaybookDraft.objects.filter(pk=draft.pk).exists()
    desk.post(address, sent | {"newest": str(refused.context["newest"].number)})
    assert list(Playbook.objects.values_list("number", "name")) == [(1, "Polku"), (2, "Faster"), (3, draft.name)]


def test_two_drafts_and_any_two_versions_are_compared(desk: Client, draft: PlaybookDraft, marketer: User) -> None:
    rules = redrafting.rules_of(draft.document)
    other = start_draft(name="Fewer", document={**draft.document, "rules": rules[1:]}, by=Principal(user=marketer))
    faulty = start_draft(
        name="Faulty", document={"rules": [{"name": "x"}, 7], "points": {}}, by=Principal(user=marketer)
    )

    there = desk.get(f"/playbooks/compare?from=draft-{draft.pk}&to=draft-{other.pk}")
    back = desk.get(f"/playbooks/compare?from=draft-{other.pk}&to=draft-{draft.pk}")

    assert [line.mark for line in there.context["lines"] if line.mark] == ["removed"]
    assert [line.mark for line in back.context["lines"] if line.mark] == ["new"]
    assert there.context["back_and_forth"] == back.wsgi_request.get_full_path()
    assert "They say the same" in desk.get("/playbooks/compare?from=1&to=1").text
    assert desk.get(f"/playbooks/compare?from=1&to=draft-{faulty.pk}").status_code == 200
    assert desk.get(f"/playbooks/compare?from=draft-{faulty.pk}&to=1").status_code == 200
    assert [desk.get(f"/playbooks/compare?to={one}").status_code for one in ("draft-0", "draft-x", "99", "x")] == [
        *(404, 404, 404, 200)
    ]


def test_a_rule_bears_why_it_is_there_and_who_wrote_it_when(desk: Client, draft: PlaybookDraft, marketer: User) -> None:
    page = desk.get(f"/playbooks/drafts/{draft.pk}?rule=0").content.decode()
    sent = Fields("rule-form", page).sent
    sent["note"] = "Sales decide <b>by hand</b> at fairs."
    desk.post(f"/playbooks/drafts/{draft.pk}/rules/0", sent)
    drafted = desk.get(f"/playbooks/drafts/{draft.pk}")
    line = drafted.context["lines"][0]

    assert (line.note, line.is_noted, line.mark) == ("Sales decide <b>by hand</b> at fairs.", True, "")
    assert drafted.context["changes"] == 1
    desk.post(f"/playbooks/drafts/{draft.pk}/publish", {"when": "now"})
    book = desk.get("/playbooks").content.decode()
    assert "Sales decide &lt;b&gt;by hand&lt;/b&gt; at fairs." in book
    assert "so since version" not in book
    assert '"note": "Sales decide <b>by hand</b> at fairs."' in desk.get("/playbooks/versions/2.json").text


def test_a_rule_that_was_changed_says_who_did_and_when(desk: Client, draft: PlaybookDraft, marketer: User) -> None:
    rules = redrafting.rules_of(draft.document)
    rules[0] = {**rules[0], "on": ["form_submitted"], "to": "lead"}
    save_draft(draft=draft, seen=None, document={**draft.document, "rules": rules})
    publish_playbook(draft=draft, by=Principal(user=marketer))

    book = desk.get("/playbooks").content.decode()

    assert book.count("so since version 2") == 1
    assert f"by {marketer}" in book


def sooner(draft: PlaybookDraft) -> PlaybookDraft:
    """One page makes a friend, in place of three."""
    draft.document["rules"][8]["when"][0]["at_least"] = 1
    draft.save(update_fields=["document"])
    return draft


def test_a_draft_is_tried_on_one_person_and_on_what_might_happen_now(desk: Client, draft: PlaybookDraft) -> None:
    somebody = person(name="Aino")
    happened(somebody, "page_viewed", timezone.now() - timedelta(days=1))
    advance_everything()
    Contact.objects.filter(pk=somebody.pk).update(sort_key="aino", is_known=True)
    address = f"/playbooks/drafts/{sooner(draft).pk}/try"
    before = (Transition.objects.count(), Event.objects.count())

    found = desk.get(f"{address}?who=ain")
    plain = desk.get(f"{address}?person={somebody.pk}")
    bought = desk.get(f"{address}?person={somebody.pk}&type=order_completed&said=59.00+EUR+order_id%3D1")
    looked = desk.get(f"{address}?person={somebody.pk}&type=page_viewed")
    nothing = desk.get(f"{address}?person={somebody.pk}&type=note_added")

    assert [one.pk for one in found.context["found"]] == [somebody.pk]
    assert [side["end"] for side in plain.context["sides"]] == ["Prospecting", "Retargeting"]
    assert plain.context["reactions"] is None
    assert [[one.to for one in side] for side in bought.context["reactions"]] == [["customer", "active"]] * 2
    assert "A first order" in bought.context["reactions"][0][0].sentence
    assert [len(side) for side in looked.context["reactions"]] == [0, 0]
    assert "No rule fires" in nothing.text
    assert (Transition.objects.count(), Event.objects.count()) == before


def test_what_cannot_be_tried_on_somebody_says_why(desk: Client, draft: PlaybookDraft) -> None:
    somebody, address = person(name="Aino"), f"/playbooks/drafts/{draft.pk}/try"

    assert "Nothing is known" in desk.get(f"{address}?person={somebody.pk}").context["fault"]
    happened(somebody, "page_viewed", timezone.now() - timedelta(days=1))
    unread = desk.get(f"{address}?person={somebody.pk}&type=order_completed&said=59+euros")
    assert "59 euros” can't be read" in unread.context["fault"]
    assert 'value="59 euros"' in unread.text
    save_draft(draft=draft, seen=None, document={**draft.document, "rules": [{"name": "x"}]})
    assert "mend them first" in desk.get(f"{address}?person={somebody.pk}").context["fault"]
    assert desk.get(f"{address}?person=999999").status_code == 404
    assert "Nobody of this name" in desk.get(f"{address}?who=zzzz").text


def test_nobody_tries_a_draft_on_people_they_do_not_see(client: Client, draft: PlaybookDraft) -> None:
    seller = make_user(role=Role.SALES)
    theirs = person(name="Theirs", owner=make_user(role=Role.SALES))
    client.force_login(seller, "django.contrib.auth.backends.ModelBackend")
    address = f"/playbooks/drafts/{draft.pk}/try"

    assert client.get(f"{address}?person={theirs.pk}").status_code == 404
    assert client.get(f"{address}?who=theirs").context["found"] == []


def test_results_are_kept_and_two_are_laid_side_by_side(desk: Client, draft: PlaybookDraft) -> None:
    happened(person(name="Aino"), "page_viewed", timezone.now() - timedelta(days=1))
    results = []
    for change in (lambda draft: draft, sooner):
        desk.post(f"/playbooks/drafts/{change(draft).pk}/backtest", {"since": ""})
        work_off_backtests()
        results.append(Backtest.objects.latest("pk"))
    still, moved = results

    kept = desk.get(f"/playbooks/drafts/{draft.pk}")
    both = desk.get(f"/playbooks/backtests/{moved.pk}?with={still.pk}")

    assert kept.context["kept"] == [still]
    assert "Earlier results" in kept.text
    assert [(one.label, one.as_it_is, one.this, one.other) for one in both.context["beside"][:2]] == [
        ("Prospecting", 1, 0, 1),
        ("Retargeting", 0, 1, 0),
    ]
    assert desk.get(f"/playbooks/backtests/{moved.pk}?with={moved.pk}").context["beside"] == []
    assert desk.get(f"/playbooks/backtests/{moved.pk}?with=99999").status_code == 404


def test_a_place_that_only_the_other_result_leads_to_is_counted_beside(desk: Client, draft: PlaybookDraft) -> None:
    happened(person(name="Aino"), "page_viewed", timezone.now() - timedelta(days=1))
    closing = {"name": "Away", "on": ["page_viewed"], "to": {"standing": "closed"}}
    results = []
    for rules in (draft.document["rules"], [*draft.document["rules"], closing]):
        save_draft(draft=draft, seen=None, document={**draft.document, "rules": rules})
        desk.post(f"/playbooks/drafts/{draft.pk}/backtest", {"since": ""})
        work_off_backtests()
        results.append(Backtest.objects.latest("pk").pk)

    both = desk.get(f"/playbooks/backtests/{results[0]}?with={results[1]}")

    assert [
        (one.label, one.as_it_is, one.this, one.other) for one in both.context["beside"] if one.as_it_is + one.other
    ] == [
        ("Prospecting", 1, 1, 0),
        ("Closed", 0, 0, 1),
    ]


def test_a_version_that_waits_and_one_that_was_replaced_say_so(
    desk: Client, draft: PlaybookDraft, marketer: User
) -> None:
    later = timezone.now() + timedelta(days=40)
    publish_playbook(draft=draft, since=later, by=Principal(user=marketer))
    other = start_draft(name="Sooner", by=Principal(user=marketer))
    Playbook.objects.update(applied_at=timezone.now())
    waiting = desk.get("/playbooks").text
    warned = desk.get(f"/playbooks/drafts/{other.pk}/publish").text
    publish_playbook(draft=other, by=Principal(user=marketer))
    Playbook.objects.update(applied_at=timezone.now())

    assert ("waits for its day" in waiting, "replaced by version" in waiting) == (True, False)
    assert "Version 2 waits until" in warned
    assert "replaced by version 3" in desk.get("/playbooks").text
