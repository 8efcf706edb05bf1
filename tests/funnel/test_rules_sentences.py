"""Rules and moves read as sentences, in English and in Finnish."""

import json
from pathlib import Path

import pytest
from hypothesis import given

from funnel.fold import EndlessRules, Event, State, fold
from funnel.playbook_vocabulary import LANGUAGES
from funnel.rules import Part, Playbook, Playbooks, condition_sentence, explain, sentence, sentence_parts
from funnel.state import DAY
from tests.funnel.strategies import documents, logs, patient

DEFAULT = json.loads((Path(__file__).parents[2] / "funnel/default_playbook.json").read_text())
RULES = {rule["name"]: rule for rule in DEFAULT["rules"]}


@pytest.mark.parametrize(
    ("name", "english", "finnish"),
    [
        (
            "A refund of the last kept order makes a lead again",
            "When an order is refunded and no kept order is left, "
            "somebody in Customer, Loyalty or Advocate moves to Lead.",
            "Kun tilaus hyvitetään ja yhtään voimassa olevaa tilausta ei ole jäljellä, "
            "vaihe Asiakas, Kanta-asiakas tai Suosittelija vaihtuu vaiheeseen Liidi.",
        ),
        (
            "High praise makes an advocate",
            "When feedback is given and “score” of the event is at least 9, "
            "somebody in Customer or Loyalty moves to Advocate.",
            "Kun palautetta annetaan ja tapahtuman ”score” on vähintään 9, "
            "vaihe Asiakas tai Kanta-asiakas vaihtuu vaiheeseen Suosittelija.",
        ),
        (
            "An order on a second day within a year makes loyalty",
            "When an order is completed and the number of days with kept orders within 365 days is at least 2, "
            "somebody in Customer moves to Loyalty.",
            "Kun tilaus toteutuu ja tapahtumapäivien (voimassa oleva tilaus) määrä 365 päivässä on vähintään 2, "
            "vaihe Asiakas vaihtuu vaiheeseen Kanta-asiakas.",
        ),
        (
            "A decision sets the stage",
            "When the stage is decided, the stage becomes the one that “stage” of the event names.",
            "Kun vaihe päätetään, vaiheeksi tulee se, jonka tapahtuman ”stage” nimeää.",
        ),
        (
            "Without a kept order there is no health",
            "When an order is refunded and no kept order is left, there is no health any more.",
            "Kun tilaus hyvitetään ja yhtään voimassa olevaa tilausta ei ole jäljellä, tilaa ei enää ole.",
        ),
        (
            "Two usual intervals of silence make cooling",
            "Once the last kept order is 2 usual intervals ago (at least 30 days, at most 365 days), "
            "health goes from active to cooling.",
            "Kun viimeisestä voimassa olevasta tilauksesta on 2 tavallista tilausväliä "
            "(vähintään 30 päivää, enintään 365 päivää), tila aktiivinen vaihtuu tilaan viilenevä.",
        ),
        (
            "Disqualifying or ending closes",
            "When the contact is disqualified or the relationship is ended, standing becomes closed.",
            "Kun kontakti hylätään tai suhde päätetään, suhteen tilaksi tulee päätetty.",
        ),
        (
            "The recall date opens",
            "Once the date that was agreed on comes, standing goes from not now to open.",
            "Kun sovittu päivä tulee, suhteen tila ei nyt vaihtuu tilaan avoin.",
        ),
    ],
)
def test_rules_of_the_default_playbook(name, english, finnish):
    assert sentence(RULES[name]) == english
    assert sentence(RULES[name], DEFAULT, "fi") == finnish


@pytest.mark.parametrize(
    ("condition", "english", "finnish"),
    [
        (
            {"measure": "attribute", "name": "size", "in": ["S", 5, True]},
            "the detail “size” is “S” or 5 or true",
            "tieto ”size” on ”S” tai 5 tai tosi",
        ),
        ({"measure": "property", "name": "kind", "exists": False}, "“kind” of the event is not known", None),
        (
            {"measure": "sum", "of": ["order_completed"], "currency": "EUR", "within_days": 90, "more_than": 99905},
            "the sum of kept orders within 90 days is more than 999.05 EUR",
            "tapahtumien (voimassa oleva tilaus) summa 90 päivässä on yli 999,05 EUR",
        ),
        (
            {"measure": "sum", "of": ["order_completed"], "currency": "JPY", "less_than": 5},
            "the sum of kept orders is less than 5 JPY",
            None,
        ),
        (
            {"measure": "count", "of": ["page_viewed", "rocket_launched"], "at_most": 3},
            "the number of page views or “rocket_launched” events is at most 3",
            "tapahtumien (sivun katselu tai ”rocket_launched”) määrä on enintään 3",
        ),
        (
            {"measure": "days_since", "of": ["call_held"], "at_least": 14},
            "the time since the last call is at least 14 days",
            "aika viimeisestä tapahtumasta (puhelu) on vähintään 14 päivää",
        ),
        ({"measure": "days_in_stage", "more_than": 30}, "the time in the stage is more than 30 days", None),
        ({"measure": "fit", "at_least": "B"}, "the fit is at least “B”", "sopivuus on vähintään ”B”"),
        ({"measure": "stage", "is_not": "lead"}, "the stage is not Lead", "vaihe ei ole Liidi"),
        ({"measure": "health", "is": "lapsed"}, "health is lapsed", "tila on entinen asiakas"),
        ({"measure": "score", "at_least": 5}, "the score is at least 5", "pistemäärä on vähintään 5"),
        ({"measure": "kept_orders", "at_least": 2}, "the number of kept orders is at least 2", None),
        ({"measure": "property", "name": "url", "contains": "/price"}, "“url” of the event contains “/price”", None),
    ],
)
def test_conditions(condition, english, finnish):
    assert condition_sentence(condition) == english
    if finnish:
        assert condition_sentence(condition, "fi") == finnish


def test_stages_go_by_the_labels_of_the_house():
    rule = {"name": "x", "on": ["call_held"], "from": ["lead"], "to": "vip"}
    assert sentence(rule, labels={"lead": "Warm one"}) == "When a call is held, somebody in Warm one moves to vip."


def test_a_rule_can_be_had_in_parts():
    rule = {"name": "x", "on": "time", "to": {"standing": "open"}, "when": [{"measure": "score", "less_than": 1}]}
    assert sentence_parts(rule) == [
        Part("words", "Once "),
        Part("condition", "the score is less than 1", "0"),
        Part("words", ", "),
        Part("words", "standing becomes "),
        Part("standing", "open", "open"),
        Part("words", "."),
    ]


def story(*events):
    books = Playbooks([Playbook.parse(DEFAULT, 1, None)])
    log = [Event(day * DAY, 3, bytes([place]), type_, 500, "EUR", {}) for place, (day, type_) in enumerate(events)]
    return fold(State.start(), log, books, 200 * DAY)[1]


def test_a_move_is_explained_by_what_was_measured():
    moves = story((0, "form_submitted"), (1, "order_completed"), (40, "order_completed"))

    assert [explain(move, DEFAULT, event_type="form_submitted") for move in moves[:2]] == [
        "The path began with the first event.",
        "Rule 7, “Asking for something makes a lead”: When a form is sent, somebody in Prospecting moves to Lead.",
    ]
    assert [explain(move, DEFAULT) for move in moves[3:6]] == [
        "Rule 11, “An order makes active”: When an order is completed, health becomes active.",
        "Rule 5, “An order on a second day within a year makes loyalty”: When an order is completed and the number of "
        "days with kept orders within 365 days is at least 2 (it was 2), somebody in Customer moves to Loyalty.",
        "Rule 13, “Two usual intervals of silence make cooling”: Once the last kept order is 2 usual intervals ago "
        "(at least 30 days, at most 365 days; the usual interval was 39 days), health goes from active to cooling.",
    ]


@patient
@given(documents(), logs())
def test_every_rule_and_every_move_can_be_said_in_every_language(document, log):
    for language in LANGUAGES:
        for rule in document["rules"]:
            said = sentence(rule, document, language)
            assert said[0].isupper()
            assert said.endswith(".")
            assert "{" not in said
    try:
        _, moves = fold(State.start(), log, Playbooks([Playbook.parse(document, 1, None)]), 140 * DAY)
    except EndlessRules:
        return
    assert all(explain(move, document, language) for move in moves for language in LANGUAGES)


def test_every_type_of_event_has_words_in_every_language():
    english, finnish = LANGUAGES["en"], LANGUAGES["fi"]
    assert (
        english.events.keys()
        == finnish.events.keys()
        >= {type_ for rule in DEFAULT["rules"] if rule["on"] != "time" for type_ in rule["on"]}
    )
    assert english.stages.keys() == finnish.stages.keys() == {stage["key"] for stage in DEFAULT["stages"]}
