import json
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from contacts.companies import create_company, join_company
from contacts.merging import merge_contacts
from contacts.models import Contact, Identity, IdentityKind
from contacts.projecting import found_by, project
from rest.endpoints import caller as caller_of  # noqa: F401
from staff.models import Role
from staff.policy import Principal
from tests.asking import asked_by
from tests.callers import make_caller
from tests.factories import make_contact, make_source, make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller():
    return make_caller()


def names(caller, query=""):
    answer = caller.get(f"/api/v1/contacts?{query}")
    assert answer.status_code == 200, answer.json()
    return [contact["name"] for contact in answer.json()["results"]]


def make(name, **fields):
    """A contact as lists find it."""
    sort_key, _tokens = found_by(name=name, emails=[], phones=[])
    return make_contact(name=name, sort_key=sort_key, **fields)


def at(day):
    return datetime(2026, 1, day, tzinfo=UTC)


def test_a_list_shows_people_newest_first(caller):
    make("Anna"), make("Eva")
    make_contact(is_known=False)
    erased = make("Gone")
    Contact.objects.filter(pk=erased.pk).update(erased_at=erased.created_at)
    Contact.objects.filter(name="Anna").update(created_at=at(1))

    assert names(caller) == ["Eva", "Anna"]


def test_visitors_are_shown_when_asked_for(caller):
    make("Anna"), make_contact(is_known=False)

    assert names(caller, "is_known=false") == [""]
    assert names(caller, "is_known=any") == ["", "Anna"]
    assert caller.get("/api/v1/contacts?is_known=maybe").status_code == 400


def test_a_list_can_be_sorted(caller):
    for day, name in enumerate(("Örn", "anna", "Ole", "Ädla"), start=1):
        contact = make(name)
        Contact.objects.filter(pk=contact.pk).update(created_at=at(day), updated_at=at(30 - day))

    assert names(caller, "ordering=name") == ["Ädla", "anna", "Ole", "Örn"]
    assert names(caller, "ordering=-name") == ["Örn", "Ole", "anna", "Ädla"]
    assert names(caller, "ordering=created_at") == ["Örn", "anna", "Ole", "Ädla"]
    assert names(caller, "ordering=updated_at") == ["Ädla", "Ole", "anna", "Örn"]


def test_a_list_can_be_narrowed(caller):
    user, team, till = make_user(), make_team(), make_source("till")
    anna = make("Anna", owner=user, country="FI", email="anna@example.com", origin_campaign="fair")
    eva = make("Eva", team=team, country="SE", language="sv", source=till, phones=["+358401234567"])
    project([eva.pk])
    Identity.objects.create(contact=eva, kind=IdentityKind.EXTERNAL, namespace="till", value="17")
    Identity.objects.create(contact=anna, kind=IdentityKind.USER_ID, namespace="shop", value="u1")
    make("Ada", country="DE")

    for query, found in {
        f"owner={user.pk}": ["Anna"],
        "owner=none": ["Ada", "Eva"],
        f"owner__not={user.pk}": ["Ada", "Eva"],
        f"owner__in={user.pk},none": ["Ada", "Eva", "Anna"],
        f"team={team.pk}": ["Eva"],
        "country=se": ["Eva"],
        "country__in=FI,SE": ["Eva", "Anna"],
        "country__not=FI": ["Ada", "Eva"],
        "language=sv": ["Eva"],
        "campaign=fair": ["Anna"],
        "source=till": ["Eva"],
        "source__not=till": ["Ada", "Anna"],
        "source__in=till,nowhere": ["Eva"],
        "email=ANNA@example.com": ["Anna"],
        "email__in=anna@example.com,eva@example.com": ["Anna"],
        "external_id=17": ["Eva"],
        "user_id=u1": ["Anna"],
        "phone=%2B358%2040%201234567": ["Eva"],
        "country=SE&owner=none&language=sv": ["Eva"],
        "country=SE&language=fi": [],
    }.items():
        assert (query, names(caller, query)) == (query, found)


def test_a_list_can_be_narrowed_by_a_tree(caller):
    make("Anna", country="FI"), make("Eva", country="SE"), make("Ada", country="SE", language="fi")
    tree = {"any": [{"field": "country", "is": "FI"}, {"none": [{"field": "language", "is_not": "fi"}]}]}

    assert names(caller, f"filter={quote(json.dumps(tree))}") == ["Ada", "Anna"]
    assert names(caller, f"filter={quote(json.dumps(tree))}&country=SE") == ["Ada"]


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        ("{", "expecting property name enclosed in double quotes (byte 1)"),
        ('{"field": "country", "gte": "FI"}', "country Its operators are: is, is_not, in."),
        ('{"field": "country", "field": "country"}', 'the key "field" comes twice in one object (byte 21)'),
        ("[]", "A filter is an object."),
    ],
)
def test_a_tree_that_is_none_is_refused(caller, tree, words):
    answer = caller.get(f"/api/v1/contacts?filter={quote(tree)}")

    assert (answer.status_code, answer.json()["errors"]) == (
        400,
        [{"pointer": "?filter", "code": "invalid", "detail": words}],
    )


def test_a_list_can_be_narrowed_to_a_time(caller):
    for day, name in ((1, "Anna"), (2, "Eva"), (3, "Ada")):
        Contact.objects.filter(pk=make(name).pk).update(created_at=at(day), updated_at=at(day + 10))

    for query, found in {
        "created_at__gte=2026-01-02": ["Ada", "Eva"],
        "created_at__gt=2026-01-02T00:00:00Z": ["Ada"],
        "created_at__lt=2026-01-02": ["Anna"],
        "created_at__lte=2026-01-02T02:00:00%2B02:00": ["Eva", "Anna"],
        "created_at__gte=2026-01-02&created_at__lt=2026-01-03": ["Eva"],
        "updated_since=2026-01-12": ["Ada", "Eva"],
        "updated_at__lt=2026-01-12": ["Anna"],
    }.items():
        assert (query, names(caller, query)) == (query, found)


def test_colleagues_are_found_by_their_company(caller):
    by = Principal(key=caller.key)
    acme, other = create_company(by=by, name="Acme"), create_company(by=by, name="Other")
    anna, eva, ada = make("Anna"), make("Eva"), make("Ada")
    join_company(contact=anna, company=acme, by=by)
    join_company(contact=eva, company=acme, by=by, until=at(1).date())
    join_company(contact=ada, company=other, by=by)
    twin = make_contact()
    join_company(contact=twin, company=acme, by=by)
    merge_contacts(first=ada, second=twin)

    assert sorted(names(caller, f"company={acme.pk}")) == ["Ada", "Anna"]
    assert names(caller, f"company__in={other.pk},999") == ["Ada"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("owner=me", "owner"),
        ("owner=9999999999999999999999", "owner"),
        ("owner__gte=3", "owner__gte"),
        ("owner__in=", "owner"),
        ("created_at=2026-01-01", "created_at"),
        ("created_at__gte=yesterday", "created_at"),
        ("created_at__gte=99999-01-01", "created_at"),
        ("updated_since=1e5", "updated_since"),
        ("email=nonsense", "email"),
        ("phone=12", "phone"),
        (f"country__in={','.join(['FI'] * 101)}", "country"),
        ("leader=1", "leader"),
        ("search=anna", "search"),
        ("custom=1", "custom"),
        ("erased_at__gte=2026-01-01", "erased_at__gte"),
        ("ordering=email", "ordering"),
        ("ordering=id", "ordering"),
        ("cursor=x&ordering=owner", "ordering"),
        ("q=" + "x" * 2001, "q"),
    ],
)
def test_what_cannot_be_asked_is_named(caller, query, parameter):
    answer = caller.get(f"/api/v1/contacts?{query}")

    assert (answer.status_code, answer.json()["type"]) == (400, "/api/problems/invalid-query")
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"?{parameter}"]


def test_a_list_costs_the_same_statements_however_long_it_is(caller):
    by = Principal(key=caller.key)
    company = create_company(by=by, name="Acme")

    def grow(number):
        for n in range(number):
            contact = make(f"N{n}", email=f"n{Contact.objects.count()}@example.com")
            Identity.objects.create(
                contact=contact, kind=IdentityKind.EXTERNAL, namespace="shop", value=f"{contact.pk}"
            )
            join_company(contact=contact, company=company, by=by)

    grow(2)
    for size in (2, 30):
        assert len(names(caller)) == size
        assert len(asked_by(lambda: caller.get("/api/v1/contacts"))) == 3
        grow(28 if size == 2 else 0)


def test_pages_are_complete_while_people_come_and_go(caller):
    for n in range(30):
        contact = make(f"N{n:02}")
        Contact.objects.filter(pk=contact.pk).update(created_at=at(1) + timedelta(hours=n // 3))
    seen, address = [], "/api/v1/contacts?limit=7&ordering=created_at"
    while address:
        page = caller.get(address).json()
        seen += [contact["name"] for contact in page["results"]]
        address = page["next"]
        make(f"new {len(seen)}", email=f"new{len(seen)}@example.com")
        if len(seen) == 14:
            Contact.objects.filter(name__in=["N03", "N20"]).update(erased_at=datetime.now(UTC))

    old = [name for name in seen if name.startswith("N")]
    assert old == [f"N{n:02}" for n in range(30) if n != 20]
    assert len(seen) == len(set(seen))


# --- Who sees whom ----------------------------------------------------------------------------------------------------


@pytest.fixture
def crowd():
    mine, other = make_team("Mine"), make_team("Other")
    me, colleague, stranger = make_user(team=mine), make_user(team=mine), make_user(team=other)
    make("mine", owner=me)
    make("colleague's", owner=colleague)
    make("my team's", team=mine)
    make("nobody's")
    make("stranger's", owner=stranger)
    make("other team's", team=other)
    return me


@pytest.mark.parametrize("role", [Role.ADMIN, Role.MANAGER, Role.MARKETER, Role.READ_ONLY])
def test_these_roles_see_everybody(crowd, role):
    assert Contact.objects.visible_to(Principal(user=make_user(role=role))).count() == 6


def test_sales_see_their_own_their_teams_and_what_nobody_owns(crowd):
    visible = Contact.objects.visible_to(Principal(user=crowd)).order_by("pk")

    assert [contact.name for contact in visible] == ["mine", "colleague's", "my team's", "nobody's"]


def test_sales_without_a_team_see_their_own_and_what_nobody_owns(crowd):
    visible = Contact.objects.visible_to(Principal(user=make_user()))

    assert [contact.name for contact in visible] == ["nobody's"]


def test_a_disabled_user_and_nobody_at_all_see_nothing(crowd):
    for principal in (Principal(user=make_user(role=Role.ADMIN, is_active=False)), Principal()):
        assert Contact.objects.visible_to(principal).count() == 0
        assert principal.scopes == frozenset()
