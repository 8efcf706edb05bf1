"""The audit trail names each deed in words."""

import re
from pathlib import Path

import pytest

from crm.desk.house.deeds import NAMES
from crm.desk.house.details import details_of, rows_in
from crm.desk.house.things import Named, Things
from staff.models import AuditRecord
from tests.factories import make_contact, make_user

ROOT = Path(__file__).parents[2]
SAID = re.compile(r'action="([a-z_ ]+)"|_note\(\w+, "([a-z_ ]+)"|action = "([a-z_]+)" if .* else "([a-z_]+)"')


def test_every_deed_that_is_recorded_has_words():
    texts = [
        path.read_text()
        for package in ("crm", "campaigns", "funnel", "contacts", "rest", "staff")
        for path in (ROOT / package).rglob("*.py")
    ]
    recorded = {name for text in texts for match in SAID.findall(text) for name in match if name} - {"store_true"}

    assert len(recorded) > 50
    assert recorded - NAMES.keys() == set()


@pytest.mark.django_db
def test_details_are_told_as_people_write_them():
    laura = make_user(name="Laura Peltola")
    somebody = make_contact(name="Olli Virtanen")
    record = AuditRecord(
        action="cost_added",
        object_kind="contact",
        object_id=somebody.pk,
        detail={
            "sum_minor": 3100,
            "currency": "EUR",
            "scopes": ["contacts:read", "contacts:write", "contacts:merge", "events:read"],
            "to": laura.pk,
            "week": [[[540, 1020]]] * 5 + [[], [[600, 840]]],
            "month": "2026-11-01",
            "before": {"role": "sales", "is_active": True},
            "after": {"role": "manager", "is_active": False},
            "cost": 7,
        },
    )
    things = Things(rows_in(record))

    assert things.of("contact", somebody.pk) == Named("person", "Olli Virtanen", f"/contacts/{somebody.pk}")
    assert things.of("contact", 0) == Named("person", "0", "")
    assert [(one.label, one.before, one.said) for one in details_of(record, things)] == [
        ("role", "sales", "manager"),
        ("may sign in", "yes", "no"),
        ("sum", "", "€31"),
        ("may", "", "4 things"),
        ("to", "", "Laura Peltola"),
        ("hours", "", "Mon–Fri 09:00-17:00; Sun 10:00-14:00"),
        ("month", "", "November 2026"),
    ]
