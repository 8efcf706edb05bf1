from datetime import timedelta

import pytest
from django.db.models import F

from rest.idempotency import forget_old_answers
from rest.models import IdempotentAnswer
from staff.models import Team
from tests.callers import make_caller

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.rest.addresses")]


@pytest.fixture
def caller():
    return make_caller()


def add(caller, name, key="once"):
    return caller.post("/api/teams", {"name": name}, idempotency_key=key)


def let_hours_pass(hours):
    IdempotentAnswer.objects.update(created_at=F("created_at") - timedelta(hours=hours))


def test_a_repetition_gets_the_same_answer_byte_for_byte_and_has_no_effect(caller):
    first, second = add(caller, "Sales"), add(caller, "Sales")

    assert (second.status_code, second.content) == (first.status_code, first.content) == (201, first.content)
    assert (second["ETag"], second["Location"]) == (first["ETag"], first["Location"])
    assert ("Idempotent-Replayed" in first, second["Idempotent-Replayed"]) == (False, "true")
    assert Team.objects.count() == 1


def test_another_body_under_the_same_key_is_refused(caller):
    add(caller, "Sales")
    answer = add(caller, "Marketing")

    assert (answer.status_code, answer.json()["type"]) == (422, "/api/problems/idempotency-mismatch")
    assert Team.objects.count() == 1


def test_keys_belong_to_the_credential(caller):
    assert [add(who, name).status_code for who, name in ((caller, "A"), (make_caller(), "B"))] == [201, 201]


def test_without_a_key_each_request_counts(caller):
    for name in ("A", "B"):
        caller.post("/api/teams", {"name": name})

    assert (Team.objects.count(), IdempotentAnswer.objects.count()) == (2, 0)


@pytest.mark.parametrize("key", ["", "x" * 256, "a\x01b"])
def test_a_key_that_cannot_be_kept_is_refused(caller, key):
    answer = add(caller, "Sales", key)

    assert (answer.status_code, answer.json()["type"]) == (400, "/api/problems/invalid-idempotency-key")
    assert Team.objects.count() == 0


def test_the_longest_key_is_kept(caller):
    assert [add(caller, "Sales", "x" * 255).status_code for _ in range(2)] == [201, 201]
    assert Team.objects.count() == 1


@pytest.mark.parametrize("fail", ["refused", "late"])
def test_failures_are_not_kept_so_the_key_may_be_used_again(caller, fail):
    caller.post("/api/teams", {"fail": fail}, idempotency_key="once")

    assert (Team.objects.count(), IdempotentAnswer.objects.count()) == (0, 0)
    assert add(caller, "Sales").status_code == 201


def test_after_72_hours_a_key_is_new_again(caller):
    add(caller, "Sales")
    let_hours_pass(71)
    assert add(caller, "Sales")["Idempotent-Replayed"] == "true"

    let_hours_pass(1)
    assert add(caller, "Marketing").status_code == 201
    assert Team.objects.count() == 2


def test_old_answers_are_forgotten(caller):
    add(caller, "Sales", "old")
    let_hours_pass(72)
    add(caller, "Marketing", "new")

    assert forget_old_answers() == 1
    assert IdempotentAnswer.objects.get().key == "new"
