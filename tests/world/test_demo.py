"""The demo company shows everything there is to see."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db.models import Count, F, Sum
from django.utils import timezone

from campaigns.models import Cost, FormDay, Mail, Submission, Target
from contacts.models import Contact, Event, Import, Merge, SavedView, Task
from contacts.twins import twins
from crm.models import AssignmentRule
from crm.world.bringing import KNOWN, SLIPS, VISITORS
from crm.world.demo import ADMIN, COLLEAGUES, CONTACTS, make_demo
from funnel.effects import held_effects
from funnel.models import Effect, Health, Position, Stage, Standing, Transition
from funnel.pictures import Picture
from funnel.reports import places
from staff.models import AuditRecord, Invitation, Role, Team, User
from staff.policy import Principal
from staff.sealing import broken_seals, seal_audit
from tests.funnel.worlds import install
from tests.rows import as_owner

SHOWN = (
    "call_held", "call_tried", "note_added", "meeting_held", "postponed", "disqualified", "relationship_ended",
    "reopened", "consent_given", "consent_withdrawn", "stage_set", "order_refunded",
)  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_the_demo_company_shows_every_feature(capsys: pytest.CaptureFixture[str]):
    install()
    with as_owner():
        login = make_demo()

    done = set(Event.objects.standing().values_list("type__key", flat=True))
    assert set(SHOWN) - done == set()
    people = Position.objects.people()
    assert set(people.values_list("stage_id", flat=True)) == set(Stage.objects.values_list("pk", flat=True))
    assert set(people.exclude(health=None).values_list("health", flat=True)) == set(Health)
    assert set(people.values_list("standing", flat=True)) == set(Standing)
    assert set(User.objects.values_list("role", flat=True)) == set(Role)
    assert list(Team.objects.filter(members=None)) == []
    for kind in (Invitation, Merge, SavedView, Target):
        assert kind.objects.exists(), kind
    assert Contact.objects.exclude(tags=[]).exists()
    assert Contact.objects.filter(custom__fit="A").exists()
    assert twins(Principal(user=User.objects.get(email=ADMIN)), along="phone").pairs
    assert {"sent", "failed", "uncertain"} <= set(Mail.objects.values_list("state", flat=True))
    assert not Mail.objects.due().exists()
    assert Task.objects.open().exclude(remind_at=None).exists()
    assert Transition.objects.exclude(superseded_at=None).exists()
    imports = Import.objects.values_list("state", "rows_read", "rejected", "created")
    assert list(imports) == [("done", VISITORS, len(SLIPS), VISITORS - KNOWN - len(SLIPS))]
    sent = FormDay.objects.values_list("form").annotate(Sum("sent")).order_by("form")
    assert list(sent) == list(Submission.objects.values_list("form").annotate(Count("pk")).order_by("form"))
    assert login.colleagues == {email: role for email, (_name, role, _team) in COLLEAGUES.items()}
    by, day = Principal(user=User.objects.get(email=ADMIN)), timezone.now() - timedelta(days=50)
    then, since = (places(Picture.taken(as_of=day, known_on=known), by) for known in (day, None))
    assert then.total() > CONTACTS // 2
    assert then != since
    call_command("rebuild", check=True)
    assert " 0 differences" in capsys.readouterr().out
    for user in User.objects.filter(role=Role.SALES):
        tasks = Task.objects.open().for_user(user).visible_to(Principal(user=user))
        assert tasks.filter(kind="call").exists(), f"{user} has no work for today"
    _the_trail_tells_of_the_days_on_which_it_was_done()


def _the_trail_tells_of_the_days_on_which_it_was_done() -> None:
    trail = AuditRecord.objects.order_by("pk")
    assert [*trail] == sorted(trail, key=lambda record: record.at)
    today = timezone.localdate()
    done_today = [one.action for one in trail if timezone.localtime(one.at).date() == today]
    assert set(done_today) <= {"backtest_started", "cost_added", "membership_changed"}  # of news of today
    assert len(done_today) < 15
    by_action = {one.action: one.at for one in trail}
    kept_on = Event.objects.exclude(retracted_at=None).values_list("retracted_at", flat=True)
    assert by_action["event_retracted"] == max(one for one in kept_on if one)
    assert by_action["assignment_rule_set"] == AssignmentRule.objects.get().created_at
    booked = set(Cost.objects.filter(last_on__lt=today - timedelta(days=4)).values_list("recorded_at", flat=True))
    assert booked <= {one.at for one in trail if one.action == "cost_added"}
    assert not Task.objects.filter(created_at__gte=F("due_at")).exists()
    assert not Effect.objects.filter(state="held").exclude(target=Stage.objects.get(key="lead").pk).exists()
    assert sum(held.number for held in held_effects()) <= 10
    assert seal_audit() == len(trail)
    assert list(broken_seals()) == []
