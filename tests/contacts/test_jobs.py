"""Work on many people: what it does, whom it leaves alone, how it stops, goes on and is undone."""

from dataclasses import replace

import pytest
from django.core.exceptions import ValidationError

from contacts import jobs
from contacts.catalogue import install_catalogue
from contacts.erasing import erase_contact
from contacts.jobs import foresee, start_job, stop_job, take_step, undo_job, work_off_jobs
from contacts.models import Contact, Event, Job, JobState
from funnel.advancing import advance_everything
from staff.models import AuditRecord, Role
from staff.policy import Principal
from tests.factories import make_contact, make_user
from tests.funnel.worlds import install, stage_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def by():
    install_catalogue()
    return Principal(user=make_user(role=Role.MANAGER))


def people(count, **fields):
    return [make_contact(name=f"Person {number}", **fields) for number in range(count)]


def tags():
    return list(Contact.objects.order_by("pk").values_list("tags", flat=True))


def state(job):
    job.refresh_from_db()
    return job.state, job.total, job.done, job.left_alone


def test_many_are_tagged_and_who_has_the_tag_is_left_alone(by):
    people(2), make_contact(tags=["vip"])

    job = start_job(by=by, kind="tag", params={"tag": " VIP "}, choice={"filter": None})
    work_off_jobs()

    assert (tags(), state(job)) == ([["vip"]] * 3, (JobState.DONE, 3, 2, 1))
    [chunk] = job.chunks.all()
    assert [(code, words) for _id, code, words in chunk.left] == [("tagged", "They have this tag already.")]
    assert set(Event.objects.values_list("type__key", "by")) == {("attributes_changed", by.user.pk)}


def test_what_a_job_would_do_is_told_before(by):
    people(2), make_contact(tags=["vip"])

    foreseen = foresee(by=by, kind="tag", params={"tag": "vip"}, choice={"filter": None})

    assert (foreseen.total, foreseen.done, foreseen.left) == (3, 2, [("They have this tag already.", 1)])
    assert tags() == [[], [], ["vip"]]


def test_a_job_is_undone_by_itself_and_nothing_else_is(by):
    [first, _second] = people(2)
    job = start_job(by=by, kind="tag", params={"tag": "vip"}, choice={"filter": None})
    work_off_jobs()
    start_job(by=by, kind="tag", params={"tag": "fair"}, choice={"ids": [first.pk]})
    work_off_jobs()
    job.refresh_from_db()

    undoing = undo_job(by=by, job=job)
    work_off_jobs()

    assert (tags(), state(undoing)) == ([["fair"], []], (JobState.DONE, 2, 2, 0))
    with pytest.raises(ValidationError, match="undone already"):
        undo_job(by=by, job=job)


def test_a_job_goes_on_after_its_last_committed_chunk(by, monkeypatch):
    monkeypatch.setattr(jobs, "CHUNK", 2)
    people(5)
    job = start_job(by=by, kind="tag", params={"tag": "vip"}, choice={"filter": None})

    assert take_step()
    assert (tags(), state(job)) == ([["vip"]] * 2 + [[]] * 3, (JobState.RUNNING, 5, 2, 0))
    work_off_jobs()
    assert (tags(), state(job)) == ([["vip"]] * 5, (JobState.DONE, 5, 5, 0))
    assert [len(chunk.events) for chunk in job.chunks.order_by("pk")] == [2, 2, 1]


def test_a_filter_that_the_job_itself_changes_is_gone_through_once(by, monkeypatch):
    monkeypatch.setattr(jobs, "CHUNK", 2)
    people(5, tags=["old"])

    job = start_job(
        by=by, kind="untag", params={"tag": "old"}, choice={"filter": {"field": "tag", "is": "old"}, "q": ""}
    )
    work_off_jobs()

    assert state(job)[:2] == (JobState.DONE, 5)


def test_a_stopped_job_does_no_more_and_what_it_did_can_be_undone(by, monkeypatch):
    monkeypatch.setattr(jobs, "CHUNK", 2)
    people(5)
    job = start_job(by=by, kind="tag", params={"tag": "vip"}, choice={"filter": None})
    take_step()

    with pytest.raises(ValidationError, match="Stop it first"):
        undo_job(by=by, job=job)
    stop_job(by=by, job=job)
    work_off_jobs()

    assert (tags(), state(job)) == ([["vip"]] * 2 + [[]] * 3, (JobState.STOPPED, 5, 2, 0))
    undo_job(by=by, job=job)
    work_off_jobs()
    assert tags() == [[]] * 5


def test_owner_and_team_are_given_to_many(by):
    seller = make_user()
    [mine, _other] = [make_contact(owner=seller), make_contact()]

    job = start_job(by=by, kind="assign", params={"owner": seller.pk}, choice={"filter": None})
    work_off_jobs()

    assert set(Contact.objects.values_list("owner", flat=True)) == {seller.pk}
    assert state(job) == (JobState.DONE, 2, 1, 1)
    start_job(by=by, kind="assign", params={"owner": None}, choice={"ids": [mine.pk]})
    work_off_jobs()
    assert Contact.objects.get(pk=mine.pk).owner_id is None


def test_who_is_erased_while_the_job_has_them_in_hand_is_left_alone_and_the_others_are_not(by, monkeypatch):
    people(3)

    def erase_one_and_assign(job, principal, ids):
        erase_contact(contact=Contact.objects.get(pk=ids[1]), by=by)
        return jobs.KINDS["assign"].do(job, principal, ids)

    monkeypatch.setitem(jobs.KINDS, "hasty", replace(jobs.KINDS["assign"], name="hasty", do=erase_one_and_assign))
    job = start_job(by=by, kind="hasty", params={"owner": by.user.pk}, choice={"filter": None})
    work_off_jobs()

    [chunk] = job.chunks.all()
    assert state(job) == (JobState.DONE, 3, 2, 1)
    assert [left[1:] for left in chunk.left] == [["unknown-contact", "They were erased meanwhile."]]
    assert list(Contact.objects.order_by("pk").values_list("owner", flat=True)) == [by.user.pk, None, by.user.pk]


def test_many_are_moved_and_undone(by):
    install()
    [first, second] = people(2)
    start_job(by=by, kind="move", params={"stage": "lead", "reason": "fair"}, choice={"ids": [first.pk]})
    work_off_jobs()
    advance_everything()

    told = foresee(by=by, kind="move", params={"stage": "lead"}, choice={"filter": None})
    job = start_job(by=by, kind="move", params={"stage": "lead"}, choice={"filter": None})
    work_off_jobs()
    advance_everything()

    assert (told.total, told.left) == (2, [("They stand there already.", 1)])
    assert [stage_of(first), stage_of(second)] == ["lead", "lead"]
    assert state(job) == (JobState.DONE, 2, 1, 1)
    undo_job(by=by, job=job)
    work_off_jobs()
    advance_everything()
    assert [stage_of(first), stage_of(second)] == ["lead", None]


def test_only_those_whom_the_author_sees_are_touched():
    install_catalogue()
    seller = make_user(role=Role.SALES)
    make_contact(owner=make_user()), make_contact(owner=seller)

    job = start_job(
        by=Principal(user=seller),
        kind="tag",
        params={"tag": "vip"},
        choice={"ids": [one.pk for one in Contact.objects.all()]},
    )
    work_off_jobs()

    assert (tags(), state(job)[1:]) == ([[], ["vip"]], (1, 1, 0))


@pytest.mark.parametrize(
    ("kind", "params", "choice"),
    [
        ("shout", {}, {"filter": None}),
        ("tag", {"tag": ""}, {"filter": None}),
        ("tag", {"tag": "a,b"}, {"filter": None}),
        ("tag", {"tag": "x" * 41}, {"filter": None}),
        ("tag", {"tag": "vip"}, {"ids": []}),
        ("tag", {"tag": "vip"}, {"ids": ["1"]}),
        ("tag", {"tag": "vip"}, {"filter": {"field": "nonsense", "is": 1}}),
        ("tag", {"tag": "vip"}, {"ids": [1], "filter": {"field": "country", "is": "FI"}}),
        ("assign", {}, {"filter": None}),
        ("assign", {"owner": 999_999}, {"filter": None}),
        ("move", {"stage": "nowhere"}, {"filter": None}),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_is_written(by, kind, params, choice):
    with pytest.raises(ValidationError):
        start_job(by=by, kind=kind, params=params, choice=choice)

    assert (Job.objects.count(), AuditRecord.objects.count()) == (0, 0)


def test_who_may_only_read_starts_nothing():
    with pytest.raises(ValidationError, match="look at people"):
        start_job(
            by=Principal(user=make_user(role=Role.READ_ONLY)),
            kind="tag",
            params={"tag": "vip"},
            choice={"filter": None},
        )


def test_a_job_whose_author_lost_the_right_fails_and_says_so(by):
    people(1)
    job = start_job(by=by, kind="tag", params={"tag": "vip"}, choice={"filter": None})
    by.user.role = Role.READ_ONLY
    by.user.save(update_fields=["role"])

    work_off_jobs()

    assert (state(job)[0], job.failure) == (JobState.FAILED, "You may look at people, not change them.")
