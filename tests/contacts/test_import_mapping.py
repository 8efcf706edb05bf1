"""The mapping: what it may say, what a row says by it, and that every mistake is named."""

from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError

from contacts.importing.cells import RowRefused
from contacts.importing.converting import Converter, Said
from contacts.importing.mapping import as_json, read_mapping
from contacts.messages import ContactRef, Message
from contacts.models import CustomField, FieldKind

LEAST = """
[source]
key = "shop"

[contact]
external_id = "id"
"""


def said(mapping: str, row: int = 1, /, **cells: str) -> Said:
    return Converter(read_mapping(LEAST + mapping), ("id", *cells), {})(row, row + 1, ["c1", *cells.values()])


def event(keys: str, properties: str = "", **cells: str) -> Message:
    mapping = f'[[events]]\nmessage_id = "order-{{id}}"\ntype = "order_completed"\n{keys}\n{properties}'
    return events(mapping, **cells)[0]


def events(mapping: str, row: int = 1, /, **cells: str) -> list[Message]:
    return [fact.message for fact in said(mapping, row, **cells).facts]


def refusal(mapping: str, **cells: str) -> tuple[str, str]:
    with pytest.raises(RowRefused) as refused:
        said(mapping, **cells)
    return refused.value.column, refused.value.reason


def test_the_least_mapping_recognises_contacts():
    assert said("") == Said(1, 2, ["c1"], ContactRef(external_id="c1"), {}, None, "", [])


def test_an_event_has_everything_the_row_says():
    message = event(
        'moment = {column = "at"}\nvalue = {column = "sum", currency = "EUR"}\ncampaign = "utm"',
        '[events.properties]\norder_id = "number"\n'
        'items = {column = "n", kind = "number"}\ngift = {column = "gift", kind = "yes_no"}',
        at="2026-03-01T12:30:00+02:00",
        sum="12.50",
        utm="spring",
        number="A-1",
        n="3",
        gift="no",
    )

    assert message == Message(
        message_id="order-c1",
        type="order_completed",
        contact=ContactRef(external_id="c1"),
        occurred_at=datetime(2026, 3, 1, 10, 30, tzinfo=UTC),
        value_minor=1250,
        currency="EUR",
        campaign="spring",
        properties={"order_id": "A-1", "items": 3, "gift": False},
    )


@pytest.mark.parametrize(
    ("moment", "text", "expected"),
    [
        ('column = "at"', "2026-03-01", "2026-03-01T00:00"),
        ('column = "at", time = "12:00"', "2026-03-01", "2026-03-01T12:00"),
        ('column = "at", time = "12:00"', "2026-03-01 08:15", "2026-03-01T08:15"),
        ('column = "at", format = "%Y%m%d", time = "12:00"', "19970118", "1997-01-18T12:00"),
        ('column = "at", format = "%d.%m.%Y %H:%M"', "1.3.2026 08:15", "2026-03-01T08:15"),
        ('column = "at", zone = "America/Sao_Paulo"', "2018-02-01", "2018-02-01T02:00"),
        ('column = "at", zone = "America/Sao_Paulo"', "2018-05-08 20:17:59", "2018-05-08T23:17:59"),
        ('column = "at", zone = "America/Sao_Paulo"', "2017-10-15", "2017-10-15T03:00"),  # a midnight that was skipped
        ('column = "at", zone = "America/Sao_Paulo"', "2018-05-08T20:17:59Z", "2018-05-08T20:17:59"),
        ('column = "at", format = "unix"', "1772366400", "2026-03-01T12:00"),
        ('column = "at", format = "unix_ms"', "1772366400000", "2026-03-01T12:00"),
    ],
)
def test_a_moment_is_read_as_the_mapping_says(moment, text, expected):
    assert event(f"moment = {{{moment}}}", at=text).occurred_at == datetime.fromisoformat(f"{expected}+00:00")


def test_a_moment_may_stand_in_two_columns():
    keys = 'moment = {columns = ["day", "hour"], format = "%d.%m.%Y %H:%M", zone = "Europe/Helsinki"}'

    assert event(keys, day="1.7.2026", hour="12:00").occurred_at == datetime(2026, 7, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "missing-moment"), ("soon", "bad-time"), ("1899-12-31", "before-1900"), ("2026-02-30", "bad-time")],
)
def test_a_row_without_a_usable_moment_is_refused(text, reason):
    mapping = '[[events]]\nmessage_id = "{id}"\ntype = "page_viewed"\nmoment = {column = "at"}'

    assert refusal(mapping, at=text) == ("at", reason)


def test_an_optional_event_is_left_out_where_its_moment_is_blank():
    assert (
        said('[[events]]\nmessage_id = "{id}"\ntype = "x"\nmoment = {column = "won"}\noptional = true', won=" ").facts
        == []
    )


@pytest.mark.parametrize(
    ("decimal", "text", "minor"),
    [
        (".", "12.5", 1250),
        (".", "1,234.50", 123450),
        (",", "1.234,50", 123450),
        (",", "1 234,5", 123450),
        (".", "0", 0),
    ],
)
def test_amounts_are_read_as_they_are_written(decimal, text, minor):
    mapping = f"""
    [file]
    decimal = "{decimal}"
    [[events]]
    message_id = "{{id}}"
    type = "order_completed"
    value = {{column = "sum", currency = "EUR"}}
    """
    assert events(mapping, sum=text)[0].value_minor == minor


def test_the_currency_may_stand_in_a_column():
    message = event('value = {column = "sum", currency_column = "cur"}', sum="1250", cur="jpy")

    assert (message.value_minor, message.currency) == (1250, "JPY")


def test_a_blank_amount_is_no_value():
    message = event('value = {column = "sum", currency = "EUR"}', sum="")

    assert (message.value_minor, message.currency) == (None, None)


@pytest.mark.parametrize(
    ("text", "currency", "expected"),
    [
        ("12.505", "EUR", ("sum", "bad-amount")),
        ("-1", "EUR", ("sum", "bad-amount")),
        ("NaN", "EUR", ("sum", "bad-amount")),
        ("1e999", "EUR", ("sum", "bad-amount")),
        ("ten", "EUR", ("sum", "bad-amount")),
        ("1", "XXXX", ("cur", "bad-currency")),
        ("1", "", ("cur", "bad-currency")),
    ],
)
def test_a_bad_amount_refuses_the_row(text, currency, expected):
    mapping = '[[events]]\nmessage_id = "{id}"\ntype = "x"\nvalue = {column = "sum", currency_column = "cur"}'

    assert refusal(mapping, sum=text, cur=currency) == expected


def test_values_are_mapped_by_a_table():
    mapping = """
    [[events]]
    message_id = "{id}"
    type = {column = "what", values = {Purchase = "order_completed", Visit = "page_viewed"}}
    """
    assert events(mapping, what="Visit")[0].type == "page_viewed"
    assert refusal(mapping, what="Other") == ("what", "unknown-value")


@pytest.mark.parametrize(("other", "expected"), [("keep", {"title": "Boss"}), ("blank", {})])
def test_what_the_table_does_not_name_is_kept_or_left_out(other, expected):
    mapping = f'[contact.attributes]\ntitle = {{column = "t", values = {{CEO = "Director"}}, other = "{other}"}}'

    assert said(mapping, t="Boss").attributes == expected
    assert said(mapping, t="CEO").attributes == {"title": "Director"}


def test_attributes_are_kept_as_the_api_keeps_them():
    mapping = """
    [contact.attributes]
    name = {template = "{first} {last}"}
    email = "mail"
    phone = "phone"
    country = "country"
    """
    attributes = said(
        mapping, first="Anna", last="", mail=" Anna@Example.COM ", phone="+358 40 123 4567", country="Finland"
    ).attributes

    assert attributes == {"name": "Anna", "email": "anna@example.com", "phone": "+358401234567", "country": "FI"}


def test_numbers_without_a_country_code_are_of_the_country_that_is_given():
    mapping = '[contact]\nexternal_id = "id"\nphone_country = "FI"\n[contact.attributes]\nphone = "tel"'
    convert = Converter(read_mapping(f'[source]\nkey = "shop"\n{mapping}'), ("id", "tel"), {})

    assert convert(1, 2, ["c1", "040 123 4567"]).attributes == {"phone": "+358401234567"}
    assert convert(1, 2, ["c1", "+46 8 123 456"]).attributes == {"phone": "+468123456"}


def test_declared_fields_are_read_by_their_kind():
    fields = {
        "budget": CustomField(key="budget", kind=FieldKind.NUMBER),
        "tier": CustomField(key="tier", kind=FieldKind.CHOICE, choices=["gold", "silver"]),
    }
    mapping = read_mapping(f'{LEAST}[contact.attributes]\nbudget = "b"\ntier = "t"')
    convert = Converter(mapping, ("id", "b", "t"), fields)

    assert convert(1, 2, ["c1", "1,200", "gold"]).attributes == {"budget": 1200, "tier": "gold"}
    with pytest.raises(RowRefused, match="bad-tier"):
        convert(1, 2, ["c1", "", "bronze"])


def test_a_detail_that_nobody_declared_is_refused():
    with pytest.raises(ValidationError, match="contacts have no detail “stage”"):
        Converter(read_mapping(f'{LEAST}[contact.attributes]\nstage = "s"'), ("id", "s"), {})


def test_blank_cells_say_nothing():
    mapping = '[contact.attributes]\nname = {template = "{first} {last}"}\ntitle = "t"'

    assert said(mapping, first=" ", last="", t="  ").attributes == {}


@pytest.mark.parametrize(
    ("attribute", "text", "reason"),
    [("email", "anna at home", "bad-email"), ("phone", "12", "bad-phone"), ("country", "Atlantis", "bad-country")],
)
def test_an_attribute_that_can_not_be_kept_refuses_the_row(attribute, text, reason):
    assert refusal(f'[contact.attributes]\n{attribute} = "it"', it=text) == ("it", reason)


def test_a_row_that_names_nobody_is_refused():
    mapping = read_mapping('[source]\nkey = "s"\n[contact]\nemail = "mail"\nuser_id = "user"')
    with pytest.raises(RowRefused) as refused:
        Converter(mapping, ("mail", "user"), {})(1, 2, ["", " "])

    assert refused.value.reason == "missing-identity"


@pytest.mark.parametrize(
    ("template", "row", "expected"),
    [("cdnow-{row}", 7, "cdnow-7"), ("{id}/{n}", 1, "c1/5"), ("100% {{{n}}}", 1, "100% {5}")],
)
def test_message_ids_are_made_of_the_rows_own_keys(template, row, expected):
    mapping = f'[[events]]\nmessage_id = "{template}"\ntype = "x"'

    assert events(mapping, row, n="5")[0].message_id == expected


def test_a_message_id_of_blank_columns_refuses_the_row():
    assert refusal('[[events]]\nmessage_id = "order-{n}"\ntype = "x"', n="") == ("order-{n}", "missing-message-id")


@pytest.mark.parametrize(
    ("value", "expected"),
    [("paid search", "shop-paid-search"), ("Größe/1", "shop-gr-e-1"), ("", ""), ("Direct traffic", "shop-walk-in")],
)
def test_a_row_may_say_where_its_contact_came_from(value, expected):
    mapping = '[origin]\ncolumn = "from"\nprefix = "shop-"\nvalues = {"Direct traffic" = "walk-in"}'

    assert said(mapping, **{"from": value}).origin == expected


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ("[source", "The mapping is not TOML"),
        ('[source]\nkey = "Shop!"\n[contact]\nemail = "e"', "source: key must be"),
        ('[contact]\nemail = "e"', "source"),
        ('[source]\nkey = "s"\n[contact]\n', "contact: give at least one of external_id"),
        ('[source]\nkey = "s"\n[contact]\nemial = "e"', "contact: Object contains unknown field `emial`"),
        (
            '[source]\nkey = "s"\n[contact]\nemail = {}',
            "contact.email: give one of column, columns, template and constant",
        ),
        ('[source]\nkey = "s"\ntrust = "some"\n[contact]\nemail = "e"', "source.trust: Invalid enum value 'some'"),
        (LEAST + '[file]\ndelimiter = ";;"', "file: delimiter must be one character"),
        (LEAST + '[[events]]\ntype = "x"', "events[0]: Object missing required field `message_id`"),
        (LEAST + '[[events]]\nmessage_id = "same"\ntype = "x"', "events[0]: message_id must name a column"),
        (LEAST + '[[events]]\nmessage_id = "{0.x!r}"\ntype = "x"', "events[0]: “{0.x!r}”"),
        (
            LEAST + '[[events]]\nmessage_id = "{id}"\ntype = "x"\n' * 2,
            "events: two have the same message_id",
        ),
        (
            LEAST + '[[events]]\nmessage_id = "{id}"\ntype = "x"\nmoment = {column = "a", zone = "Mars"}',
            "events[0].moment: zone must be a zone",
        ),
        (
            LEAST + '[[events]]\nmessage_id = "{id}"\ntype = "x"\nmoment = {column = "a", time = "noon"}',
            "events[0].moment: time must be a time of day",
        ),
        (
            LEAST + '[[events]]\nmessage_id = "{id}"\ntype = "x"\nvalue = {column = "a"}',
            "events[0].value: give currency, or currency_column",
        ),
    ],
)
def test_a_mistake_in_the_mapping_is_named_by_its_key(mapping, words):
    with pytest.raises(ValidationError) as refused:
        read_mapping(mapping)

    assert words in refused.value.messages[0]


def test_columns_that_are_not_there_are_told_all_at_once():
    mapping = read_mapping(LEAST + '[contact.attributes]\nname = "nimi"\ntitle = 9\ncountry = "twice"')
    with pytest.raises(ValidationError) as refused:
        Converter(mapping, ("id", "twice", "twice"), {})

    assert refused.value.messages == [
        "The mapping does not fit the file: there is no column “nimi”; there is no column number 9; "
        "two columns are called “twice”. Its columns: id, twice, twice."
    ]


def test_a_mapping_is_stored_as_plain_values():
    assert as_json(read_mapping(LEAST)) == {"source": {"key": "shop"}, "contact": {"external_id": "id"}}


def test_details_are_no_events():
    assert refusal('[[events]]\nmessage_id = "{id}"\ntype = "owner_changed"') == ("owner_changed", "bad-type")
