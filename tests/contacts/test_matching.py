import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.matching import (
    folded,
    normal_domain,
    normal_email,
    normal_phone,
    search_query,
    search_tokens,
    sort_key,
    words,
)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("ÄITI", "aiti"),
        ("Ångström", "angstrom"),
        ("Straße", "strasse"),
        ("Łódź", "lodz"),
        ("Ðór Þór Ærø Œuvre", "dor thor aero oeuvre"),
        ("İstanbul ısı", "istanbul isi"),
        ("ﬁ Ａ", "fi a"),
        ("Ελλάς", "ελλασ"),
        ("e\u0301", "e"),
    ],
)
def test_marks_case_and_width_do_not_matter(text, plain):
    assert folded(text) == plain


@given(text=st.text())
def test_folding_twice_changes_nothing_more_for_words(text):
    assert words(" ".join(words(text))) == words(text)


def test_words_are_what_stands_between_signs_each_once():
    assert words("O'Brien-Löv, Jean_Paul & Löv 2nd") == ["o", "brien", "lov", "jean", "paul", "2nd"]


def test_a_sort_key_is_one_line_of_its_columns_length():
    assert sort_key("  Äiti \n\t Öhman ") == "aiti ohman"
    assert len(sort_key("ß" * 300)) == 220


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (" Anna.Virtanen@Example.COM ", "anna.virtanen@example.com"),
        ("o'brien+tag@mail.example.co.uk", "o'brien+tag@mail.example.co.uk"),
        ("anna@ÄITI.fi", "anna@xn--iti-pla.fi"),
        ("anna@www.example.com", "anna@example.com"),
        ("ｆｕｌｌ@example.com", "full@example.com"),
        ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
        ("a" * 65 + "@example.com", None),
        ("anna@example", None),
        ("anna@-example.com", None),
        ("anna@example..com", None),
        (".anna@example.com", None),
        ("an..na@example.com", None),
        ("an na@example.com", None),
        ("anna@example.com\n", "anna@example.com"),
        ("an\nna@example.com", None),
        ("anna@exa\u202emple.com", None),
        ("<anna@example.com>", None),
        ("anna@b@example.com", None),
        ("@example.com", None),
        ("", None),
    ],
)
def test_an_address_has_one_form_or_is_none(said, kept):
    assert normal_email(said) == kept


@given(text=st.text())
def test_the_form_of_an_address_is_its_own_form(text):
    for said in (text, f"{text}@example.com", f"anna@{text}.fi"):
        found = normal_email(said)
        assert found is None or normal_email(found) == found


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("WWW.Example.FI.", "example.fi"),
        ("äiti.fi", "xn--iti-pla.fi"),
        ("localhost", None),
        ("a b.fi", None),
        ("", None),
    ],
)
def test_a_domain_has_one_form_or_is_none(said, kept):
    assert normal_domain(said) == kept


@pytest.mark.parametrize(
    ("said", "country", "kept"),
    [
        ("040 123 4567", "FI", "+358401234567"),
        ("+358 (40) 123-4567", "", "+358401234567"),
        ("0401234567", "", None),
        ("+46701234567", "FI", "+46701234567"),
        ("12", "FI", None),
        ("not a number", "FI", None),
        ("", "FI", None),
    ],
)
def test_a_number_has_one_form_or_is_none(said, country, kept):
    assert normal_phone(said, country) == kept


def test_somebody_is_found_by_words_addresses_domains_and_numbers():
    assert search_tokens(
        texts=["Äiti Öhman", "Head of Sales"],
        emails=["aiti.ohman@mail.example.com"],
        domains=["acme.fi"],
        phones=["+358401234567", "12"],
    ) == [
        *("aiti", "ohman", "head", "of", "sales", "@aiti.ohman@mail.example.com", "mail.example.com", "example.com"),
        *("acme.fi", "358401234567", "0401234567", "12"),
    ]


@pytest.mark.parametrize(
    ("typed", "query"),
    [
        ("Äi öh", "'ai':* & 'oh':*"),
        ("040 12", "'04012':*"),
        ("00358 40", "'35840':*"),
        ("+358 40", "'35840':*"),
        ("401 23", "('40123':* | '040123':*)"),
        ("anna 401", "'anna':* & ('401':* | '0401':*)"),
        ("12", "'12':*"),
        ("anna@ex", "'@anna@ex':*"),
        ("example.com", "('example.com':* | ('example':* & 'com':*))"),
        ("o'brien", "'o':* & 'brien':*"),
        ("o'b@x", "'@o''b@x':*"),
        ("a\\b@x", "'@a\\\\b@x':*"),
        ("@ . '", ""),
        ("", ""),
    ],
)
def test_what_is_typed_is_the_beginning_of_words(typed, query):
    assert search_query(typed) == query
