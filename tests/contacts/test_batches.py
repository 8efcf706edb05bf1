"""Nothing that was let in is dropped: each item of a batch has an answer, and the answers add up."""

import json
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contacts.models import Claim, Event, Quarantine
from tests.callers import make_caller
from tests.factories import make_public_source, undone

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("path")]

good = st.fixed_dictionaries(
    {
        "message_id": st.sampled_from([f"m{n}" for n in range(30)]),
        "type": st.sampled_from(["page_viewed", "order_completed", "attributes_changed", "something_new"]),
        "contact": st.fixed_dictionaries(
            {},
            optional={
                "email": st.sampled_from(["aino@example.com", "Ville@Example.com"]),
                "anonymous_id": st.sampled_from(["a1", "a2", "a3"]),
                "user_id": st.sampled_from(["u1", "u2"]),
            },
        ).filter(bool),
    },
    optional={
        "properties": st.dictionaries(st.sampled_from(["name", "title", "path"]), st.text(max_size=5), max_size=2),
        "value": st.just({"amount": "12.50", "currency": "EUR"}),
        "occurred_at": st.sampled_from(["2026-03-01T12:00:00Z", "2026-03-01"]),
    },
)
bad = st.one_of(
    st.sampled_from([None, 1, "text", [], {}]),
    good.map(lambda item: {**item, "type": "No Type"}),
    good.map(lambda item: {**item, "contact": None}),
    good.map(lambda item: {**item, "occurred_at": "yesterday"}),
    good.map(lambda item: {**item, "occurred_at": "2999-01-01T00:00:00Z"}),
    good.map(lambda item: {**item, "value": {"amount": "1.234", "currency": "EUR"}}),
    good.map(lambda item: {**item, "surprise": True}),
    good.map(lambda item: {**item, "properties": {"text": "\0"}}),
    good.map(lambda item: {**item, "properties": {"number": 2**70}}),
    good.map(lambda item: {**item, "properties": {"number": float("nan")}}),
)
batches = st.lists(st.integers(0, 9).flatmap(lambda die: bad if die < 3 else good), max_size=25)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches, st.booleans())
def test_every_item_has_an_answer_and_all_of_them_are_kept(items, public):
    with undone():
        caller = make_caller(source=make_public_source() if public else None)

        answers = [caller.post("/api/v1/events", json.dumps(items).encode()).json()["results"] for _ in range(2)]

        counts = [Counter(result["status"] for result in results) for results in answers]
        assert [sum(count.values()) for count in counts] == [len(items), len(items)]
        assert (Event.objects.count(), Claim.objects.count()) == (counts[0]["accepted"], counts[0]["claim"])
        assert counts[1]["accepted"] == counts[1]["claim"] == 0
        refused = {(each["message_id"], each["reason"]) for results in answers for each in results if is_refused(each)}
        assert set(Quarantine.objects.values_list("message_id", "reason")) == refused


def is_refused(result: dict[str, str]) -> bool:
    return result["status"] in {"quarantined", "duplicate_conflict"}
