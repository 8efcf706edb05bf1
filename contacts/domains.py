"""Whose people an address tells of: the domains that are a company's own, and what they do for somebody new.

Addresses of mail services that anybody may have tell of nobody, whatever a company says its domains are.
"""

from collections.abc import Iterable
from typing import Any, Final

from django.db import connection
from django.db.models import BooleanField
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from staff import audit
from staff.policy import Principal, sees_every_row

from .company_marks import mark_companies
from .matching import domain_of
from .models import Company, Contact, ContactQuerySet, Joining
from .prepared import Prepared

MOST_PROPOSED: Final = 50
_MAIL_SERVICES: Final = """
gmail.com googlemail.com outlook.com outlook.fi hotmail.com hotmail.fi hotmail.se hotmail.co.uk live.com live.fi
live.se msn.com yahoo.com yahoo.co.uk yahoo.de yahoo.fr yahoo.se ymail.com rocketmail.com icloud.com me.com mac.com
aol.com proton.me protonmail.com pm.me tutanota.com tuta.io gmx.com gmx.de gmx.net gmx.at gmx.ch web.de t-online.de
freenet.de mail.com mail.ru bk.ru list.ru inbox.ru yandex.com yandex.ru qq.com 163.com 126.com sina.com naver.com
daum.net zoho.com fastmail.com fastmail.fm hey.com hushmail.com mailbox.org posteo.de orange.fr wanadoo.fr free.fr
laposte.net sfr.fr libero.it virgilio.it tin.it telenet.be skynet.be ziggo.nl kpnmail.nl planet.nl home.nl comcast.net
verizon.net att.net sbcglobal.net bellsouth.net cox.net btinternet.com sky.com virginmedia.com talktalk.net
bigpond.com shaw.ca rogers.com telia.com telia.fi bredband.net comhem.se spray.se home.se online.no broadpark.no
mail.dk luukku.com suomi24.fi elisanet.fi kolumbus.fi inet.fi pp.inet.fi saunalahti.fi welho.com netti.fi jippii.fi
surffi.fi dnainternet.net phnet.fi sci.fi nic.fi wp.pl o2.pl onet.pl interia.pl seznam.cz inbox.lv mail.ee hot.ee
"""
FREE_MAIL: Final = frozenset(_MAIL_SERVICES.split())


def own_domains(domains: Iterable[str]) -> list[str]:
    """Those that tell of a company; not those where anybody may have an address."""
    return [domain for domain in domains if domain not in FREE_MAIL]


# The index of words finds a domain also inside a longer one, and in a name: the addresses are the proof. Places are
# looked for in two parts, for the index of members holds no leaders.
_PROPOSED: Final = """
    contacts_contact.is_listed AND contacts_contact.search @@ {words}::tsquery
    AND EXISTS (SELECT FROM unnest(contacts_contact.emails) AS one
                 WHERE split_part(one, '@', 2) = ANY({domains}::text[]))
    AND NOT EXISTS (SELECT FROM contacts_membership m
                     WHERE m.contact_id = contacts_contact.id AND m.company_id = {company})
    AND NOT EXISTS (SELECT FROM contacts_contact its JOIN contacts_membership m ON m.contact_id = its.id
                     WHERE its.leader_id = contacts_contact.id AND its.leader_id <> its.id AND m.company_id = {company})
    AND NOT EXISTS (SELECT FROM contacts_notthere n
                     WHERE n.contact_id = contacts_contact.id AND n.company_id = {company})
"""
_PROPOSED_HERE: Final = _PROPOSED.format(words="%s", domains="%s", company="%s")
# They are sorted after they are found: walking along the names of everybody would go on to the end where nobody is.
# Planned for each company: a plan for all reads every member of one first, and there are companies of thousands.
_NAMED: Final = {name: f"%({name})s" for name in ("words", "domains", "company")}
_FIRST: Final = Prepared(
    "proposed_to_company",
    f"""
    SELECT id, name, emails FROM contacts_contact WHERE {_PROPOSED.format(**_NAMED)}
     ORDER BY coalesce(sort_key, sort_key), id LIMIT %(most)s
""",  # noqa: S608  (words of ours)
    words="text",
    domains="text[]",
    company="bigint",
    most="integer",
)


def proposed_people(principal: Principal, company: Company) -> ContactQuerySet:
    """Those with an address of the company who have, or had, no place in it and of whom nobody said that they are not
    there; nobody, where the company wants it so. In no order."""
    people = Contact.objects.visible_to(principal)
    asked = _asked_of(company)
    if not asked:
        return people.none()
    here = [asked["words"], asked["domains"], *[company.pk] * 3]
    return people.filter(RawSQL(_PROPOSED_HERE, here, output_field=BooleanField()))  # noqa: S611  (words of ours)


def first_proposed(principal: Principal, company: Company, most: int) -> list[Contact]:
    """The first of them by name."""
    asked = _asked_of(company)
    if not asked:
        return []
    if not sees_every_row(principal):
        return list(proposed_people(principal, company).order_by(Coalesce("sort_key", "sort_key"), "pk")[:most])
    rows = _FIRST.rows(**asked, most=most)
    return [Contact(pk=pk, name=name, emails=emails) for pk, name, emails in rows]


def _asked_of(company: Company) -> dict[str, Any]:
    own = own_domains(company.domains)
    if company.joining == Joining.NOTHING or not own:
        return {}
    return {"words": " | ".join(f"'{domain}'" for domain in own), "domains": own, "company": company.pk}


_JOIN: Final = """
INSERT INTO contacts_membership (contact_id, company_id, role, title, by_domain)
SELECT DISTINCT c.id, o.id, '', '', TRUE
  FROM contacts_contact c
  JOIN contacts_company o ON o.id = ANY(%(companies)s)
 WHERE c.id = ANY(%(people)s)
   AND EXISTS (SELECT FROM unnest(c.emails) AS one
                WHERE split_part(one, '@', 2) = ANY(o.domains::text[])
                  AND split_part(one, '@', 2) = ANY(%(domains)s))
   AND NOT EXISTS (SELECT FROM contacts_membership m JOIN contacts_contact one ON one.id = m.contact_id
                    WHERE one.leader_id = c.id AND m.company_id = o.id)
   AND NOT EXISTS (SELECT FROM contacts_notthere n WHERE n.contact_id = c.id AND n.company_id = o.id)
ON CONFLICT DO NOTHING
RETURNING id, contact_id, company_id
"""


def join_by_domain(new_emails: Iterable[tuple[int, str]]) -> list[int]:
    """Give people a place in the companies that take in whoever has an address of theirs; return whom.

    `new_emails` are leaders, locked by whoever calls, with addresses that were not theirs before.
    """
    heard = [(leader, domain_of(email)) for leader, email in new_emails]
    people = {leader for leader, domain in heard if domain not in FREE_MAIL}
    domains = own_domains({domain for _leader, domain in heard})
    if not domains:
        return []
    companies = list(
        Company.objects.filter(joining=Joining.JOIN, domains__overlap=domains).values_list("pk", flat=True)
    )
    if not companies:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_JOIN, {"companies": companies, "people": sorted(people), "domains": domains})
        made = cursor.fetchall()
    mark_companies(company for _membership, _contact, company in made)
    for membership_id, contact_id, company_id in made:
        said = {"contact": contact_id, "company": company_id}
        audit.record(by=Principal(), action="membership_created", kind="membership", row=membership_id, **said)
    return sorted({contact_id for _membership, contact_id, _company in made})
