"""An import on the desk: a file comes, is understood, tried, brought in and taken back."""

from csv import DictReader
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contacts.erasing import erase_contact, finish_erasures
from contacts.importing import keeping, rehearsing
from contacts.importing.preparing import bring_file, choose, preview
from contacts.importing.reporting import foreseen_told, reject_lines
from contacts.importing.steering import check_import, drop_draft, start_import_of, undo_import
from contacts.importing.undoing import changed_since
from contacts.importing.working import work_off_imports
from contacts.ingest import record_staff_event
from contacts.merging import merge_contacts
from contacts.models import Contact, CustomField, Event, Import, ImportState
from crm.desk.today.bell import notices
from funnel.advancing import advance_everything
from funnel.models import Effect, Position, Stage
from staff.models import AuditRecord, Role
from staff.policy import Principal
from tests.contacts.samples import GOOGLE, HUBSPOT, PIPEDRIVE_DEALS, PIPEDRIVE_PEOPLE, SALESFORCE_LEADS, workbook
from tests.factories import make_contact, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("path")]


@pytest.fixture(autouse=True)
def _own_folder(settings: Any, tmp_path: Path) -> None:
    settings.IMPORTS_ROOT = tmp_path / "imports"


@pytest.fixture
def by() -> Principal:
    return Principal(user=make_user("marketer@example.com", role=Role.MARKETER))


def brought(by: Principal, text: str | bytes, name: str = "people.csv") -> Import:
    raw = text if isinstance(text, bytes) else text.encode()
    return bring_file(by=by, name=name, pieces=iter([raw[:7], raw[7:]]))


def imported(by: Principal, text: str | bytes, **said: Any) -> Import:
    run = brought(by, text)
    choose(by=by, run=run, said=said)
    return done(by, run)


def done(by: Principal, run: Import) -> Import:
    start_import_of(by=by, run=run)
    work_off_imports()
    run.refresh_from_db()
    assert run.failure == ""
    return run


def tried(by: Principal, run: Import) -> dict[str, Any]:
    check_import(by=by, run=run)
    work_off_imports()
    run.refresh_from_db()
    assert run.state == ImportState.DRAFT
    assert run.foreseen is not None
    return run.foreseen


def stages() -> dict[str, str]:
    keys = dict(Stage.objects.values_list("pk", "key"))
    return {name: keys[stage or 0] for name, stage in Position.objects.values_list("contact__name", "stage_id")}


def counts(run: Import) -> dict[str, int]:
    return {name: getattr(run, name) for name in rehearsing.COUNTS}


@pytest.mark.parametrize(
    ("text", "preset", "columns"),
    [
        (
            HUBSPOT,
            "hubspot",
            "external_id first_name last_name email phone company title stage owner created refusal -",
        ),
        (
            SALESFORCE_LEADS,
            "salesforce",
            "external_id first_name last_name company email phone - stage owner created refusal",
        ),
        (
            PIPEDRIVE_PEOPLE,
            "pipedrive",
            "external_id name tags company email email phone - stage owner created",
        ),
        (
            PIPEDRIVE_DEALS,
            "pipedrive",
            "event_id - - event_value event_currency event_moment external_id name email",
        ),
        (
            GOOGLE,
            "google",
            "first_name last_name company title - tags - email - email - phone note",
        ),
        (
            "Etunimi;Sukunimi;Sähköpostiosoite;Puhelin;Yritys;Tilauspäivä;Summa\n"
            "Aino;Mäki;a@x.fi;040 123 4567;Oy;1.3.2026;12,50\n",
            "",
            "first_name last_name email phone company event_moment event_value",
        ),
    ],
)
def test_what_the_columns_of_an_export_mean_is_proposed(by, text, preset, columns):
    run = brought(by, text)

    assert (run.choices["preset"], run.choices["columns"]) == (
        preset,
        ["" if one == "-" else one for one in columns.split()],
    )


def test_a_file_of_windows_is_read_with_its_letters_commas_and_days(by):
    text = "Nimi;Sähköposti;Tilauspäivä;Summa\nÅsa Öberg;asa@x.fi;13.2.2026;1 249,50\nBo Ek;bo@x.fi;14.2.2026;9,00\n"
    run = brought(by, text.encode("cp1252"))

    found = {name: run.choices[name] for name in ("encoding", "delimiter", "header", "decimal", "dates")}
    assert found == {"encoding": "cp1252", "delimiter": ";", "header": True, "decimal": ",", "dates": "dmy"}
    assert preview(run, 1) == [["Åsa Öberg", "asa@x.fi", "13.2.2026", "1 249,50"]]
    done(by, run)
    events = Event.objects.filter(type__key="order_completed").order_by("occurred_at")
    assert [(event.value_minor, event.currency, event.occurred_at.isoformat()) for event in events] == [
        (124950, "EUR", "2026-02-12T22:00:00+00:00"),
        (900, "EUR", "2026-02-13T22:00:00+00:00"),
    ]


def test_the_people_of_hubspot_come_with_their_stages_and_refusals(by):
    owner = make_user("laura@example.com", name="Laura Lahti")
    run = imported(by, HUBSPOT)
    advance_everything()

    people = Contact.objects.order_by("pk").values_list("name", "emails", "phones", "owner_id")
    assert list(people) == [
        ("Anna Virtanen", ["anna@virta.example"], ["+358401234567"], owner.pk),
        ("Ville Korhonen", ["ville@korho.example"], [], None),
        ("Zoë Ängström", ["zoe@angstrom.example"], ["+46812345678"], owner.pk),
    ]
    assert stages() == {"Anna Virtanen": "customer", "Ville Korhonen": "lead", "Zoë Ängström": "advocate"}
    assert counts(run) == {"created": 3, "updated": 0, "unchanged": 0, "skipped": 0, "rejected": 1}
    [reject] = run.rejects.all()
    assert (reject.line, reject.column, reject.reason) == (5, "Email", "bad-email")
    refusing = Event.objects.filter(type__key="consent_withdrawn").values_list("contact__name", flat=True)
    assert list(refusing) == ["Ville Korhonen"]
    assert (run.stored, list(django_settings.IMPORTS_ROOT.iterdir())) == ("", [])
    assert not Effect.objects.exclude(state="held").exists()


def test_owners_that_nobody_here_is_called_are_told_and_can_be_chosen(by):
    named = make_user("laura@example.com", name="Laura Lahti")
    chosen = make_user("olli@example.com", name="Olli Ojala")
    text = "Email,Owner\na@x.fi,LAURA LAHTI\nb@x.fi,Bob Gone\nc@x.fi,O. Ojala\nd@x.fi,\n"
    run = brought(by, text)
    assert run.choices["owners"] == {"Bob Gone": "", "LAURA LAHTI": named.email, "O. Ojala": ""}

    choose(by=by, run=run, said={"owners": {"O. Ojala": chosen.email}})
    done(by, run)

    owners = Contact.objects.order_by("pk").values_list("emails", "owner_id")
    assert list(owners) == [(["a@x.fi"], named.pk), (["b@x.fi"], None), (["c@x.fi"], chosen.pk), (["d@x.fi"], None)]


def test_won_deals_of_pipedrive_become_orders_of_their_day(by):
    run = imported(by, PIPEDRIVE_DEALS)
    advance_everything()

    orders = Event.objects.filter(type__key="order_completed").values_list("message_id", "value_minor", "currency")
    assert list(orders) == [("order_completed-71", 1250000, "EUR")]
    assert counts(run) == {"created": 2, "updated": 0, "unchanged": 0, "skipped": 0, "rejected": 0}
    assert stages() == {"Sari Laine": "customer", "Tom Smith": "prospecting"}


def test_a_workbook_is_read_as_values_and_a_bomb_is_refused(by):
    rows: list[list[object]] = [["Nimi", "Sähköposti", "Summa"], ["=1+1", "a@x.fi", 12.5], ["Bo", "b@x.fi", 7.0]]
    run = brought(by, workbook(rows), "people.xlsx")

    assert (run.columns, preview(run), run.choices["sheet"]) == (
        ["Nimi", "Sähköposti", "Summa"],
        [["=1+1", "a@x.fi", "12.5"], ["Bo", "b@x.fi", "7"]],
        "Sheet1",
    )
    with pytest.raises(ValidationError, match="can't be read"):
        brought(by, workbook([["x" * 10_000]] * 7_000, packed=True), "bomb.xlsx")
    with pytest.raises(ValidationError, match="can't be read"):
        brought(by, b"PK\x03\x04 and nothing more", "broken.xlsx")
    assert Import.objects.count() == 1


def test_another_sheet_of_a_workbook_is_another_file(by, settings):
    people = [["Name", "Email"], ["Anna", "a@x.fi"]]
    orders: list[list[object]] = [["Order", "Mail", "Total"], [1, "a@x.fi", 12.5]]
    run = brought(by, workbook([], people, orders), "book.xlsx")
    sheets = ["Sheet1", "Sheet2", "Sheet3"]
    assert (run.columns, run.choices["sheet"], run.choices["sheets"]) == (people[0], "Sheet2", sheets)

    choose(by=by, run=run, said={"sheet": "Sheet3", "columns": ["name", ""]})
    assert (run.columns, preview(run), run.choices["sheet"]) == (orders[0], [["1", "a@x.fi", "12.5"]], "Sheet3")
    with pytest.raises(ValidationError, match="There is no sheet “People”"):
        choose(by=by, run=run, said={"sheet": "People"})
    with pytest.raises(ValidationError, match="There is no sheet “Peoplexxx"):
        choose(by=by, run=run, said={"sheet": "People\0" + "x" * 200_000})
    assert len(list(settings.IMPORTS_ROOT.iterdir())) == 2

    done(by, run)
    assert (list(settings.IMPORTS_ROOT.iterdir()), run.rows_read) == ([], 1)


def test_of_a_workbook_nothing_is_kept_of_who_is_erased(by, settings):
    sheets = [[["Name", "Email"], [name, f"{name}@x.fi"]] for name in ("anna", "bo")]
    imported(by, "name,email\nbo,bo@x.fi\n")
    run = brought(by, workbook(*sheets), "book.xlsx")

    erase_contact(contact=Contact.objects.get(name="bo"), by=by)
    finish_erasures()

    run.refresh_from_db()
    assert [path.name for path in settings.IMPORTS_ROOT.iterdir()] == [run.stored]
    with pytest.raises(ValidationError, match="Upload it again to choose another sheet"):
        choose(by=by, run=run, said={"sheet": "Sheet2"})


def test_whoever_began_an_import_is_told_how_it_ended(by):
    run = imported(by, "name,email\nAnna,a@x.fi\nBo,bad\n")
    undo_import(by=by, run=run)
    work_off_imports()
    lost = brought(by, "name,email\nCleo,c@x.fi\n")
    start_import_of(by=by, run=lost)
    keeping.path_of(lost).unlink()
    work_off_imports()

    assert by.user is not None
    assert [(one.text, one.url, one.is_warm) for one in notices(by.user)] == [
        ("An import could not go on; what is in stays.", f"/imports/{lost.pk}", True),
        ("An import is undone.", f"/imports/{run.pk}", False),
        ("An import is done: 2 rows, 1 refused.", f"/imports/{run.pk}", False),
    ]


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["", "1", "2", "3"]),
        st.sampled_from(["", "a@x.fi", "b@x.fi", "c@x.fi", "bad"]),
        st.sampled_from(["", "Anna", "Bo"]),
        st.sampled_from(["", "+358401234567", "+358401234568", "12"]),
        st.sampled_from(["", "red", "red, blue"]),
        st.sampled_from(["", "o1", "o2", "o3"]),
        st.sampled_from(["2026-01-01", "2026-01-02", ""]),
    ),
    max_size=12,
)
FIELDS = ["external_id", "email", "name", "phone", "tags", "event_id", "event_moment"]


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(before=ROWS, rows=ROWS, duplicates=st.sampled_from(["overwrite", "fill", "skip"]))
def test_a_dry_run_counts_exactly_what_the_real_run_does(by, small_chunks, before, rows, duplicates):
    def csv(some: list[tuple[str, ...]]) -> str:
        return "\n".join(["id,mail,name,phone,tags,order,day", *('"' + '","'.join(row) + '"' for row in some), ""])

    with transaction.atomic():
        imported(by, csv(before), columns=FIELDS, event={"type": "order_completed", "currency": "EUR"})
        run = brought(by, csv(rows) + "\n")
        said = {"columns": FIELDS, "duplicates": duplicates, "event": {"type": "order_completed", "currency": "EUR"}}
        choose(by=by, run=run, said=said)
        foreseen = tried(by, run)
        errors = foreseen["errors"]
        done(by, run)
        refused = list(run.rejects.order_by("line").values_list("line", "column", "reason", "detail"))
        known = [(one["line"], one["column"], one["reason"], one["detail"]) for one in errors]

        assert {name: foreseen[name] for name in rehearsing.COUNTS} == counts(run)
        assert (foreseen["rows"], known) == (run.rows_read, refused)
        transaction.set_rollback(True)


def test_what_duplicates_may_do_is_a_choice(by):
    csv = "id,email,name,phone\n1,a@x.fi,Anna,\n"
    imported(by, csv)
    later = "id,email,name,phone\n1,a@x.fi,Anne,+358401234567\n1,a@x.fi,Aino,\n2,b@x.fi,Bo,\n"
    anna = Contact.objects.get()

    assert imported(by, later, duplicates="skip").skipped == 2
    anna.refresh_from_db()
    assert (anna.name, anna.phones) == ("Anna", [])
    assert counts(imported(by, later + "\n", duplicates="fill"))["updated"] == 1
    anna.refresh_from_db()
    assert (anna.name, anna.phones) == ("Anna", ["+358401234567"])
    imported(by, later + "\n\n", duplicates="overwrite")
    anna.refresh_from_db()
    assert anna.name == "Aino"


def test_columns_may_become_fields_tags_and_consent(by):
    csv = 'email,Budget (k€),Interests,Agreed\na@x.fi,"1,5","Red; Blue",kyllä\nb@x.fi,2,,ei\n'
    consent = {"channel": "email", "purpose": "marketing", "wording": "I want your letter.", "evidence": "fair 2026"}
    imported(by, csv, columns=["email", "new:number", "tags", "consent"], tag="fair 2026", consent=consent, decimal=",")

    field = CustomField.objects.get()
    assert (field.key, field.label, field.kind) == ("budget_k", "Budget (k€)", "number")
    assert list(Contact.objects.order_by("pk").values_list("custom", "tags")) == [
        ({"budget_k": 1.5}, ["blue", "fair 2026", "red"]),
        ({"budget_k": 2}, ["fair 2026"]),
    ]
    given = Event.objects.get(type__key="consent_given")
    assert (given.contact.emails, given.properties) == (["a@x.fi"], consent | {"basis": "consent"})


def test_what_cannot_be_is_said_at_its_column(by):
    run = brought(by, "name,city,stage\nAnna,Oulu,x\n")

    with pytest.raises(ValidationError, match="Say by what people are recognised"):
        check_import(by=by, run=run)
    choose(by=by, run=run, said={"columns": ["name", "email", "name"]})
    with pytest.raises(ValidationError, match="stage: Two columns can't both be this: “name” is it already"):
        start_import_of(by=by, run=run)
    assert run.state == ImportState.DRAFT


@pytest.mark.parametrize("said", [{"delimiter": '"'}, {"encoding": "klingon"}, {"zone": "Mars/Olympus"}])
def test_what_no_form_offers_is_refused_as_well(by, said):
    run = brought(by, "email,created\na@x.fi,2026-01-01\n")

    with pytest.raises(ValidationError):
        imported_as(by, run, said)
    assert Contact.objects.count() == 0


def imported_as(by: Principal, run: Import, said: dict[str, Any]) -> None:
    choose(by=by, run=run, said=said)
    start_import_of(by=by, run=run)


def test_refused_rows_are_mended_and_brought_in_again(by):
    run = imported(by, HUBSPOT)
    text = "".join(reject_lines(run))
    mended = text.replace("not an address", "pekka@x.example")

    again = brought(by, mended)
    assert again.choices["columns"] == ["", "", "", "", *run.choices["columns"]]
    assert counts(done(by, again)) == {"created": 1, "updated": 0, "unchanged": 0, "skipped": 0, "rejected": 0}


def test_why_rows_were_refused_is_told_in_the_language_of_whoever_reads_it(by):
    run = brought(by, "email,name,country\nanna@x.fi,Anna,Atlantis\nville@x.fi,Ville\n")

    tried(by, run)
    with override("fi"):
        foreseen = [one["detail"] for one in (foreseen_told(run) or {})["errors"]]
        done(by, run)
        finnish = [row["detail"] for row in DictReader(reject_lines(run))]
    english = [row["detail"] for row in DictReader(reject_lines(run))]

    assert english == ["“Atlantis” can't be kept as country.", "The row has 2 cells, the file 3 columns."]
    assert finnish == ["”Atlantis” ei kelpaa tähän tietoon: maa.", "Rivillä on 2 solua, tiedostossa 3 saraketta."]
    assert foreseen == finnish


def test_undoing_takes_back_what_nobody_changed_since(by, small_chunks):
    imported(by, "id,email,name\n1,a@x.fi,Anna\n")
    run = imported(
        by, "id,email,name\n1,a2@x.fi,Anne\n2,b@x.fi,Bo\n3,c@x.fi,Cia\n2,b3@x.fi,Bob\n", duplicates="overwrite"
    )
    cia = Contact.objects.get(name="Cia")
    seller = make_user("seller@example.com")
    record_staff_event(contact=cia, type="note_added", by=seller, properties={"text": "hi"})
    [change] = changed_since(run).changes
    assert (change.person.name, change.event.type.key, change.event.by) == ("Cia", "note_added", seller)

    undo_import(by=by, run=run)
    work_off_imports()
    advance_everything()
    run.refresh_from_db()

    assert (run.state, run.undone, run.left_alone) == (ImportState.UNDONE, 2, 1)
    assert list(Contact.objects.listed().order_by("pk").values_list("name", "emails")) == [
        ("Anna", ["a@x.fi"]),
        ("Cia", ["c@x.fi"]),
    ]
    undo_import(by=by, run=run, also_changed=True)
    work_off_imports()
    cia.refresh_from_db()
    assert (cia.name, Event.objects.standing().filter(contact=cia).count()) == ("", 1)


def test_whom_a_colleague_merged_and_told_of_since_is_named_before_undoing(by):
    older = make_contact(name="Cia of old")
    run = imported(by, "id,email,name\n1,a@x.fi,Anna\n3,c@x.fi,Cia\n")
    seller = make_user("seller@example.com")
    merge_contacts(first=older, second=Contact.objects.get(name="Cia"))
    record_staff_event(contact=older, type="note_added", by=seller, properties={"text": "hi"})

    assert [change.event.properties["text"] for change in changed_since(run).changes] == ["hi"]


def test_what_was_undone_can_be_brought_in_again_and_undone_again(by):
    csv = "id,email,order,date,amount\n1,a@x.fi,o1,2026-01-01,5\n"
    for _round in range(3):
        run = imported(by, csv)
        assert counts(run) == {"created": 1, "updated": 0, "unchanged": 0, "skipped": 0, "rejected": 0}
        assert Contact.objects.listed().count() == 1
        assert Event.objects.standing().filter(type__key="order_completed").count() == 1
        undo_import(by=by, run=run)
        work_off_imports()
        assert Contact.objects.listed().count() == 0
        assert Event.objects.standing().count() == 0


def test_who_is_erased_goes_from_the_files_we_keep_as_well(by):
    run = imported(by, "email,name\nanna@example.com,Anna Virtanen\n")
    other = brought(by, "email,name\nville@example.com,Ville\n")
    draft = brought(by, "email,name\nville@example.com,Ville\nAnna@example.com,Anna\n")
    admin = Principal(user=make_user("admin@example.com", role=Role.ADMIN))
    erase_contact(contact=Contact.objects.get(), by=admin)
    finish_erasures()
    draft.refresh_from_db()
    other.refresh_from_db()
    assert (run.stored, draft.stored, bool(other.stored)) == ("", "", True)
    with pytest.raises(ValidationError, match="not kept any more"):
        preview(draft)


def test_every_deed_is_on_the_trail_and_dropping_leaves_no_file(by, settings):
    settings.IMPORT_LARGEST = 1000
    run = imported(by, "email\na@x.fi\n")
    undo_import(by=by, run=run)
    drop_draft(by=by, run=brought(by, "email\nb@x.fi\n"))

    deeds = AuditRecord.objects.filter(object_kind="import").order_by("pk").values_list("action", flat=True)
    assert list(deeds) == [
        "import_uploaded",
        "import_started",
        "import_undone",
        "import_uploaded",
        "import_dropped",
    ]
    assert not list(settings.IMPORTS_ROOT.iterdir())
    with pytest.raises(ValidationError, match="larger than"):
        brought(by, "x" * 2000)
