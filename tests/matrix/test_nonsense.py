"""Whatever is written into an address or a form by hand, no page makes an error of ours. Asked by `make matrix`."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from django.db import transaction
from django.test import Client

from funnel.advancing import advance_everything
from staff.models import Role
from tests.funnel.worlds import install
from tests.matrix.answers import Door, Row
from tests.matrix.asking import LONG, places
from tests.matrix.rows import World
from tests.matrix.table import ADDRESSES

ROOT: Final = Path(__file__).resolve().parents[2]
DESK: Final = frozenset({Door.DESK, Door.SIGNED_IN, Door.OPEN})
ASKED_FOR: Final = re.compile(r'\.(?:get|getlist)\(\s*"([\w.]+)"|(?:GET|POST|typed|said)\["([\w.]+)"\]')
NONSENSE: Final = (
    *("\0", "-1", "²", "9" * 23, "1e400", "a" * 3000, "😀", "lead", '{"a":'),
    *("2026-99-99", "0001-01-01", "9999-12-31T23:59"),
)


def names() -> set[str]:
    """All that pages and forms ask for."""
    code = "\n".join(path.read_text() for package in ("crm", "campaigns") for path in (ROOT / package).rglob("*.py"))
    drawn = "\n".join(path.read_text() for path in (ROOT / "templates").rglob("*.html"))
    return {one or other for one, other in ASKED_FOR.findall(code)} | set(re.findall(r'name="([\w.]+)"', drawn))


def paths(world: World, method: str) -> Iterator[str]:
    for route, address in sorted(ADDRESSES.items()):
        if address.door in DESK and method in address.scopes and "logout" not in route:
            found = places(route, address, world)
            yield found.get(Row.OWN) or found.get(Row.ANY) or next(iter(found.values()))


@pytest.mark.skipif(not LONG, reason="thousands of questions: `make matrix` asks them")
@pytest.mark.django_db
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("role", [Role.ADMIN, Role.SALES])
def test_nonsense_is_answered(role, method):
    install()
    world = World()
    advance_everything()
    client = Client(raise_request_exception=False)
    client.force_login(world.staff[role], "django.contrib.auth.backends.ModelBackend")
    ask, asked_for = getattr(client, method.lower()), names()

    failed = []
    for path in paths(world, method):
        for nonsense in NONSENSE:
            with transaction.atomic():
                answer = ask(path, dict.fromkeys(asked_for, nonsense))
                transaction.set_rollback(True)
            if answer.status_code >= 500:
                failed.append((path, nonsense[:30], answer.status_code))

    assert len(asked_for) > 100
    assert failed == []
