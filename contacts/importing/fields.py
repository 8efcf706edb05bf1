"""What a column may mean, and by which words its head says so: in English and Finnish. Pure."""

import re
from collections.abc import Sequence
from typing import Final

from .dates import is_date


def words(text: str) -> frozenset[str]:
    return frozenset(text.split(" | "))


# Each meaning with the heads that name it, in small letters; an underscore, hyphen or colon counts as a blank.
HEADS: Final[dict[str, frozenset[str]]] = {
    "name": words("name | full name | contact | contact name | person | nimi | koko nimi | yhteyshenkilö"),
    "first_name": words("first name | firstname | given name | forename | etunimi | etunimet"),
    "last_name": words("last name | lastname | surname | family name | sukunimi"),
    "email": words(
        "email | e mail | email address | e mail address | mail | work email | sähköposti | "
        "sähköpostiosoite | s posti | e posti | meili"
    ),
    "phone": words(
        "phone | phone number | telephone | mobile | mobile phone | mobile phone number | cell | "
        "tel | gsm | puhelin | puhelinnumero | puh | puh. | matkapuhelin | kännykkä"
    ),
    "company": words(
        "company | company name | organisation | organization | account | account name | employer | "
        "yritys | yhtiö | organisaatio | firma | työnantaja"
    ),
    "title": words("title | job title | position | titteli | tehtävä | tehtävänimike | asema"),
    "country": words("country | country/region | country code | maa | maakoodi"),
    "language": words("language | preferred language | kieli"),
    "owner": words("owner | contact owner | account owner | lead owner | omistaja | vastuuhenkilö | myyjä"),
    "team": words("team | tiimi"),
    "fit": words("fit | sopivuus"),
    "tags": words("tags | tag | labels | label | groups | tunnisteet | tunniste | ryhmät"),
    "external_id": words(
        "id | record id | customer id | contact id | external id | customer number | customer | "
        "asiakasnumero | asiakas | asiakastunnus | tunnus"
    ),
    "stage": words("stage | lifecycle stage | vaihe | elinkaaren vaihe"),
    "note": words("note | notes | description | comment | comments | huomautus | huomautukset | muistiinpano"),
    "created": words("created | created at | create date | created date | luotu | luontipäivä"),
    "consent": words("consent | marketing consent | opt in | suostumus | markkinointilupa"),
    "refusal": words("unsubscribed | opt out | email opt out | do not email | markkinointikielto"),
    "event_id": words("order | order id | order number | invoice | tilaus | tilausnumero | laskunumero"),
    "event_moment": words("order date | ordered | ordered at | purchased at | date | tilauspäivä | päivä | pvm"),
    "event_value": words("amount | total | order total | value | price | sum | summa | hinta | yhteensä | loppusumma"),
    "event_currency": words("currency | valuutta"),
    "event_campaign": words("campaign | utm campaign | kampanja"),
}
EVENT_FIELDS: Final = ("event_type", "event_id", "event_moment", "event_value", "event_currency", "event_campaign")
_ONCE: Final = "name | first_name | last_name | company | title | country | language | owner | team | fit | external_id"
SINGLE: Final = words(f"{_ONCE} | user_id | stage | created | consent | refusal | note") | frozenset(EVENT_FIELDS)
_SEPARATORS: Final = re.compile(r"[\s_:\-]+")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE: Final = re.compile(r"\+?[\d\s().\-/]{7,20}")
MOST: Final = 0.8  # of the cells of a column must look alike


def plain_head(head: str) -> str:
    return _SEPARATORS.sub(" ", head.strip().lower()).strip()


def meaning_of_head(head: str) -> str:
    """What the head says, or nothing."""
    plain = plain_head(head)
    return next((field for field, heads in HEADS.items() if plain in heads), "")


def meaning_of_cells(cells: Sequence[str]) -> str:
    """What the cells look like: addresses or numbers of people. Dates and amounts are told to nothing by themselves."""
    said = [cell.strip() for cell in cells if cell.strip()]
    if not said:
        return ""
    for field, pattern in (("email", _EMAIL), ("phone", _PHONE)):
        if _share(said, pattern) >= MOST and (field == "email" or _are_numbers(said)):
            return field
    return ""


def _are_numbers(cells: Sequence[str]) -> bool:
    """Numbers to call, not those of customers or days: with a plus or a leading zero, and a usual length."""
    calls = [cell for cell in cells if cell[0] in "+0(" and sum(map(str.isdigit, cell)) >= 7]
    return len(calls) >= MOST * len(cells) and not any(is_date(cell) for cell in cells)


def _share(cells: Sequence[str], pattern: re.Pattern[str]) -> float:
    return sum(pattern.fullmatch(cell) is not None for cell in cells) / len(cells)


def looks_like_header(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns: no address, date or number in it, and a known word or no two alike."""
    said = [cell.strip() for cell in first if cell.strip()]
    if not said or any(_EMAIL.fullmatch(cell) or is_date(cell) or cell.replace(".", "").isdigit() for cell in said):
        return False
    if any(meaning_of_head(cell) for cell in said):
        return True
    return bool(rows) and len(set(said)) == len(said) and any(_EMAIL.search(cell) for row in rows for cell in row)


def decimal_of(cells: Sequence[str]) -> str:
    """Whether amounts are written with a comma or a point."""
    commas = sum(re.fullmatch(r"-?[\d\s.]*\d,\d{1,2}\s?€?", cell.strip()) is not None for cell in cells)
    points = sum(re.fullmatch(r"-?[\d\s,]*\d\.\d{1,2}\s?€?", cell.strip()) is not None for cell in cells)
    return "," if commas > points else "."
