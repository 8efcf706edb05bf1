from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contacts.filtering import CONTACT_FILTERS, Condition, Group, Operator, read_moment, read_whole
from contacts.models import Contact
from tests.factories import make_contact, make_source

DEEP = {"all": [{"all": [{"all": [{"all": [{"field": "country", "is": "FI"}]}]}]}]}


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "country = 'FI'",
        {},
        {"field": "country"},
        {"is": "FI"},
        {"field": "country", "is": "FI", "in": ["FI"]},
        {"field": "country", "like": "F%"},
        {"field": "country", "gte": "FI"},
        {"field": "owner__password", "is": "x"},
        {"field": "id); DROP TABLE", "is": 1},
        {"field": ["country"], "is": "FI"},
        {"field": "country", "is": {"$ne": ""}},
        {"field": "country", "in": []},
        {"field": "country", "in": ["FI"] * 101},
        {"field": "owner", "is": "1 OR 1=1"},
        {"field": "created_at", "at_least": 5},
        {"all": []},
        {"all": {"field": "country", "is": "FI"}},
        {"any": [], "all": []},
        {"xor": [{"field": "country", "is": "FI"}]},
        {"all": [DEEP]},
        {"any": [{"field": "country", "is": "FI"}] * 50},
    ],
)
def test_what_is_no_filter_is_refused(document):
    with pytest.raises(ValidationError) as refusal:
        CONTACT_FILTERS.from_document(document)

    assert refusal.value.code == "invalid_filter"


def test_a_filter_is_read_as_a_tree():
    fields = CONTACT_FILTERS.fields
    document = {"all": [{"field": "country", "in": ["fi", "SE"]}, {"none": [{"field": "owner", "is": None}]}]}

    assert CONTACT_FILTERS.from_document(document) == Group(
        "all",
        (
            Condition(fields["country"], Operator.IN, ["FI", "SE"]),
            Group("none", (Condition(fields["owner"], Operator.IS, None),)),
        ),
    )
    CONTACT_FILTERS.from_document(DEEP)
    CONTACT_FILTERS.from_document({"any": [{"field": "country", "is": "FI"}] * 49})


def test_an_unknown_field_is_answered_with_the_known_ones():
    with pytest.raises(ValidationError) as refusal:
        CONTACT_FILTERS.from_document({"field": "erased_at", "is": None})

    assert refusal.value.params == {"field": "erased_at"}
    assert "campaign, company, company_name, cools_within, country" in refusal.value.messages[0]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T12:00:00", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01T12:00:00+02:00", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("2026-03-01T12:00:00.123456Z", datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)),
    ],
)
def test_a_moment_without_a_zone_is_of_utc(text, found):
    assert read_moment(text) == found


@pytest.mark.parametrize("value", ["", "1.0", "+1", "٣", "1e3", " 1", "1" * 19, True, 1.0, None, [1]])
def test_a_whole_number_is_digits(value):
    with pytest.raises(ValueError, match=r".*"):
        read_whole(value)


# --- The database and plain Python agree ------------------------------------------------------------------------------

COUNTRIES, LANGUAGES, CAMPAIGNS = ["", "FI", "SE"], ["", "fi", "sv"], ["", "fair"]
people = st.lists(
    st.tuples(*(st.sampled_from(values) for values in (COUNTRIES, LANGUAGES, CAMPAIGNS, ["shop", "till"]))), max_size=6
)
PLACES = {"country": 0, "language": 1, "campaign": 2, "source": 3}
VALUES = {"country": COUNTRIES[1:], "language": LANGUAGES[1:], "campaign": CAMPAIGNS[1:], "source": ["shop", "till"]}


@st.composite
def conditions(draw):
    name = draw(st.sampled_from(sorted(PLACES)))
    operator = draw(st.sampled_from(["is", "is_not", "in"]))
    one = st.sampled_from(VALUES[name])
    return {"field": name, operator: draw(st.lists(one, min_size=1, max_size=2) if operator == "in" else one)}


trees = st.recursive(
    conditions(),
    lambda part: st.builds(
        lambda joined_by, parts: {joined_by: parts},
        st.sampled_from(["all", "any", "none"]),
        st.lists(part, min_size=1, max_size=3),
    ),
    max_leaves=5,
)


def holds(tree, person):
    """The same filter, naively."""
    for joined_by, combine in (("all", all), ("any", any), ("none", lambda parts: not any(parts))):
        if joined_by in tree:
            return combine([holds(part, person) for part in tree[joined_by]])
    value = person[PLACES[tree["field"]]]
    if "in" in tree:
        return value in tree["in"]
    return value == tree["is"] if "is" in tree else value != tree["is_not"]


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=people, tree=trees)
def test_a_filter_finds_whom_plain_python_finds(people, tree):
    sources = {key: make_source(f"{key}{make_source().pk}") for key in ("shop", "till")}
    text = str(tree).replace("'shop'", repr(sources["shop"].key)).replace("'till'", repr(sources["till"].key))
    made = {
        make_contact(country=country, language=language, origin_campaign=campaign, source=sources[source]).pk: person
        for person in people
        for country, language, campaign, source in [person]
    }
    try:
        found = Contact.objects.filter(pk__in=made).filter(CONTACT_FILTERS.from_document(eval(text)).q())  # noqa: S307
    except ValidationError:
        assert depth_of(tree) > 5
        return

    assert {contact.pk for contact in found} == {pk for pk, person in made.items() if holds(tree, person)}


def depth_of(tree):
    return 1 + max(
        (
            depth_of(part)
            for parts in tree.values()
            if isinstance(parts, list)
            for part in parts
            if isinstance(part, dict)
        ),
        default=0,
    )
