"""How words, addresses and numbers are compared and found: ä finds a, any case finds any. Pure."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Final

import phonenumbers

LONGEST_SORT_KEY: Final = 220
# A word longer than this is found by its beginning only; the index could not hold it (2046 bytes at most).
LONGEST_TOKEN: Final = 254
LONGEST_EMAIL: Final = 254
_LONGEST_DOMAIN: Final = 1000  # as typed, where a letter and its marks stand apart; turning more into ASCII takes long
# Two names of which so much is the same (the ratio of difflib) may be meant for one; such are looked up by their words'
# first letters.
ALIKE: Final = 0.84
LETTERS: Final = 3
LEAST_DIGITS: Final = 3  # fewer are looked for as they are, for a number begins otherwise too
# Stands before whole addresses: everybody has another one, and "anna" should not look through all that begin with it.
_ADDRESS: Final = "@"

# letters that are no letter with a mark, yet are written so where the keyboard lacks them
_PLAIN: Final = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "ı": "i", "ħ": "h", "ŧ": "t", "ŋ": "n"}
)
_MARKS: Final = re.compile("[\u0300-\u034e\u0350-\u036f]+")  # those of European letters; others are looked up
_WORD: Final = re.compile(r"[^\W_]+")
_DIGITS: Final = re.compile(r"\d+")
_NUMBER_TYPED: Final = re.compile(r"[+\d][\d\s().\-/]*")
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_DOTTED: Final = re.compile(r"[^\W_][\w\-]*(?:\.[\w\-]+)+")
_LOCAL_PART: Final = re.compile(r"[\w!#$%&'*+/=?^`{|}~.\-]{1,64}")
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?")


def folded(text: str) -> str:
    """Without case, marks and width: Ä, ä and a are one; so are ß and ss."""
    return text.lower() if text.isascii() else _without_marks(text)


@lru_cache(maxsize=8192)  # a name is folded for its order and for its words; and names come again
def _without_marks(text: str) -> str:
    apart = _MARKS.sub("", unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold()))
    if apart.isascii():
        return apart
    return "".join(sign for sign in apart if not unicodedata.combining(sign)).translate(_PLAIN)


def words(text: str) -> list[str]:
    """The folded words of a text, each once, in order."""
    return list(_words(text))


@lru_cache(maxsize=8192)  # names of companies, titles and people come again
def _words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys([word[:LONGEST_TOKEN] for word in _WORD.findall(folded(text))]))


def sort_key(text: str) -> str:
    """What a list is sorted by: folded, blanks as one, short enough for its column."""
    return " ".join(folded(text).split())[:LONGEST_SORT_KEY]


def normal_email(text: str) -> str | None:
    """The one way we write an address: lower case, its domain in ASCII; None when it is no address."""
    local, at, domain = unicodedata.normalize("NFKC", text.strip()).lower().rpartition("@")
    ascii_domain = normal_domain(domain) if at else None
    if not ascii_domain or not _LOCAL_PART.fullmatch(local) or local[0] == "." or local[-1] == "." or ".." in local:
        return None
    address = f"{local}@{ascii_domain}"
    return address if len(address) <= LONGEST_EMAIL else None


@lru_cache(maxsize=4096)
def normal_domain(text: str) -> str | None:
    """A domain in lower-case ASCII, without `www.` or a final dot; None when it is none."""
    if len(text) > _LONGEST_DOMAIN:
        return None
    try:
        domain = text.strip().lower().rstrip(".").encode("idna").decode()
    except UnicodeError:
        return None
    domain = domain.removeprefix("www.")
    labels = domain.split(".")
    if len(labels) < 2 or len(domain) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        return None
    return domain


def domain_of(email: str) -> str:
    return email.rpartition("@")[2]


def normal_phone(text: str, country: str = "") -> str | None:
    """A number in E.164; without a country code it is read as one of `country`. None when it is no number."""
    if _E164.fullmatch(text) and _is_whole(text):
        return text
    try:
        number = phonenumbers.parse(text, country.upper() or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(maxsize=4096)
def spaced_phone(e164: str) -> str:
    """A number as people read it, +358 40 1234567; what is no number stays as it is."""
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return e164
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _is_whole(e164: str) -> bool:
    """Whether reading the number would only give it back: it has a possible length and no prefix of calls at home."""
    digits = _code_digits(e164[:4])
    if not digits:
        return False
    lengths, prefix = _country_numbers(int(e164[1 : 1 + digits]))
    national = e164[1 + digits :]
    return len(national) in lengths and national[0] != "0" and not (prefix and prefix.match(national))


@lru_cache(maxsize=4096)
def _code_digits(start: str) -> int:
    """How many digits of a number, of which these are + and the first three, are the code of its country; 0: none."""
    known = (n for n in range(1, len(start)) if int(start[1 : 1 + n]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
    return next(known, 0)


@cache
def _country_numbers(code: int) -> tuple[frozenset[int], re.Pattern[str] | None]:
    """How long the numbers of a country are, and what is dialled before them at home."""
    region = phonenumbers.region_code_for_country_code(code)
    about = phonenumbers.PhoneMetadata.metadata_for_region(region)
    if about is None or about.general_desc is None:
        return frozenset(), None
    prefix = about.national_prefix_for_parsing
    return frozenset(about.general_desc.possible_length), re.compile(prefix) if prefix else None


def search_tokens(
    *,
    texts: Iterable[str] = (),
    emails: Iterable[str] = (),
    domains: Iterable[str] = (),
    phones: Iterable[str] = (),
) -> list[str]:
    """What a row is found by: the words of names, companies and titles, addresses, domains, digits of numbers."""
    found: list[str] = []
    for text in texts:
        if text:
            found += _words(text)
    for email in emails:
        found += _email_tokens(email)
    for domain in domains:
        found += _domain_tokens(domain)
    for phone in phones:
        found += _phone_tokens(phone)
    return list(dict.fromkeys(found))


def search_query(text: str) -> str:
    """A PostgreSQL tsquery for what somebody typed: each word is the beginning of one of the tokens. Empty: nothing.

    The words are exact tokens, so it is to be cast (`::tsquery`), not parsed.
    """
    return " & ".join(search_parts(text))


def search_parts(text: str) -> list[str]:
    """The same in parts, all of which must hold."""
    typed = text.strip()
    if _NUMBER_TYPED.fullmatch(typed) and len(_digits(typed)) >= LEAST_DIGITS:
        return [_number_part(typed)]
    return list(dict.fromkeys(part for chunk in typed.split() for part in _chunk_parts(chunk)))


def _chunk_parts(chunk: str) -> list[str]:
    plain = folded(chunk)
    if "@" in plain.strip("@"):
        return [_beginning(_ADDRESS + plain)]
    parts = [_number_part(word) if _is_number(word) else _beginning(word) for word in words(plain)]
    if _DOTTED.fullmatch(plain):  # a domain, or a name such as J.R.
        return [f"({_beginning(plain)} | ({' & '.join(parts)}))"]
    return parts


def _is_number(word: str) -> bool:
    return len(word) >= LEAST_DIGITS and word.isascii() and word.isdecimal()


def _number_part(typed: str) -> str:
    """A number as one dials it from abroad, or at home, perhaps without the leading zero."""
    digits = _digits(typed)
    if digits.startswith("00") or typed.startswith("+"):
        return _beginning(digits.removeprefix("00"))
    return _beginning(digits) if digits.startswith("0") else f"({_beginning(digits)} | {_beginning('0' + digits)})"


def _beginning(token: str) -> str:
    quoted = token[:LONGEST_TOKEN].replace("\\", "\\\\").replace("'", "''")
    return f"'{quoted}':*"


def _digits(text: str) -> str:
    return "".join(_DIGITS.findall(text))


def _email_tokens(email: str) -> list[str]:
    plain = folded(email)
    local, _at, domain = plain.rpartition("@")
    return [(_ADDRESS + plain)[:LONGEST_TOKEN], *_WORD.findall(local[:LONGEST_TOKEN]), *_domain_tokens(domain)]


@lru_cache(maxsize=4096)
def _domain_tokens(domain: str) -> list[str]:
    """The domain and what it lies in: of mail.example.com also example.com, but not com."""
    labels = folded(domain).split(".")
    found = [".".join(labels[at:])[:LONGEST_TOKEN] for at in range(max(1, len(labels) - 1))]
    return [token for token in found if token]


def _phone_tokens(phone: str) -> list[str]:
    """The digits as one dials them: from abroad, and at home."""
    digits = phone[1:] if _E164.fullmatch(phone) else _digits(phone)[: LONGEST_TOKEN - 1]
    code = _code_digits(f"+{digits[:3]}") if phone.startswith("+") else 0
    if not code:
        return [digits] if digits else []
    return [digits, f"0{digits[code:]}"]
