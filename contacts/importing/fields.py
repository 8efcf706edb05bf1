"""What a column may mean, and by which words its head says so: in English and Finnish, the usual ones in Swedish and
German too. Pure.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from .dates import is_date

YES: Final = frozenset(
    ["yes", "y", "true", "t", "1", "x", "kyllä", "k", "tosi", "ja", "oui", "sí", "sant", "wahr", "vrai", "verdadero"]
)
NO: Final = frozenset(
    [
        "no",
        "n",
        "false",
        "f",
        "0",
        "ei",
        "e",
        "epätosi",
        "nej",
        "nein",
        "nee",
        "non",
        "falskt",
        "falsch",
        "faux",
        "falso",
    ]
)


def words(text: str) -> frozenset[str]:
    return frozenset(text.split(" | "))


# Each meaning with the heads that name it, in small letters; an underscore, hyphen or colon counts as a blank.
HEADS: Final[dict[str, frozenset[str]]] = {
    "name": words("name | full name | contact | contact name | person | nimi | koko nimi | yhteyshenkilö | namn"),
    "first_name": words("first name | firstname | given name | forename | etunimi | etunimet | förnamn | vorname"),
    "last_name": words("last name | lastname | surname | family name | sukunimi | efternamn | nachname | familienname"),
    "email": words(
        "email | e mail | email address | e mail address | emailaddress | mail | work email | home email | "
        "other email | business email | primary email | secondary email | sähköposti | "
        "sähköpostiosoite | s posti | e posti | meili | e post | e postadress | epost | e mail adresse"
    ),
    "phone": words(
        "phone | phone number | phone no | telephone | telephone number | work phone | business phone | home phone | "
        "other phone | primary phone | mobile | mobile number | mobile phone | mobile phone number | cell | "
        "cell phone | tel | gsm | puhelin | puhelinnumero | puhelinnro | puh | puh. | työpuhelin | kotipuhelin | "
        "matkapuhelin | matkapuhelinnumero | kännykkä | telefon | telefonnummer | mobil | "
        "mobiltelefon | mobilnummer | handy"
    ),
    "company": words(
        "company | company name | organisation | organization | organization name | account | account name | "
        "employer | related company | parent id/name | yritys | yrityksen nimi | yhtiö | "
        "organisaatio | firma | työnantaja | företag | företagsnamn | bolag | unternehmen | firmenname"
    ),
    "title": words(
        "title | job title | job position | position | function | role | titteli | tehtävä | tehtävänimike | "
        "toimenkuva | asema | rooli"
    ),
    "country": words(
        "country | country/region | country code | country id/name | business country | business country/region | "
        "mailing country | maa | maa/alue | maakoodi | työpaikan maa/alue | land"
    ),
    "language": words("language | preferred language | preferred locale | locale | lang | kieli | språk | sprache"),
    "owner": words(
        "owner | contact owner | account owner | lead owner | account manager | assigned to | assigned user | "
        "assigned user name | salesperson | user id/name | omistaja | vastuuhenkilö | vastuumyyjä | myyjä"
    ),
    "team": words("team | tiimi"),
    "fit": words("fit | sopivuus"),
    "tags": words(
        "tags | tag | labels | label | groups | categories | category id/name | tunnisteet | tunniste | ryhmät | luokat"
    ),
    "external_id": words(
        "id | record id | customer id | contact id | external id | customer number | customer no | customer | "
        "asiakasnumero | asiakasnro | asiakas | asiakastunnus | tunnus | kundnummer | kundennummer"
    ),
    "stage": words("stage | lifecycle stage | vaihe | elinkaaren vaihe"),
    "note": words(
        "note | notes | description | comment | comments | huomautus | huomautukset | kommentti | lisätiedot | "
        "muistiinpano | muistiinpanot | anteckning | anteckningar | kommentar | notiz | notizen"
    ),
    "created": words(
        "created | created at | created on | created date | create date | creation date | date created | date added | "
        "date entered | luotu | luontipäivä | lisätty"
    ),
    "consent": words("consent | marketing consent | opt in | suostumus | markkinointilupa"),
    "refusal": words(
        "unsubscribed | opt out | opted out | email opt out | email opted out | email address is opted out | "
        "has opted out of email | do not email | markkinointikielto"
    ),
    "event_id": words("order | order id | order number | invoice | tilaus | tilausnumero | tilausnro | laskunumero"),
    "event_moment": words(
        "order date | ordered | ordered at | purchased at | date | tilauspäivä | tilauspvm | päivä | pvm"
    ),
    "event_value": words("amount | total | order total | value | price | sum | summa | hinta | yhteensä | loppusumma"),
    "event_currency": words("currency | valuutta"),
    "event_campaign": words("campaign | utm campaign | kampanja"),
}
EVENT_FIELDS: Final = ("event_type", "event_id", "event_moment", "event_value", "event_currency", "event_campaign")
_ONCE: Final = "name | first_name | last_name | company | title | country | language | owner | team | fit | external_id"
SINGLE: Final = words(f"{_ONCE} | user_id | stage | created | consent | note") | frozenset(EVENT_FIELDS)
SEVERAL: Final = ("email", "phone", "tags", "refusal")  # what more than one column may say
_SEPARATORS: Final = re.compile(r"[\s_:\-]+")
_HUMP: Final = re.compile(r"(?<=[a-zåäö])(?=[A-ZÅÄÖ])")  # of firstName
_BEHIND: Final = re.compile(r"\s*(?:\([^()]*\)|[*€$£?])\s*$")  # what no head needs: Summa (€), E-mail *
_NUMBERED: Final = re.compile(r"\s*\d+\b")
_SALUTATIONS: Final = words("mr | mrs | ms | miss | mx | dr | prof | hra | herra | rva | rouva | nti | neiti | tri")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_EMAILS: Final = re.compile(r"[^@\s;,]+@[^@\s;,]+\.[^@\s;,]+(?:[;,]\s*[^@\s;,]+@[^@\s;,]+)*")
_PHONE: Final = re.compile(r"\+?[\d\s().\-/]{7,20}")
MOST_TITLES: Final = 10  # rows of them above a table
MOST: Final = 0.8  # of the cells of a column must look alike


def plain_head(head: str) -> str:
    apart = _HUMP.sub(" ", _BEHIND.sub("", head.strip()))
    return _SEPARATORS.sub(" ", apart.lower()).strip()


def meaning_of_head(head: str) -> str:
    """What the head says, or nothing. Of addresses and numbers there may be a second and a third."""
    plain = plain_head(head)
    found = _named(plain)
    if not found and _named(without := _NUMBERED.sub("", plain).strip()) in SEVERAL:
        return _named(without)
    return found


def _named(plain: str) -> str:
    return next((field for field, heads in HEADS.items() if plain in heads), "")


def is_believed(field: str, cells: Sequence[str]) -> bool:
    """Whether what stands in a column can be what its head says: heads are short, and mean other things elsewhere."""
    said = [cell.strip() for cell in cells if cell.strip()]
    if not said:
        return True
    if field == "title":  # Mr and Ms
        return not all(cell.lower().rstrip(".") in _SALUTATIONS for cell in said)
    if field == "external_id":  # names of customers
        return sum(any(map(str.isdigit, cell)) for cell in said) >= MOST * len(said)
    if field in {"consent", "refusal"}:
        return all(cell.casefold() in YES or cell.casefold() in NO for cell in said)
    return True


def meaning_of_cells(cells: Sequence[str]) -> str:
    """What the cells look like: addresses or numbers of people. Dates and amounts are told to nothing by themselves."""
    said = [cell.strip() for cell in cells if cell.strip()]
    if not said:
        return ""
    for field, pattern in (("email", _EMAILS), ("phone", _PHONE)):
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


def rows_above(rows: Sequence[Sequence[str]]) -> int:
    """How many rows of titles stand above the one that names the columns: they fill less than half of the table."""
    width, _rows = Counter(map(len, rows)).most_common(1)[0] if rows else (0, 0)
    for at, row in enumerate(rows[:MOST_TITLES]):
        if 2 * sum(bool(cell.strip()) for cell in row) > width:
            return at if looks_like_header(row, rows[at + 1 :]) else 0
    return 0


def decimal_of(cells: Sequence[str]) -> str:
    """Whether amounts are written with a comma or a point."""
    commas = sum(re.fullmatch(r"-?[\d\s.]*\d,\d{1,2}\s?€?", cell.strip()) is not None for cell in cells)
    points = sum(re.fullmatch(r"-?[\d\s,]*\d\.\d{1,2}\s?€?", cell.strip()) is not None for cell in cells)
    return "," if commas > points else "."
