"""Numbers that are written as we keep them are recognised without reading them, and mean the same."""

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contacts.matching import normal_phone

CODES = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)


def read_in_full(text: str) -> str | None:
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        return None
    is_number = phonenumbers.is_possible_number(number)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if is_number else None


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("+358401234567", "", "+358401234567"),
        ("040 123 4567", "FI", "+358401234567"),
        ("+358 (0)40 1234567", "", "+358401234567"),
        ("+39 06 698 12345", "", "+390669812345"),
        ("12", "FI", None),
        ("+999123456789", "", None),
    ],
)
def test_numbers_are_kept_as_they_are_dialled_from_abroad(text, country, expected):
    assert normal_phone(text, country) == expected


@settings(max_examples=800)
@given(st.sampled_from(CODES), st.text("0123456789", min_size=4, max_size=13))
@example(54, "91112345678")
@example(7, "81234567890")
@example(1, "1234567890")
@example(39, "0669812345")
def test_the_short_way_gives_what_the_long_way_gives(code, rest):
    assert normal_phone(f"+{code}{rest}") == read_in_full(f"+{code}{rest}")
