"""Importing: the same door and the same facts as any other way in, exactly once, whatever stops it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from contacts.messages import ContactRef
from contacts.models import (
    Claim,
    Contact,
    CustomField,
    Event,
    EventType,
    FieldKind,
    Identity,
    Import,
    ImportState,
    Pending,
    PendingReason,
    Source,
    SourceKind,
    Trust,
)
from contacts.projecting import project
from tests.contacts.bringing import ANNA, ORDERS, PEOPLE, VILLE, counts, everything, refusals
from tests.factories import make_contact, make_message, make_source, make_team, make_user, record

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("path")]

FIELDS = ["is_known", "name", "emails", "phones", "title", "country", "language", "time_zone", "custom", "owner_id"]
FIELDS += ["team_id", "sort_key", "search"]


def test_a_row_makes_a_contact_with_its_identities_and_details(people):
    run = people(ANNA)

    contact = Contact.objects.get()
    assert counts(run) == (1, 0, 0, 0)
    assert (contact.name, contact.emails, contact.phones) == ("Anna Virtanen", ["anna@example.com"], ["+358401234567"])
    assert (contact.is_known, contact.origin_source.key, contact.leader_id) == (True, "shop", contact.pk)
    assert set(contact.identities.values_list("kind", "namespace", "value")) == {
        ("external", "shop", "c1"),
        ("email", "", "anna@example.com"),
    }
    [event] = contact.events.all()
    assert (event.type.key, event.properties) == (
        "contact_created",
        {"name": "Anna Virtanen", "phone": "+358401234567"},
    )


def test_a_row_makes_an_event_with_all_it_says(orders):
    run = orders("c1,A-1,2026-03-01T12:30:00+02:00,12.50,spring")

    event = Event.objects.get()
    assert counts(run) == (1, 0, 0, 0)
    assert (event.type.key, event.rank, event.source.key, event.message_id) == (
        "order_completed",
        3,
        "shop",
        "order-A-1",
    )
    assert event.occurred_at == datetime(2026, 3, 1, 10, 30, tzinfo=UTC)
    assert (event.value_minor, event.currency, event.campaign_key) == (1250, "EUR", "spring")
    assert event.properties == {"order_id": "A-1"}
    assert event.contact.origin_campaign == "spring"


def test_every_event_is_marked_as_imported(orders):
    orders("c1,1,2026-01-01,1,", "c2,2,2026-01-01,1,", "c1,3,2026-01-01,1,")

    marks = set(Pending.objects.values_list("contact_id", "event_id", "reason"))
    assert marks == {(event.contact_id, event.pk, PendingReason.IMPORT) for event in Event.objects.all()}


def test_a_contact_is_the_same_as_one_made_through_the_api(bring):
    CustomField.objects.create(of="contact", key="budget", label="Budget", kind=FieldKind.NUMBER)
    owner, team = make_user("seller@example.com"), make_team("North")
    details = {
        "name": "Åsa O'Hara \\ Öberg",
        "title": "CEO",
        "email": "asa@main.example.com",
        "phone": "+46812345678",
        "country": "SE",
        "language": "sv",
        "time_zone": "Europe/Stockholm",
        "owner": "Seller@example.com",
        "team": "North",
        "company": "Möbel & Söhne",
        "budget": 1200,
        "fit": "B",
    }
    columns = "\n".join(f'{name} = "{name}"' for name in details)
    mapping = f'[source]\nkey = "shop"\n[contact]\nuser_id = "id"\nemail = "other"\n[contact.attributes]\n{columns}'
    bring(mapping, f"id|other|{'|'.join(details)}", f"u1|asa@x.example|{'|'.join(map(str, details.values()))}")
    record(
        make_source("api"),
        make_message(
            "contact_created",
            ContactRef(user_id="u1", email="asa2@x.example"),
            properties=details | {"email": "asa2@main.example.com"},
        ),
    )

    imported, made = Contact.objects.order_by("pk")
    same = [name for name in FIELDS if name not in {"emails", "search"}]
    assert {name: getattr(imported, name) for name in same} == {name: getattr(made, name) for name in same}
    assert [email.replace("asa2", "asa") for email in made.emails] == imported.emails
    assert imported in Contact.objects.mentioning("mobel")
    project([imported.pk], afresh=True)
    assert Contact.objects.get(pk=imported.pk).search == imported.search
    assert (imported.owner, imported.team, imported.custom) == (owner, team, {"budget": 1200, "fit": "B"})


def test_what_the_log_says_of_imported_contacts_is_what_their_rows_hold(people, small_chunks):
    lines = [f"c{n},user{n}@example.com,Name {n % 3},+35840123456{n}" for n in range(5)]
    people(*lines, "c1,other@example.com,New Name,+358501234567", "c4,,Newest,+358501234568")
    before = list(Contact.objects.order_by("pk").values(*FIELDS))

    project(list(Contact.objects.values_list("pk", flat=True)), afresh=True)

    assert list(Contact.objects.order_by("pk").values(*FIELDS)) == before


def test_imported_contacts_are_found_by_the_beginning_of_a_word(people):
    people(ANNA, VILLE)

    assert [contact.name for contact in Contact.objects.mentioning("virt")] == ["Anna Virtanen"]
    assert [contact.name for contact in Contact.objects.mentioning("ville@ex")] == ["Ville Korhonen"]


def test_the_same_file_twice_changes_nothing(people, orders):
    people(ANNA, VILLE)
    orders("c1,1,2026-01-01,1,", "c3,2,2026-01-01,1,")
    before = everything()

    assert counts(people(ANNA, VILLE)) == (0, 0, 2, 0)
    assert counts(orders("c1,1,2026-01-01,1,", "c3,2,2026-01-01,1,")) == (0, 0, 2, 0)
    assert everything() == before


def test_the_same_file_twice_changes_nothing_though_a_contact_stands_in_it_twice(people, small_chunks):
    lines = ["c1,,First,", "c2,,Other,", "c1,,Second,", "c3,,Third,"]
    people(*lines)
    before = everything()

    assert counts(people(*lines)) == (0, 0, 4, 0)
    assert everything() == before


def test_the_same_file_again_does_not_undo_what_people_changed_since(people):
    people(ANNA)
    record(make_source(), make_message("attributes_changed", "anna@example.com", properties={"name": "Anna Laine"}))

    people(ANNA)

    assert Contact.objects.get().name == "Anna Laine"


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("between", [[], [VILLE, "c3,,Third,"]])
def test_a_contact_twice_in_a_file_is_as_its_later_row_says(people, between):
    run = people(ANNA, *between, "c1,,Anna Laine,")

    contact = Contact.objects.get(identities__value="c1")
    assert (contact.name, contact.phones) == ("Anna Laine", ["+358401234567"])
    assert counts(run) == (1 + len(between), 1, 0, 0)


def test_another_file_changes_only_what_differs(people):
    people(ANNA, VILLE)

    run = people(ANNA, "c2,ville@example.com,Ville Mäkinen,")

    assert counts(run) == (0, 1, 1, 0)
    changed = Event.objects.filter(type__key="attributes_changed").values_list("contact__name", "properties")
    assert list(changed) == [("Ville Mäkinen", {"name": "Ville Mäkinen"})]


def test_a_second_number_or_address_is_added_in_front(people):
    people(ANNA)

    people("c1,a.virtanen@example.com,Anna Virtanen,+358501234567")

    contact = Contact.objects.get()
    assert contact.phones == ["+358501234567", "+358401234567"]
    assert contact.emails == ["anna@example.com", "a.virtanen@example.com"]  # linked, not said to be the main one


def test_two_files_about_the_same_contacts_work_together(people, orders):
    people(ANNA, VILLE)

    run = orders("c1,1,2026-01-01,10,", "c9,2,2026-01-01,20,")

    assert counts(run) == (1, 1, 0, 0)
    assert Event.objects.get(message_id="order-1").contact.name == "Anna Virtanen"


def test_contacts_known_already_are_recognised_by_address(people):
    known = make_contact(email="anna@example.com")

    run = people(ANNA)

    assert counts(run) == (0, 1, 0, 0)
    assert known.identities.get(kind="external").value == "c1"
    known.refresh_from_db()
    assert known.name == "Anna Virtanen"


def test_a_row_that_names_two_known_people_is_refused(people):
    people("c1,,Anna,", "c2,ville@example.com,Ville,")

    run = people("c1,ville@example.com,Who,", "c3,anna@example.com,Anna,")

    assert refusals(run) == [(2, "", "not-yours")]
    assert run.rejects.get().values == {"names": "external c1, email ville@example.com"}
    assert set(Contact.objects.values_list("name", flat=True)) == {"Anna", "Ville"}


def test_an_event_known_with_other_contents_is_refused(orders):
    orders("c1,1,2026-01-01,10,")

    run = orders("c1,1,2026-01-01,10,", "c1,1,2026-01-01,99,", "c1,2,2026-01-02,5,", "c1,2,2026-01-02,6,")

    assert refusals(run) == [(3, "", "duplicate-conflict"), (5, "", "duplicate-conflict")]
    assert counts(run) == (0, 1, 1, 2)
    assert list(Event.objects.order_by("pk").values_list("value_minor", flat=True)) == [1000, 500]


def test_a_message_of_the_api_and_a_row_with_its_id_are_one_event(orders):
    source = make_source("shop", kind=SourceKind.API)
    record(source, make_message("order_completed", ContactRef(external_id="c1"), message_id="order-1"))

    assert refusals(orders("c1,1,2026-01-01,10,")) == [(2, "", "duplicate-conflict")]


def test_refused_rows_are_told_by_line_and_column(bring):
    mapping = PEOPLE + ORDERS.split("[[events]]")[1].replace('campaign = "utm"', "").join(["[[events]]", ""])
    run = bring(
        mapping,
        "id,email,name,phone,number,at,sum",
        "c1,not an address,Anna,,1,2026-01-01,1",
        "c2,,Ville,,2,yesterday,1",
        'c3,,"Two',
        'lines",,3,2026-01-01,1',
        ",,Nobody,,4,2026-01-01,1",
        "c5,,Short",
        "c6,,Six,,6,2026-01-01,ten",
    )

    assert refusals(run) == [
        (2, "email", "bad-email"),
        (3, "at", "bad-time"),
        (6, "", "missing-identity"),
        (7, "", "ragged-row"),
        (8, "sum", "bad-amount"),
    ]
    assert counts(run) == (1, 0, 0, 5)


def test_what_has_not_happened_yet_is_refused_but_for_a_clock_a_little_ahead(orders):
    now = datetime.now(UTC)
    soon, later = now + timedelta(minutes=2), now + timedelta(minutes=10)

    run = orders(f"c1,1,{soon.isoformat()},1,", f"c1,2,{later.isoformat()},1,")

    assert refusals(run) == [(3, "", "in-the-future")]
    event = Event.objects.get()
    assert (event.stated_at, event.occurred_at) == (soon, event.recorded_at)


def test_the_checks_of_other_packages_hold(bring):
    mapping = (
        '[source]\nkey = "crm"\n[contact]\nexternal_id = "id"\n[[events]]\nmessage_id = "{id}"\ntype = "stage_set"'
    )
    run = bring(f'{mapping}\n[events.properties]\nstage = "stage"', "id,stage", "c1,lead", "c2,nirvana")

    assert counts(run) == (1, 0, 0, 1)
    assert run.rejects.get().line == 3


def test_a_type_nobody_knows_is_recorded_and_waits_to_be_named(bring):
    bring(
        '[source]\nkey = "s"\n[contact]\nexternal_id = "id"\n[[events]]\nmessage_id = "{id}"\ntype = "shoe_tied"',
        "id",
        "c1",
    )

    found = EventType.objects.filter(first_source__key="s").values_list("key", "is_named", "rank")
    assert list(found) == [("shoe_tied", False, 1)]


def test_a_public_source_may_bring_only_so_many_new_types(bring):
    mapping = """
    [source]
    key = "fair"
    trust = "public"
    [contact]
    email = "email"
    [[events]]
    message_id = "{email}"
    type = {column = "what"}
    """
    run = bring(mapping, "email,what", *(f"p{n}@example.com,new_{n:03}" for n in range(103)))

    assert counts(run) == (100, 0, 0, 3)
    assert refusals(run) == [(line, "", "too-many-types") for line in (102, 103, 104)]
    assert EventType.objects.filter(first_source__key="fair").count() == 100


def test_contacts_may_come_from_a_source_of_their_own_and_stay_known_to_the_import(bring):
    mapping = """
    [source]
    key = "olist"
    [origin]
    column = "from"
    prefix = "olist-"
    note = "list of May"
    [contact]
    external_id = "id"
    """
    bring(mapping, "id,from", "c1,paid search", "c2,", "c3,paid search")
    run = bring(mapping, "id,from", "c1,elsewhere")

    assert counts(run) == (0, 0, 1, 0)
    origins = Contact.objects.order_by("pk").values_list("origin_source__key", "origin_note")
    assert list(origins) == [
        ("olist-paid-search", "list of May"),
        ("olist", "list of May"),
        ("olist-paid-search", "list of May"),
    ]
    assert set(Identity.objects.values_list("namespace", flat=True)) == {"olist"}


def test_a_column_of_ids_does_not_become_a_source_each(bring):
    mapping = '[source]\nkey = "s"\n[origin]\ncolumn = "id"\n[contact]\nexternal_id = "id"'

    with pytest.raises(ValidationError, match="more than 200 sources"):
        bring(mapping, "id", *[f"c{n}" for n in range(300)])
    run = Import.objects.get()
    assert (run.state, run.rows_read, Source.objects.filter(kind=SourceKind.IMPORT).count()) == (
        ImportState.FAILED,
        0,
        1,
    )


def test_a_contact_without_events_begins_with_its_creation(bring):
    mapping = '[source]\nkey = "s"\n[contact]\nemail = "email"\nmoment = {column = "since"}'
    bring(mapping, "email,since", "anna@example.com,2020-05-01", "ville@example.com,")

    created = Event.objects.order_by("pk").values_list("type__key", "contact__emails", "occurred_at")
    assert {tuple(emails): at for _type, emails, at in created}[("anna@example.com",)] == datetime(
        2020, 5, 1, tzinfo=UTC
    )
    assert {kind for kind, _emails, _at in created} == {"contact_created"}
    assert len(created) == 2


def test_public_rows_are_kept_as_claims_where_they_may_not_decide(bring):
    known = make_contact(email="anna@example.com", name="Anna")
    mapping = """
    [source]
    key = "fair"
    trust = "public"
    [contact]
    email = "email"
    [contact.attributes]
    name = "name"
    [[events]]
    message_id = "{email}-{what}"
    type = "what"
    """.replace('type = "what"', 'type = {column = "what"}')
    lines = ["anna@example.com,Evil,form_submitted", "new@example.com,New,order_completed"]
    run = bring(mapping, "email,name,what", *lines)

    assert counts(run) == (1, 1, 0, 0)
    assert set(Claim.objects.values_list("contact__name", "type__key")) == {
        ("Anna", "attributes_changed"),
        ("New", "order_completed"),
    }
    assert set(Event.objects.values_list("contact__name", "type__key")) == {
        ("Anna", "form_submitted"),
        ("New", "contact_created"),
    }
    known.refresh_from_db()
    assert known.name == "Anna"
    assert counts(bring(mapping, "email,name,what", *lines)) == (0, 0, 2, 0)


def test_a_source_keeps_its_trust(people):
    make_source("shop", trust=Trust.PUBLIC)

    with pytest.raises(ValidationError, match=r"source\.trust: the source “shop” is public already"):
        people(ANNA)


def test_nobody_imports_as_staff(bring):
    with pytest.raises(ValidationError, match=r"source\.trust"):
        bring('[source]\nkey = "staff"\n[contact]\nemail = "email"', "email", "anna@example.com")
