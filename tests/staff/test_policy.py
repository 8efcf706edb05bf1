import re
from pathlib import Path

import pytest

from staff import audit
from staff.models import AuditRecord, Role
from staff.policy import DEEDS, ORDINARY_SCOPES, ROLE_ROWS, ROLE_SCOPES, SCOPES, Principal, Rows
from tests.callers import make_caller
from tests.factories import make_user


def test_every_role_is_told_what_it_may():
    assert set(ROLE_SCOPES) == set(Role.values)
    assert set().union(*ROLE_SCOPES.values()) == set(SCOPES)


def test_who_reads_only_may_write_nothing():
    assert {scope.partition(":")[2] for scope in ROLE_SCOPES[Role.READ_ONLY]} == {"read"}


def test_playbooks_and_webhooks_are_not_for_everybody():
    writing = {role for role, scopes in ROLE_SCOPES.items() if "playbooks:write" in scopes}
    managing = {role for role, scopes in ROLE_SCOPES.items() if "webhooks:manage" in scopes}

    assert (writing, managing) == ({Role.ADMIN, Role.MANAGER, Role.MARKETER}, {Role.ADMIN})


@pytest.mark.django_db
def test_a_key_may_what_it_was_made_for_and_a_user_what_the_role_allows():
    key = Principal(key=make_caller("events:read").key)
    user = Principal(user=make_user(role=Role.SALES))

    assert [key.may("events:read"), key.may("events:write")] == [True, False]
    assert [user.may("contacts:write"), user.may("playbooks:write")] == [True, False]


@pytest.mark.django_db
def test_the_trail_names_who_did_what_to_which_row():
    user, key = make_user(), make_caller().key
    audit.record(by=Principal(user=user), action="exported", kind="contact", row=17, rows=3)
    audit.record(by=Principal(key=key), action="refused", scope="figures:read")

    rows = AuditRecord.objects.exclude(action="key_made").order_by("id")
    assert list(rows.values_list("user", "api_key", "action", "object_kind", "object_id", "detail")) == [
        (user.pk, None, "exported", "contact", 17, {"rows": 3}),
        (None, key.pk, "refused", "", None, {"scope": "figures:read"}),
    ]


def test_each_deed_stands_in_the_table_once_with_a_sentence_of_its_own():
    assert len(set(SCOPES)) == len(DEEDS) == len({str(deed.sentence) for deed in DEEDS})


def test_managing_staff_connecting_programs_erasing_and_the_trail_are_for_admins_alone():
    grave = {deed.scope: deed.roles for deed in DEEDS if deed.on_request}

    assert grave == {scope: {Role.ADMIN} for scope in ("contacts:erase", "intake:manage", "staff:manage", "audit:read")}
    assert set(ORDINARY_SCOPES) == set(SCOPES) - set(grave)


def test_only_sales_see_less_than_everybody():
    assert {role for role, rows in ROLE_ROWS.items() if rows is not Rows.ALL} == {Role.SALES}


def test_the_page_of_staff_tells_the_whole_table():
    page = Path("docs/staff.md").read_text()
    roles = [Role.ADMIN, Role.MANAGER, Role.SALES, Role.MARKETER, Role.READ_ONLY]
    told = {
        scope: {role for role, cell in zip(roles, cells.split("|"), strict=False) if cell.strip() == "yes"}
        for scope, cells in re.findall(r"^\| .+ \| `([a-z]+:[a-z]+)` \|(.+)\|$", page, re.MULTILINE)
    }

    assert told == {deed.scope: set(deed.roles) for deed in DEEDS}
