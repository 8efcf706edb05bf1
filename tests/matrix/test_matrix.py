"""Every address x method x asker x ownership answers as the one table says, and a denial changes nothing.

`make matrix` asks many times more cells: each scope alone, each ownership of each row for programs too.
"""

from typing import Final

import pytest
from django.test import Client
from django.urls import get_resolver

from funnel.advancing import advance_everything
from staff.models import Role
from tests.desk.scenes import at_desk
from tests.funnel.worlds import install
from tests.matrix.answers import Door
from tests.matrix.asking import Chorus, Watch, deviations, places, routes
from tests.matrix.conftest import CELLS
from tests.matrix.rows import World
from tests.matrix.table import ADDRESSES

SLICES: Final = 16
HOW = (
    "\n\nEach address stands in tests/matrix/table.py, in one line that says who comes in by which method, such as\n"
    '    "contacts/<int:contact_id>/tags": desk(GET="contacts:read", POST="contacts:write"),\n'
    '    "api/v1/tags": api(GET="contacts:read"),'
)


@pytest.fixture
def world() -> World:
    install()
    made = World()
    advance_everything()
    return made


def test_every_address_is_declared():
    missing = sorted(set(routes(get_resolver().url_patterns)) - set(ADDRESSES))

    assert missing == [], HOW


def test_nothing_is_declared_that_is_not_there():
    assert sorted(set(ADDRESSES) - set(routes(get_resolver().url_patterns))) == []


@pytest.mark.django_db
@pytest.mark.long
@pytest.mark.parametrize("part", range(SLICES))
def test_each_cell_answers_as_declared_and_a_denial_changes_nothing(part, world, record_property):
    chorus, watch, asked = Chorus(world), Watch(), 0
    wrong: list[str] = []
    for route in sorted(ADDRESSES)[part::SLICES]:
        cells, faults = deviations(route, ADDRESSES[route], chorus, watch)
        asked, wrong = asked + cells, wrong + faults

    record_property(CELLS, asked)
    assert not wrong, "\n".join([*wrong, HOW])
    assert asked > 0


@pytest.mark.django_db
def test_no_form_is_taken_without_the_token_of_its_page(world):
    client, _user = at_desk(Role.ADMIN)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    posts = [
        (route, path)
        for route, address in ADDRESSES.items()
        if address.door in {Door.DESK, Door.SIGNED_IN} and "POST" in address.scopes
        for path in places(route, address, world).values()
    ]

    assert {route: strict.post(path).status_code for route, path in posts} == {route: 403 for route, _path in posts}
