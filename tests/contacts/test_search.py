import pytest

from contacts.companies import create_company, join_company, update_company
from contacts.models import Company, Contact
from contacts.projecting import project
from staff.policy import Principal
from tests.callers import make_caller
from tests.factories import make_contact

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller():
    return make_caller()


def found(caller, words, kind="contacts"):
    answer = caller.client.get(f"/api/v1/{kind}", {"q": words}, headers={"Authorization": f"Bearer {caller.secret}"})
    assert answer.status_code == 200, answer.json()
    return sorted(row["name"] for row in answer.json()["results"])


def make(name, **fields):
    contact = make_contact(name=name, **fields)
    project([contact.pk])
    return contact


@pytest.fixture
def people():
    make("Äiti Öhman-Løvgren", email="aiti.ohman@mail.example.com")
    make("Anna Virtanen", email="anna@example.com", phones=["+358401234567"], title="Myyntipäällikkö")
    make("Annika Virta", email="annika@other.fi", phones=["+46701234567"])
    make("Jean O'Brien", title="Head of Sales")
    make("李 小龍")


EVERYBODY = ["Anna Virtanen", "Annika Virta", "Jean O'Brien", "Äiti Öhman-Løvgren", "李 小龍"]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("anna", ["Anna Virtanen"]),
        ("ann", ["Anna Virtanen", "Annika Virta"]),
        ("ANN VIRTA", ["Anna Virtanen", "Annika Virta"]),
        ("virta ann", ["Anna Virtanen", "Annika Virta"]),
        ("ann virtan", ["Anna Virtanen"]),
        ("aiti", ["Äiti Öhman-Løvgren"]),
        ("ÄITI", ["Äiti Öhman-Løvgren"]),
        ("lovgren", ["Äiti Öhman-Løvgren"]),
        ("løvgren", ["Äiti Öhman-Løvgren"]),
        ("öhman-løv", ["Äiti Öhman-Løvgren"]),
        ("nna", []),
        ("irtanen", []),
        ("brien", ["Jean O'Brien"]),
        ("o'brien", ["Jean O'Brien"]),
        ("myynti", ["Anna Virtanen"]),
        ("anna@ex", ["Anna Virtanen"]),
        ("Anna@Example.com", ["Anna Virtanen"]),
        ("example.com", ["Anna Virtanen", "Äiti Öhman-Løvgren"]),
        ("mail.example", ["Äiti Öhman-Løvgren"]),
        ("example", ["Anna Virtanen", "Äiti Öhman-Løvgren"]),
        ("other.fi", ["Annika Virta"]),
        ("+358401234567", ["Anna Virtanen"]),
        ("040 123 4567", ["Anna Virtanen"]),
        ("0401", ["Anna Virtanen"]),
        ("00358 40", ["Anna Virtanen"]),
        ("40 123", ["Anna Virtanen"]),
        ("virta 70123", ["Annika Virta"]),
        ("+46 (70) 12-34", ["Annika Virta"]),
        ("35840123 ann", ["Anna Virtanen"]),
        ("小", ["李 小龍"]),
        ("   ", EVERYBODY),
        ("@", []),
        ("'", []),
        ("a:*|b", []),
        ("!anna", ["Anna Virtanen"]),
        ("ann & virtan", ["Anna Virtanen"]),
        ("\\", []),
        ("anna\\' OR 1=1", []),
        ("x" * 2000, []),
    ],
)
def test_people_are_found_by_the_beginnings_of_words(caller, people, words, names):
    assert found(caller, words) == sorted(names)


def test_people_are_found_by_the_company_they_are_in_and_by_its_new_name(caller):
    by = Principal(key=caller.key)
    contact, company = make("Anna"), create_company(by=by, name="Vanha Nimi Oy")
    join_company(contact=contact, company=company, by=by)
    assert found(caller, "vanha ann") == ["Anna"]

    update_company(company=company, by=by, name="Uusi Oy")
    assert (found(caller, "vanha"), found(caller, "uusi")) == ([], ["Anna"])


def test_companies_are_found_by_name_and_domain(caller):
    by = Principal(key=caller.key)
    create_company(by=by, name="Äkäslompolo Oy", domains=["akas.fi", "shop.example.com"])
    create_company(by=by, name="Other Ab")

    for words in ("akas", "ÄKÄS", "akas.fi", "example.com", "oy akas"):
        assert found(caller, words, "companies") == ["Äkäslompolo Oy"]
    assert found(caller, "lompolo", "companies") == []


def test_a_contact_without_tokens_is_found_by_nothing(caller):
    make_contact(name="Not projected yet")

    assert found(caller, "not") == []


@pytest.mark.parametrize("rows", [Contact, Company])
def test_words_without_a_word_find_nobody(rows):
    assert list(rows.objects.mentioning("...")) == []
