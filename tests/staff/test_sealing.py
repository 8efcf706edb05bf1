"""Whoever changes the audit trail behind our back is found out."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, transaction

from staff import audit
from staff.models import AuditRecord
from staff.policy import Principal
from staff.sealing import broken_seals, seal_audit
from tests.factories import make_user

pytestmark = pytest.mark.django_db


def written(number: int) -> list[AuditRecord]:
    by = Principal(user=make_user())
    for row in range(number):
        audit.record(by=by, action="exported", kind="contact", row=row, before={"name": "Äänekoski"}, after=None)
    return list(AuditRecord.objects.order_by("pk"))


def test_records_are_sealed_once_in_their_order():
    records = written(3)

    assert [seal_audit(), seal_audit()] == [3, 0]
    written(1)
    assert seal_audit() == 1
    assert list(AuditRecord.objects.order_by("pk").values_list("place", flat=True)) == [1, 2, 3, 4]
    assert (len(records), list(broken_seals())) == (3, [])


@pytest.mark.owner  # the role that serves may not do any of this
@pytest.mark.parametrize("change", [{"action": "merged"}, {"detail": {}}, {"user": None}, {"object_id": 7}])
def test_a_changed_record_is_found(change):
    _first, second, _third = written(3)
    seal_audit()

    AuditRecord.objects.filter(pk=second.pk).update(**change)

    [words] = broken_seals()
    assert words.startswith(f"Record {second.pk} of ")
    with pytest.raises(CommandError, match="is not as it was sealed"):
        call_command("verify_audit")


@pytest.mark.owner
def test_a_record_that_was_taken_out_is_found():
    _first, second, _third = written(3)
    seal_audit()

    AuditRecord.objects.filter(pk=second.pk).delete()

    assert "After record 1 of the chain comes 3: somebody took out what was between." in list(broken_seals())


def test_the_command_seals_what_is_left_and_says_where_the_chain_ends():
    written(2)
    out = StringIO()

    call_command("verify_audit", stdout=out)

    last = AuditRecord.objects.get(place=2)
    assert last.seal is not None
    assert out.getvalue() == f"2 records, all as they were sealed. The last seal: {bytes(last.seal).hex()}\n"


@pytest.mark.parametrize("change", [{"action": "merged"}, {"detail": {}}])
def test_the_role_that_serves_can_neither_change_nor_delete(change):
    [record] = written(1)

    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        AuditRecord.objects.filter(pk=record.pk).update(**change)
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        AuditRecord.objects.filter(pk=record.pk).delete()
