"""What we know of the exports of HubSpot, Salesforce, Pipedrive and Google Contacts: their columns, and what can be
said honestly of the stages of the people in them. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from .fields import plain_head

NOTHING: Final = ""  # a text that sets nobody to a stage


@dataclass(frozen=True)
class Preset:
    """An export we recognise: some of `marks` are in its header."""

    key: str
    name: str
    marks: tuple[frozenset[str], ...]  # each a set of heads that stand there together
    heads: Mapping[str, str]
    stages: Mapping[str, str] = field(default_factory=dict)
    said: Any = ""  # what becomes of stages and deals, in plain words

    def is_in(self, heads: frozenset[str]) -> bool:
        return any(mark <= heads for mark in self.marks)


_LIFECYCLE: Final = {
    "subscriber": "lead",
    "lead": "lead",
    "marketing qualified lead": "lead",
    "marketingqualifiedlead": "lead",
    "sales qualified lead": "lead",
    "salesqualifiedlead": "lead",
    "opportunity": "lead",
    "customer": "customer",
    "evangelist": "advocate",
    "other": NOTHING,
}
_LEAD_STATUS: Final = {
    "open": NOTHING,
    "open - not contacted": NOTHING,
    "new": NOTHING,
    "working": NOTHING,
    "working - contacted": NOTHING,
    "qualified": "lead",
    "closed - converted": "lead",
    "closed - not converted": NOTHING,
}

HUBSPOT: Final = Preset(
    "hubspot",
    "HubSpot",
    tuple(
        frozenset(["record id", head]) for head in ("lifecycle stage", "lead status", "contact owner", "create date")
    ),
    {
        "record id": "external_id", "first name": "first_name", "last name": "last_name", "email": "email",
        "additional email addresses": "email", "phone number": "phone", "mobile phone number": "phone",
        "company name": "company", "associated company": "company", "job title": "title", "country/region": "country",
        "preferred language": "language", "contact owner": "owner", "lifecycle stage": "stage",
        "create date": "created", "unsubscribed from all email": "refusal",
    },
    _LIFECYCLE,
    _("Customers become Customer, evangelists Advocate; everybody else in HubSpot's life cycle becomes Lead, for they "
      "gave you their address. “Other” decides nothing. The stage is set as of the import, not of a day in HubSpot."),
)  # fmt: skip
SALESFORCE: Final = Preset(
    "salesforce",
    "Salesforce",
    (
        frozenset(["contact id", "account name"]),
        frozenset(["contact id", "lead source"]),
        frozenset(["lead id", "lead status"]),
        frozenset(["lead id", "company / account"]),
        frozenset(["id", "firstname", "lastname", "mailingcountry"]),
        frozenset(["id", "firstname", "lastname", "leadsource"]),
        frozenset(["id", "firstname", "lastname", "ownerid"]),
    ),
    {
        "contact id": "external_id", "lead id": "external_id", "id": "external_id", "first name": "first_name",
        "last name": "last_name", "firstname": "first_name", "lastname": "last_name", "email": "email",
        "phone": "phone", "mobile": "phone", "mobilephone": "phone", "mobile phone": "phone",
        "account name": "company", "company / account": "company", "company": "company", "title": "title",
        "mailing country": "country", "mailingcountry": "country", "country": "country", "contact owner": "owner",
        "lead owner": "owner", "owner": "owner", "email opt out": "refusal", "hasoptedoutofemail": "refusal",
        "lead status": "stage", "created date": "created", "createddate": "created", "description": "note",
    },
    _LEAD_STATUS,
    _("A lead of Salesforce may be somebody who never answered: only Qualified and Converted become Lead, the rest "
      "keeps what their facts say. Contacts get no stage: an account is no order. Orders are a file of their own."),
)  # fmt: skip
PIPEDRIVE: Final = Preset(
    "pipedrive",
    "Pipedrive",
    (
        frozenset(["person - name"]),
        frozenset(["person - id"]),
        frozenset(["deal - id", "deal - contact person"]),
    ),
    {
        "person - id": "external_id", "person - name": "name", "deal - contact person": "name",
        "person - first name": "first_name", "person - last name": "last_name", "person - organization": "company",
        "deal - organization": "company", "person - email": "email", "person - email - work": "email",
        "person - email - home": "email", "person - email - other": "email", "person - phone": "phone",
        "person - phone - work": "phone", "person - phone - mobile": "phone", "person - phone - home": "phone",
        "person - phone - other": "phone", "person - owner": "owner", "deal - owner": "owner",
        "person - label": "tags", "person - labels": "tags", "person - person created": "created",
        "person - won deals": "stage", "deal - id": "event_id", "deal - won time": "event_moment",
        "deal - value": "event_value", "deal - currency": "event_currency",
    },
    {},
    _("In a list of people, somebody with a won deal becomes Customer as of the import. In a list of deals each won "
      "deal becomes an order of the day it was won, with its value; open and lost deals become nothing."),
)  # fmt: skip
GOOGLE: Final = Preset(
    "google",
    "Google Contacts",
    (frozenset(["e-mail 1 - value"]), frozenset(["given name", "family name", "group membership"])),
    {
        "given name": "first_name", "family name": "last_name", "first name": "first_name", "last name": "last_name",
        "organization name": "company", "organization 1 - name": "company", "organization title": "title",
        "organization 1 - title": "title", "labels": "tags", "group membership": "tags", "notes": "note",
        **{f"e-mail {number} - value": "email" for number in range(1, 6)},
        **{f"phone {number} - value": "phone" for number in range(1, 6)},
    },
    {},
    _("An address book says nothing of anybody's stage, so nobody gets one."),
)  # fmt: skip
PRESETS: Final = {one.key: one for one in (HUBSPOT, SALESFORCE, PIPEDRIVE, GOOGLE)}


def preset_of(heads: Sequence[str]) -> Preset | None:
    """Whose export has such a header."""
    known = frozenset(_head(head) for head in heads)
    return next((preset for preset in PRESETS.values() if preset.is_in(known)), None)


def field_in(preset: Preset, head: str) -> str:
    return preset.heads.get(_head(head)) or preset.heads.get(plain_head(head), "")


def _head(head: str) -> str:
    """As it stands, but for case and blanks: the hyphens of these systems tell their columns apart."""
    return " ".join(head.strip().lower().split())


def stage_for(preset: Preset | None, text: str, stages: Sequence[str]) -> str:
    """The stage that a text of the file means, as far as that is known."""
    plain = " ".join(text.lower().split())
    if preset is PIPEDRIVE and plain.isdecimal():
        found = "customer" if int(plain) else NOTHING
    elif preset and plain in preset.stages:
        found = preset.stages[plain]
    else:
        found = plain
    return found if found in stages else NOTHING
