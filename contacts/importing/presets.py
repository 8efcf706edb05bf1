"""What we know of the exports of HubSpot, Salesforce, Pipedrive and Google Contacts: their columns, what can be said
honestly of the stages of the people in them, and which of their lists are not of people. Pure.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from .fields import plain_head
from .tongues import HUBSPOT_HEADS, PIPEDRIVE_PARTS, SALESFORCE_HEADS

NOTHING: Final = ""  # a text that sets nobody to a stage
# What Salesforce puts around a head in a report: "Contact: Created Date", "Account Owner: Full Name", "Last Name  ↑".
_IN_REPORT: Final = re.compile(r"^(?:contact|lead): |(?<=.): (?:full name|account name)$|\s*[↑↓]$")
# Each kind of letter of HubSpot has a column of its own; letters of one colleague, and of service, are no campaign.
_OPTED_OUT: Final = re.compile(r"opted out of email: (?!one to one|customer service)")


@dataclass(frozen=True)
class Preset:
    """An export we recognise: some of `marks` are in its header.

    Of several columns that mean one thing, the one counts that stands first in `heads` and says something.
    """

    key: str
    name: str
    marks: tuple[frozenset[str], ...]  # each a set of heads that stand there together
    heads: Mapping[str, str] = field(default_factory=dict)
    stages: Mapping[str, str] = field(default_factory=dict)
    said: Any = ""  # what becomes of stages and deals, in plain words
    refusing: Mapping[str, bool] = field(default_factory=dict)  # texts of a column that is no plain yes or no
    noise: tuple[str, ...] = ()  # marks of the system in its labels, which are nobody's tags
    spoken: Mapping[str, str] = field(
        default_factory=dict
    )  # its heads, or parts of them, in other languages: in English
    others: frozenset[str] = frozenset()  # heads of another system that has the same marks

    def is_in(self, heads: Sequence[str]) -> bool:
        known = self.english(heads)
        return any(mark <= known for mark in self.marks) and not known & self.others

    def english(self, heads: Sequence[str]) -> frozenset[str]:
        return frozenset(self.in_english(_head(head)) for head in heads)

    def in_english(self, head: str) -> str:
        whole = " - ".join(self.spoken.get(part, part) for part in head.split(" - "))
        return self.spoken.get(head, whole)


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
    **dict.fromkeys(("abonnent", "abonné", "suscriptor", "prenumerant", "tilaaja", "liidi"), "lead"),
    **dict.fromkeys(("opportunité", "oportunidad", "möjlighet", "mahdollisuus"), "lead"),
    **dict.fromkeys(("kunde", "client", "cliente", "kund", "asiakas"), "customer"),
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
    "contacted": NOTHING,
    "nurturing": NOTHING,
    "unqualified": NOTHING,
    "converted": "lead",
}

HUBSPOT: Final = Preset(
    "hubspot",
    "HubSpot",
    tuple(
        frozenset([record, head])
        for record in ("record id", "hs_object_id")
        for head in ("lifecycle stage", "lead status", "contact owner", "create date", "marketing contact status",
                     "lifecyclestage", "hubspot_owner_id", "createdate")
    ),
    {
        "record id": "external_id", "first name": "first_name", "last name": "last_name", "email": "email",
        "additional email addresses": "email", "work email": "email", "phone number": "phone",
        "mobile phone number": "phone", "whatsapp phone number": "phone", "company name": "company",
        "associated company (primary)": "company", "associated company": "company", "job title": "title",
        "country/region": "country", "preferred language": "language", "contact owner": "owner",
        "lifecycle stage": "stage", "create date": "created", "unsubscribed from all email": "refusal",
        "opted out of email: marketing information": "refusal", "associated note": "note", "message": "note",
        "hs_object_id": "external_id", "firstname": "first_name", "lastname": "last_name",
        "hs_additional_emails": "email", "phone": "phone", "mobilephone": "phone", "company": "company",
        "jobtitle": "title", "country": "country", "hs_language": "language", "hubspot_owner_id": "owner",
        "lifecyclestage": "stage", "createdate": "created", "hs_email_optout": "refusal",
    },
    _LIFECYCLE,
    _("Customers become Customer, evangelists Advocate; everybody else in HubSpot's life cycle becomes Lead, for they "
      "gave you their address. “Other” decides nothing. The stage is set as of the import, not of a day in HubSpot."),
    spoken=HUBSPOT_HEADS,
    others=frozenset(["contact owner.id", "account name.id"]),
)  # fmt: skip
SALESFORCE: Final = Preset(
    "salesforce",
    "Salesforce",
    (
        frozenset(["contact id", "account name"]),
        frozenset(["contact id", "lead source"]),
        frozenset(["account name", "account owner", "last name"]),
        frozenset(["lead id", "lead status"]),
        frozenset(["company / account", "last name"]),
        frozenset(["id", "firstname", "lastname", "mailingcountry"]),
        frozenset(["id", "firstname", "lastname", "leadsource"]),
        frozenset(["id", "firstname", "lastname", "ownerid"]),
        frozenset(["lead owner", "lead status", "last name"]),
    ),
    {
        "contact id": "external_id", "lead id": "external_id", "id": "external_id", "first name": "first_name",
        "last name": "last_name", "firstname": "first_name", "lastname": "last_name", "full name": "name",
        "email": "email", "phone": "phone", "mobile": "phone", "mobilephone": "phone", "mobile phone": "phone",
        "home phone": "phone", "homephone": "phone", "other phone": "phone", "otherphone": "phone",
        "account name": "company", "company / account": "company", "company": "company", "title": "title",
        "mailing country": "country", "mailingcountry": "country", "country": "country", "contact owner": "owner",
        "lead owner": "owner", "account owner": "owner", "owner": "owner", "email opt out": "refusal",
        "hasoptedoutofemail": "refusal", "lead status": "stage", "status": "stage", "created date": "created",
        "createddate": "created", "description": "note",
    },
    _LEAD_STATUS,
    _("A lead of Salesforce may be somebody who never answered: only Qualified and Converted become Lead, the rest "
      "keeps what their facts say. Contacts get no stage: an account is no order. Orders are a file of their own."),
    spoken=SALESFORCE_HEADS,
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
        "person - phone - other": "phone", "person - job title": "title", "person - title": "title",
        "person - position": "title",
        "person - owner": "owner", "deal - owner": "owner", "person - label": "tags", "person - labels": "tags",
        "person - notes": "note", "person - person created": "created", "person - marketing status": "refusal",
        "person - won deals": "stage", "deal - id": "event_id", "deal - won time": "event_moment",
        "deal - value": "event_value", "deal - currency": "event_currency",
    },
    {},
    _("In a list of people, somebody with a won deal becomes Customer as of the import. In a list of deals each won "
      "deal becomes an order of the day it was won, with its value; open and lost deals become nothing."),
    refusing={"Unsubscribed": True},
    spoken=PIPEDRIVE_PARTS,
)  # fmt: skip
GOOGLE: Final = Preset(
    "google",
    "Google Contacts",
    (frozenset(["e-mail 1 - value"]), frozenset(["given name", "family name", "group membership"]),
     frozenset(["first name", "file as", "labels"])),
    {
        "given name": "first_name", "family name": "last_name", "first name": "first_name", "last name": "last_name",
        "name": "name", "file as": "name", "address 1 - country": "country",
        "organization name": "company", "organization 1 - name": "company", "organization title": "title",
        "organization 1 - title": "title", "labels": "tags", "group membership": "tags", "notes": "note",
        **{f"{mail} {number} - value": "email" for mail in ("e-mail", "email") for number in range(1, 11)},
        **{f"phone {number} - value": "phone" for number in range(1, 11)},
    },
    {},
    _("An address book says nothing of anybody's stage, so nobody gets one."),
    noise=("* myContacts", "* "),
)  # fmt: skip
_COMPANIES: Final = _(
    "This is a list of companies, and people come in here. Export the people: each comes with their company, and "
    "Polku makes the companies of it."
)
_DEALS: Final = _(
    "This is a list of deals, open and lost ones too, and each row would become an order. Export only those that are "
    "won, with the e-mail address of the contact; then choose the columns of the day, the number and the value."
)
# Lists of these systems that are not of people. No column of theirs is proposed.
OTHERS: Final = (
    Preset("hubspot_companies", "HubSpot", (frozenset(["record id", "company name", "company owner"]),
                                            frozenset(["record id", "company domain name"])), said=_COMPANIES),
    Preset("hubspot_deals", "HubSpot", (frozenset(["record id", "deal name", "deal stage"]),), said=_DEALS),
    Preset("salesforce_accounts", "Salesforce", (frozenset(["account id", "account name", "type"]),
                                                 frozenset(["account name", "billing city"])), said=_COMPANIES),
    Preset("salesforce_deals", "Salesforce", (frozenset(["opportunity name", "stage"]),), said=_DEALS),
    Preset("pipedrive_organizations", "Pipedrive", (frozenset(["organization - id", "organization - name"]),),
           said=_COMPANIES),
)  # fmt: skip
PEOPLE: Final = (HUBSPOT, SALESFORCE, PIPEDRIVE, GOOGLE)
_OF_PEOPLE: Final = frozenset(
    ["email", "first name", "last name", "lastname", "person - name", "person - id", "deal - id"]
)
PRESETS: Final = {one.key: one for one in (*PEOPLE, *OTHERS)}


def preset_of(heads: Sequence[str]) -> Preset | None:
    """Whose export has such a header."""
    is_of_people = any(preset.english(heads) & _OF_PEOPLE for preset in PEOPLE)
    candidates = PEOPLE if is_of_people else (*OTHERS, *PEOPLE)
    return next((preset for preset in candidates if preset.is_in(heads)), None)


def field_in(preset: Preset, head: str) -> str:
    known = _known(preset, head)
    if not known and _OPTED_OUT.match(_head(head)):
        return "refusal"
    return preset.heads.get(known, "")


def rank_in(preset: Preset, head: str) -> int:
    """Where a head stands among those the preset knows."""
    known = _known(preset, head)
    return list(preset.heads).index(known) if known else len(preset.heads)


def _known(preset: Preset, head: str) -> str:
    """What the preset calls a column, or nothing."""
    called = (_head(head), plain_head(head))
    return next((one for text in called if (one := preset.in_english(text)) in preset.heads), "")


def _head(head: str) -> str:
    """As it stands, but for case, blanks and what reports put around it: hyphens tell their columns apart."""
    plain = " ".join(head.strip().lower().split())
    return _IN_REPORT.sub("", plain)


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
