"""A worker killed before one of its statements after the other: what it leaves behind is as if nothing had happened."""

from collections import Counter
from itertools import count
from typing import Any

import pytest

from contacts import jobs
from contacts.jobs import start_job, work_off_jobs
from contacts.merging import merge_contacts
from contacts.models import Contact, Event, JobState, Pending, Quarantine
from crm.models import WebhookEndpoint
from crm.webhooks.services import make_secret
from funnel.advancing import advance_everything
from funnel.models import Attempt, Effect, Position, Transition
from funnel.rebuilding import check_people, check_rollups, ranges
from staff.models import Role
from staff.policy import Principal
from tests.factories import make_user
from tests.funnel.worlds import NOON, days, happened, install, path_of, person
from tests.killing import killed_before

pytestmark = pytest.mark.django_db(transaction=True)

STEP = 3  # every third statement
PURCHASE: dict[str, Any] = {"value_minor": 1200, "currency": "EUR"}


def test_a_fold_killed_anywhere_is_done_again_whole(transactional_db):
    """People go on, are folded from the start because of something late, and are new, all in one batch."""
    install()
    WebhookEndpoint.objects.create(url="https://example.com/hook", secret=make_secret())
    [anna, bert, twin] = [person(), person(), person()]
    happened(anna, "order_completed", NOON, **PURCHASE)
    happened(bert, "order_completed", NOON, **PURCHASE)
    merge_contacts(first=bert, second=twin, by=Principal(user=make_user(role=Role.ADMIN)))
    advance_everything()

    for number in count(1, STEP):
        happened(anna, "order_completed", NOON + days(number), **PURCHASE)
        happened(twin, "page_viewed", NOON - days(number))
        happened(person(), "form_submitted", NOON)
        killed = killed_before(number, advance_everything)
        advance_everything()
        assert (Pending.objects.count(), Attempt.objects.count(), Quarantine.objects.count()) == (0, 0, 0)
        if not killed:
            break

    assert number > 20
    assert path_of(anna) == [(None, "prospecting"), ("prospecting", "customer"), ("customer", "loyalty")]
    assert not any(found.differences for found in check_people(ranges()))
    assert check_rollups() == []
    assert not Position.objects.filter(attempts__gt=0).exists()
    entries = Transition.objects.live().values_list("contact_id", "dimension", "to_value", "visit")
    effects = Effect.objects.values_list("contact_id", "dimension", "target", "visit")
    assert Counter((who, what, to or 0, visit) for who, what, to, visit in entries) == Counter(effects)


def test_a_job_killed_anywhere_goes_on_and_says_everything_once(transactional_db, monkeypatch):
    install()
    monkeypatch.setattr(jobs, "CHUNK", 2)
    [person(), person(), person()]
    by = Principal(user=make_user(role=Role.MANAGER))

    for turn, number in enumerate(count(1, STEP)):
        deed = "untag" if turn % 2 else "tag"
        job = start_job(by=by, kind=deed, params={"tag": "vip"}, choice={"filter": None})
        killed = killed_before(number, work_off_jobs)
        work_off_jobs()
        job.refresh_from_db()
        assert (job.state, job.done, job.left_alone) == (JobState.DONE, 3, 0)
        assert [contact.tags for contact in Contact.objects.all()] == [["vip"] if deed == "tag" else []] * 3
        if not killed:
            break

    assert turn > 5
    assert Event.objects.count() == 3 * (turn + 1)
