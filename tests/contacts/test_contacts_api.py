import pytest

from contacts.models import Contact
from tests.callers import make_caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller():
    return make_caller()


ANNA = {"name": "Anna Virtanen", "email": "Anna@Example.com", "phone": "+358 40 1234567", "country": "Finland"}


def created(caller, **body):
    answer = caller.post("/api/v1/contacts", body)
    assert answer.status_code == 201, answer.json()
    return answer.json()


def test_a_created_contact_can_be_read(caller):
    answer = caller.post("/api/v1/contacts", {**ANNA, "external_id": "17", "campaign": "fair"})
    contact = answer.json()

    assert (answer.status_code, answer["Location"], answer["ETag"]) == (
        201,
        f"/api/v1/contacts/{contact['id']}",
        f'"{contact["version"]}"',
    )
    assert caller.get(answer["Location"]).json() == contact
    moments = {contact.pop("created_at")[-1], contact.pop("updated_at")[-1]}
    assert moments == {"Z"}
    assert contact.pop("version") > 0
    assert contact.pop("id") == Contact.objects.get().pk
    assert contact == {
        "name": "Anna Virtanen",
        "emails": ["anna@example.com"],
        "phones": ["+358401234567"],
        "title": "",
        "country": "FI",
        "language": "",
        "time_zone": "",
        "owner": None,
        "team": None,
        "companies": [],
        "external_ids": [{"source": "shop", "id": "17"}],
        "user_ids": [],
        "merged_ids": [],
        "custom": {},
        "is_known": True,
        "source": "shop",
        "campaign": "fair",
        "position": None,
    }
