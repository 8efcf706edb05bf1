"""One form with all its page tells of it but figures, and who sent it last: each by a statement planned once."""

from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from campaigns.models import Deed
from campaigns.sent import submissions_seen
from contacts.prepared import Prepared
from staff.policy import Principal, sees_every_row

NEWEST: Final = 20


class Wording(msgspec.Struct, frozen=True):
    number: int
    text: str


class Handout(msgspec.Struct, frozen=True):
    name: str
    size: int


class Sheet(msgspec.Struct, frozen=True):
    """A form in use; `wording` is what it asks people to agree to now."""

    pk: int
    token: str
    name: str
    deed: str
    title: str
    lead: str
    fields: list[dict[str, Any]]
    confirms_address: bool
    is_open: bool
    campaign: str | None
    source: str
    wording: Wording | None
    handout: Handout | None

    @property
    def deed_label(self) -> str:
        return str(Deed(self.deed).label)


_SHEET: Final = Prepared(
    "sheet_of_form",
    """
    SELECT row_to_json(sheet)::text FROM (
           SELECT its.id AS pk, token, its.name, deed, title, lead, fields, confirms_address,
                  opened_at IS NOT NULL AS is_open, campaign.name AS campaign,
                  (SELECT key FROM contacts_source WHERE id = source_id) AS source,
                  (SELECT row_to_json(newest) FROM (
                          SELECT number, text FROM campaigns_wording WHERE form_id = its.id
                           ORDER BY number DESC LIMIT 1) newest WHERE text <> '') AS wording,
                  (SELECT row_to_json(given) FROM (
                          SELECT name, size FROM campaigns_handout WHERE form_id = its.id) given) AS handout
             FROM campaigns_form its LEFT JOIN campaigns_campaign campaign ON campaign.id = its.campaign_id
            WHERE its.id = %(id)s AND its.archived_at IS NULL) sheet
    """,
    id="bigint",
)


def sheet_of(form_id: int) -> Sheet | None:
    for (text,) in _SHEET.rows(id=form_id):
        return msgspec.json.decode(text, type=Sheet)
    return None


class Sender(NamedTuple):
    """Somebody who sent it, and when they confirmed their address."""

    sent_at: datetime
    confirmed_at: datetime | None
    person: int
    name: str
    nonce: str


_SENDERS: Final = Prepared(
    "senders_of_form",
    f"""
    SELECT sent_at, confirmed_at, who.id, coalesce(nullif(who.name, ''), who.emails[1], '#' || who.id), nonce
      FROM campaigns_submission its
      JOIN contacts_contact sender ON sender.id = its.contact_id
      JOIN contacts_contact who ON who.id = sender.leader_id
     WHERE its.form_id = %(form)s AND who.erased_at IS NULL ORDER BY its.id DESC LIMIT {NEWEST}
    """,  # noqa: S608  (a number of ours)
    form="bigint",
)


def senders_of(principal: Principal, form_id: int) -> list[Sender]:
    """Who sent it last, as far as whoever asks sees them."""
    if sees_every_row(principal):
        return [Sender(*row) for row in _SENDERS.rows(form=form_id)]
    found = submissions_seen(principal, form_id).order_by("-pk")
    columns = (
        "sent_at",
        "confirmed_at",
        "contact__leader",
        "contact__leader__name",
        "contact__leader__emails",
        "nonce",
    )
    return [
        Sender(sent_at, confirmed_at, person, name or next(iter(emails), f"#{person}"), nonce)
        for sent_at, confirmed_at, person, name, emails, nonce in found.values_list(*columns)[:NEWEST]
    ]
