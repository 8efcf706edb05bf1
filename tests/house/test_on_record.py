"""Whoever does a deed leaves the same record, by whatever door they came in: services write it, and nobody else."""

import ast
from pathlib import Path

import pytest

from contacts.models import Merge
from staff.models import AuditRecord
from tests.callers import make_caller
from tests.desk.scenes import at_desk
from tests.factories import make_contact
from tests.funnel.worlds import install

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("crm", "campaigns", "funnel", "contacts", "rest", "staff")
OF_REQUESTS = {"HttpRequest", "Request"}


def recording() -> dict[str, ast.FunctionDef]:
    """The functions that write a record, by where they stand."""
    found: dict[str, ast.FunctionDef] = {}
    for path in sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        text = path.read_text()
        if "audit.record(" in text:
            functions = [one for one in ast.walk(ast.parse(text)) if isinstance(one, ast.FunctionDef)]
            found |= {
                f"{path.relative_to(ROOT)}:{one.name}": one for one in functions if "audit.record(" in ast.unparse(one)
            }
    return found


def answers_requests(function: ast.FunctionDef) -> bool:
    return bool(OF_REQUESTS & {ast.unparse(one.annotation) for one in function.args.args if one.annotation})


def test_whoever_answers_a_request_leaves_the_record_to_a_service():
    found = recording()

    assert len(found) > 80
    assert [name for name in found if name.partition(":")[0].endswith(("views.py", "api.py"))] == []
    # signing in, and failing to, are deeds of the door itself
    door = ["crm/door.py:login", "crm/door.py:authentication_failed"]
    assert sorted(name for name, function in found.items() if answers_requests(function)) == sorted(door)


@pytest.mark.django_db
def test_a_merge_and_its_cut_are_on_record_alike_from_a_page_and_from_a_program():
    install()
    client, _admin = at_desk()
    program = make_caller("contacts:merge")
    first, second = make_contact(name="Aino"), make_contact(name="Aino Laine")

    client.post(f"/contacts/{first.pk}/merge/{second.pk}")
    client.post(f"/merges/{Merge.objects.get().pk}/cut")
    merge = program.post("/api/v1/merges", {"first": second.pk, "second": first.pk}).json()
    program.post(f"/api/v1/merges/{merge['id']}/cut")

    told = AuditRecord.objects.filter(object_kind="contact").order_by("pk").values_list("action", "object_id", "detail")
    once = [("contacts_merged", first.pk, {"newer": second.pk}), ("merge_cut", first.pk, {"newer": second.pk})]
    assert list(told) == once + once
