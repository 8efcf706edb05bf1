"""The same seed makes the same world, and a world in the tables is what the fold computes."""

from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from contacts.models import Contact, Event, Merge
from crm.world.people import World
from funnel.models import Position, Stage, Transition
from tests.funnel.worlds import install

ANCHOR = datetime(2026, 3, 1, tzinfo=UTC)


def test_the_same_seed_makes_the_same_people_whoever_asks_and_in_whatever_order():
    world = World(5, 300, 3000, ANCHOR)
    in_parts = [*World(5, 300, 3000, ANCHOR).people(150, 300), *world.people(0, 150)]

    assert sorted(in_parts) == list(world.people(0, 300))
    assert list(World(6, 300, 3000, ANCHOR).people(0, 300)) != list(world.people(0, 300))


@given(contacts=st.integers(1, 400), mean=st.floats(0, 15))
def test_the_events_add_up_and_none_lies_after_the_anchor(contacts, mean):
    world = World(1, contacts, round(contacts * mean), ANCHOR)
    happenings = [one for somebody in world.people(0, contacts) for one in somebody.happenings]

    assert len(happenings) == world.events
    assert all(one.at < world.end for one in happenings)


def test_whoever_asked_for_something_has_a_name():
    for somebody in World(2, 500, 8000, ANCHOR).people(0, 500):
        asked = {"form_submitted", "order_completed"} & {one.type for one in somebody.happenings}
        assert somebody.is_known or not asked
        assert bool(somebody.name) == bool(somebody.email) == somebody.is_known


@pytest.mark.django_db(transaction=True)
def test_a_world_in_the_tables_is_what_the_fold_computes(capsys):
    install()
    call_command("make_world", contacts=600, events=6000, seed=4, anchor=ANCHOR)

    assert Contact.objects.count() == 600
    assert Event.objects.count() > 6000
    assert Merge.objects.exists()
    assert set(Position.objects.live().values_list("stage_id", flat=True)) == {one.pk for one in Stage.objects.all()}
    assert Transition.objects.exclude(superseded_at=None).exists()
    call_command("rebuild", check=True)
    assert " 0 differences" in capsys.readouterr().out


@pytest.mark.django_db
def test_a_world_is_not_poured_over_what_is_there():
    install()
    Contact.objects.create(origin_source_id=1)

    with pytest.raises(CommandError, match="empty database only"):
        call_command("make_world")
