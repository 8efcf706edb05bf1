"""People as files: CSV for tables, vCards for address books. They are written while they are read, however many."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, get_args

import msgspec
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from staff import audit
from staff.models import Team, User
from staff.policy import Principal

from .choosing import checked_choice, chosen
from .models import ContactQuerySet, CustomField
from .shapes import CONTACT_PARTS, show_contacts
from .spreadsheet import MARK, csv_line

SCOPE: Final = "contacts:export"
CHUNK: Final = 500


class Format(StrEnum):
    CSV = "csv"
    VCARD_4 = "vcard4"
    VCARD_3 = "vcard3"

    @property
    def content_type(self) -> str:
        return "text/csv; charset=utf-8" if self == Format.CSV else "text/vcard; charset=utf-8"

    @property
    def file_name(self) -> str:
        return "contacts.csv" if self == Format.CSV else "contacts.vcf"


def export_people(*, by: Principal, choice: Any, format_: str) -> Iterator[bytes]:
    """The file, piece by piece. Who took whom out, and how many, is on record before the first piece."""
    if format_ not in set(Format):
        words = _("There is no such format. Formats are: %s.") % ", ".join(Format)
        raise ValidationError({"format": ValidationError(words, code="unknown_format")})
    whom = checked_choice(choice, by)
    people = chosen(whom, by).order_by("pk")
    audit.record(by=by, action="contacts_exported", kind="contact", format=format_, people=people.count(), choice=whom)
    if format_ == Format.CSV:
        return _csv(people)
    return _vcards(people, "4.0" if format_ == Format.VCARD_4 else "3.0")


def _chunks(people: ContactQuerySet) -> Iterator[list[dict[str, Any]]]:
    last = 0
    while ids := list(people.filter(pk__gt=last).values_list("pk", flat=True)[:CHUNK]):
        yield show_contacts(ids)
        last = ids[-1]


# --- CSV --------------------------------------------------------------------------------------------------------------

_LISTS: Final = ("emails", "phones", "tags")
_PLAIN: Final = ("title", "country", "language", "time_zone")
_LAST: Final = ("source", "campaign", "created_at", "updated_at")


def _csv(people: ContactQuerySet) -> Iterator[bytes]:
    own = list(CustomField.objects.filter(of="contact").order_by("key").values_list("key", flat=True))
    parts = [(part.name, _fields(part.shape)) for part in CONTACT_PARTS]
    owners = dict(User.objects.values_list("pk", "email"))
    teams = dict(Team.objects.values_list("pk", "name"))
    heads = ["id", "name", *_LISTS, *_PLAIN, "company", "owner", "team", *_LAST]
    yield (MARK + csv_line([*heads, *[name for _part, names in parts for name in names], *own])).encode()
    for chunk in _chunks(people):
        yield "".join(csv_line(_row(one, parts, own, owners, teams)) for one in chunk).encode()


def _fields(shape: Any) -> tuple[str, ...]:
    [struct] = [one for one in get_args(shape) or (shape,) if one is not type(None)]
    return tuple(struct.__struct_fields__)


def _row(
    one: Mapping[str, Any],
    parts: Sequence[tuple[str, tuple[str, ...]]],
    own: Sequence[str],
    owners: Mapping[int, str],
    teams: Mapping[int, str],
) -> list[Any]:
    custom = msgspec.json.decode(one["custom"])
    return [
        one["id"],
        one["name"],
        *["; ".join(one[name]) for name in _LISTS],
        *[one[name] for name in _PLAIN],
        "; ".join(place.name for place in one["companies"]),
        owners.get(one["owner"], ""),
        teams.get(one["team"], ""),
        *[one[name] for name in _LAST],
        *[getattr(one[part], name, None) for part, names in parts for name in names],
        *[custom.get(key) for key in own],
    ]


# --- vCards: RFC 6350, and RFC 2426 for older address books -----------------------------------------------------------

_ESCAPED: Final = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n", "\r": None})
_WIDTH: Final = 75  # octets of a line


def _vcards(people: ContactQuerySet, version: str) -> Iterator[bytes]:
    for chunk in _chunks(people):
        yield "".join(_vcard(one, version) for one in chunk).encode()


def _vcard(one: Mapping[str, Any], version: str) -> str:
    is_new = version == "4.0"
    name = one["name"] or next(iter([*one["emails"], *one["phones"]]), f"#{one['id']}")
    given, _blank, family = one["name"].rpartition(" ")
    lines = ["BEGIN:VCARD", f"VERSION:{version}", f"UID:urn:polku:contact:{one['id']}", f"FN:{_escaped(name)}"]
    lines.append(f"N:{_escaped(family)};{_escaped(given)};;;")
    for number, email in enumerate(one["emails"], start=1):
        lines.append(f"EMAIL;PREF={number}:{_escaped(email)}" if is_new else f"EMAIL;TYPE=INTERNET:{_escaped(email)}")
    for phone in one["phones"]:
        lines.append(f"TEL;VALUE=uri:tel:{phone}" if is_new else f"TEL;TYPE=VOICE:{phone}")
    if one["companies"]:
        lines.append(f"ORG:{_escaped(one['companies'][0].name)}")
    if one["title"]:
        lines.append(f"TITLE:{_escaped(one['title'])}")
    if one["tags"]:
        lines.append(f"CATEGORIES:{','.join(_escaped(tag) for tag in one['tags'])}")
    if is_new and one["language"]:
        lines.append(f"LANG:{one['language']}")
    lines += [f"REV:{one['updated_at']:%Y%m%dT%H%M%SZ}", "END:VCARD", ""]
    return "\r\n".join(_folded(line) for line in lines)


def _escaped(text: str) -> str:
    return text.translate(_ESCAPED)


def _folded(line: str) -> str:
    """A line of more than 75 octets goes on in the next, which begins with a blank; no character is cut."""
    if len(line.encode()) <= _WIDTH:
        return line
    parts: list[str] = []
    part = ""
    for sign in line:
        if len((part + sign).encode()) > _WIDTH - bool(parts):
            parts.append(part)
            part = ""
        part += sign
    return "\r\n ".join([*parts, part])
