"""Whatever is sent, the answer is a problem of the caller's making, never one of ours."""

import json
from string import printable
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contacts.models import CustomField
from funnel.services import install_path
from tests.callers import make_caller
from tests.factories import make_contact

pytestmark = pytest.mark.django_db

often = settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])

odd_text = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["", " ", "\0", "\ud800", "a@b.fi", "FI", "+358401234567", "2026-02-30", "none", "x" * 300, "’; --"]
    ),
)
odd_number = st.one_of(st.integers(), st.sampled_from([-1, 0, 2**31, 2**63 - 1, 2**63, 10**30]), st.floats())
value = st.recursive(
    st.one_of(st.none(), st.booleans(), odd_number, odd_text),
    lambda part: st.one_of(st.lists(part, max_size=3), st.dictionaries(odd_text, part, max_size=3)),
    max_leaves=6,
)


def bodies(*fields):
    known = st.dictionaries(st.sampled_from(fields), value, max_size=4)
    return st.one_of(
        known, value, st.builds(lambda said, more: {**said, **more}, known, st.dictionaries(odd_text, value))
    )


def as_json(said):
    return json.dumps(said).encode()


@pytest.fixture
def caller():
    install_path()
    CustomField.objects.create(of="contact", key="size", label="Size", kind="number")
    return make_caller()


def mishap(answer) -> str:
    """What is wrong with an answer that should be a success or a problem of the caller's making; nothing, at best."""
    if answer.status_code not in {200, 201, 400, 403, 404, 409, 412, 413, 415, 422}:
        return f"{answer.status_code}: {answer.content!r}"
    if answer.status_code < 400:
        return ""
    told = answer["Content-Type"], answer.json()["request_id"]
    return (
        "" if told == ("application/problem+json", answer["X-Request-Id"]) else f"no problem, or of no request: {told}"
    )


CONTACT = ("name", "email", "emails", "phone", "phones", "title", "country", "language", "time_zone", "company", "fit")
CONTACT_MORE = ("owner", "team", "custom", "external_id", "user_id", "campaign", "id", "stage")
COMPANY = ("name", "domains", "country", "external_id", "owner", "team", "custom")
MEMBERSHIP = ("contact", "company", "role", "title", "since", "until")
FIELD = ("of", "key", "label", "kind", "choices")


@often
@given(body=bodies(*CONTACT, *CONTACT_MORE))
def test_contacts_are_created_or_refused(caller, body):
    assert not mishap(caller.post("/api/v1/contacts", as_json(body)))


@often
@given(body=bodies(*CONTACT, *CONTACT_MORE))
def test_contacts_are_changed_or_refused(caller, body):
    contact = make_contact(name="Anna")
    assert not mishap(caller.patch(f"/api/v1/contacts/{contact.pk}", as_json(body)))


@often
@given(people=st.lists(bodies(*CONTACT, *CONTACT_MORE), max_size=4), more=bodies("contacts", "on_existing"))
def test_batches_are_taken_or_refused(caller, people, more):
    assert not mishap(caller.post("/api/v1/contacts/batch", as_json({"contacts": people})))
    assert not mishap(caller.post("/api/v1/contacts/batch", as_json(more)))


@often
@given(body=bodies(*COMPANY))
def test_companies_are_created_or_refused(caller, body):
    assert not mishap(caller.post("/api/v1/companies", as_json(body)))


@often
@given(body=bodies(*MEMBERSHIP), field=bodies(*FIELD))
def test_places_and_fields_are_created_or_refused(caller, body, field):
    assert not mishap(caller.post("/api/v1/memberships", as_json(body)))
    assert not mishap(caller.post("/api/v1/custom-fields", as_json(field)))


@often
@given(body=st.binary(max_size=60), path=st.sampled_from(["contacts", "contacts/batch", "companies", "memberships"]))
def test_any_bytes_are_refused(caller, body, path):
    assert not mishap(caller.post(f"/api/v1/{path}", body))


PARAMETERS = (
    *("q", "limit", "cursor", "ordering", "is_known", "updated_since", "owner", "owner__in", "owner__not", "team"),
    *("created_at__gte", "updated_at__lt", "country", "source", "campaign", "email", "phone", "company", "external_id"),
    *("stage", "health", "standing", "score__gte", "domain", "contact"),
)


@often
@given(
    path=st.sampled_from(["contacts", "companies", "memberships", "custom-fields"]),
    said=st.dictionaries(
        st.one_of(st.sampled_from(PARAMETERS), st.text(printable, max_size=10)),
        st.one_of(odd_text, st.integers().map(str), st.dates().map(str)),
        max_size=3,
    ),
)
def test_any_question_is_answered_or_refused(caller, path, said):
    query = "&".join(f"{quote(name)}={quote(text, errors='surrogatepass')}" for name, text in said.items())
    assert not mishap(caller.get(f"/api/v1/{path}?{query}"))


def test_a_nul_in_the_path_is_no_name_of_anything(caller):
    paths = ("campaigns/%00", "campaigns/%00/costs", "targets/%00", "public-holidays/%00/2026")
    assert [mishap(caller.get(f"/api/v1/{path}")) for path in paths] == ["", "", "", ""]


@often
@given(
    name=st.sampled_from(["If_Match", "Idempotency_Key", "Accept", "Content_Encoding", "X_Request_Id"]),
    text=st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=300),
)
def test_any_header_is_taken_or_refused(caller, name, text):
    contact = make_contact(name="Anna")
    answer = caller.patch(f"/api/v1/contacts/{contact.pk}", {"name": "Eva"}, **{name: text})

    assert answer.status_code in {200, 400, 406, 412, 415}
