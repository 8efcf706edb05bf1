"""The companies of the demo: who decides there, whose they are, who is tied to whom, and whom an address proposes."""

import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import Count, Exists, OuterRef, Subquery
from django.utils import timezone

from contacts.catalogue import STAFF_SOURCE
from contacts.companies import join_company, update_company, update_membership
from contacts.declaring import declare_field
from contacts.ingest import record_events
from contacts.messages import ContactRef, Message
from contacts.models import Company, Contact, FieldKind, Joining, Membership, MembershipRole, Source, TieKind
from contacts.network import add_tie
from crm.world.working import Staff
from staff.policy import Principal

FIRMS: Final = 36  # whose people have roles: those of which most people are known
ROLES: Final = {
    "CEO": MembershipRole.DECISION_MAKER,
    "Owner": MembershipRole.DECISION_MAKER,
    "CFO": MembershipRole.DECISION_MAKER,
    "HR manager": MembershipRole.INFLUENCER,
    "Marketing manager": MembershipRole.INFLUENCER,
    "Buyer": MembershipRole.INFLUENCER,
    "Office manager": MembershipRole.GATEKEEPER,
    "Team lead": MembershipRole.USER,
    "Project manager": MembershipRole.USER,
}
NEWCOMERS: Final = (  # of the firm that asks first, of the firm that takes them in
    (("Helmi Niemi", "HR manager"), ("Onni Laakso", "Team lead"), ("Saga Lund", "Buyer")),
    (("Otso Tuomela", "CFO"), ("Iris Kettunen", "Project manager"), ("Tove Sandell", "Office manager")),
)
LINES: Final = {  # what a firm does, by a word of its name
    "Data": "Software", "Systems": "Software", "Tekniikka": "Industry", "Energia": "Industry", "Rakennus": "Building",
    "Kiinteistöt": "Building", "Hoiva": "Care", "Koulutus": "Education", "Foods": "Food", "Ravinto": "Food",
    "Logistiikka": "Transport", "Sport": "Sport",
}  # fmt: skip
OTHER_LINE: Final = "Services"
UNMET: Final = timedelta(days=400)  # so long the firms are known of which nobody is
TIES: Final = (
    (0, 1, TieKind.PARTNER), (0, 2, TieKind.COMPETITOR), (1, 3, TieKind.OWNER), (4, 5, TieKind.PARTNER),
    (2, 6, TieKind.COMPETITOR), (7, 3, TieKind.OWNER), (8, 0, TieKind.PARTNER),
)  # fmt: skip


def know_companies(staff: Staff, *, seed: int) -> None:
    """Let the staff say what it knows of the larger companies. The same seed, the same words."""
    chance, by = random.Random(seed), Principal(user=staff.manager)  # noqa: S311  (no secret)
    _known_since_their_people()
    _declare(by)
    firms = _largest()
    places = _places(firms)
    for number, firm in enumerate(firms):
        own: dict[str, Any] = {"owner": (staff.admin, *staff.sales)[number % 3]} if number % 5 else {}
        about = {"line": _line(firm.name), "staff": chance.randint(2, 60) * 5}
        update_company(company=firm, by=by, country="FI", custom=about, **own)
        for place in places.get(firm.pk, ()):
            since = date(chance.randint(2019, 2025), chance.randint(1, 12), 1)
            role = ROLES.get(place.title, MembershipRole.OPPONENT if chance.random() < 0.15 else "")
            update_membership(membership=place, by=by, role=role, since=since)
    _tie(firms, by)
    _came_and_went(firms, places, by)
    _wrote_lately(firms, by)


def _known_since_their_people() -> None:
    people = Membership.objects.filter(company=OuterRef("pk")).order_by("contact__created_at")
    first = people.values("contact__created_at")[:1]
    Company.objects.update(created_at=timezone.now() - UNMET)
    Company.objects.filter(Exists(people)).update(created_at=Subquery(first))


def _declare(by: Principal) -> None:
    lines = [*sorted(set(LINES.values())), OTHER_LINE]
    declare_field(by=by, of="company", key="line", label="Line of business", kind=FieldKind.CHOICE, choices=lines)
    declare_field(by=by, of="company", key="staff", label="Number of staff", kind=FieldKind.NUMBER)


def _line(name: str) -> str:
    return next((line for word, line in LINES.items() if word in name.split()), OTHER_LINE)


def _largest() -> list[Company]:
    sized = Company.objects.annotate(places=Count("memberships")).exclude(domains=[])
    return list(sized.order_by("-places", "pk")[:FIRMS])


def _places(firms: Sequence[Company]) -> Mapping[int, list[Membership]]:
    found: dict[int, list[Membership]] = {}
    for place in Membership.objects.filter(company__in=firms).select_related("contact").order_by("pk"):
        found.setdefault(place.company_id, []).append(place)
    return found


def _tie(firms: Sequence[Company], by: Principal) -> None:
    for one, other, kind in TIES:
        if max(one, other) < len(firms):
            add_tie(company=firms[one], other=firms[other], kind=kind, since=date(2023, 1 + one, 1), by=by)


def _came_and_went(firms: Sequence[Company], places: Mapping[int, list[Membership]], by: Principal) -> None:
    """In the largest three somebody left for another firm, and somebody begins soon."""
    today = timezone.localdate()
    for firm, other in zip(firms[:3], firms[3:6], strict=False):
        left, coming = places[firm.pk][-1], places[other.pk][-1]
        update_membership(membership=left, by=by, until=today - timedelta(days=40))
        join_company(contact=left.contact, company=other, by=by, title="Advisor", since=today - timedelta(days=30))
        join_company(contact=coming.contact, company=firm, by=by, since=today + timedelta(days=20))


def _wrote_lately(firms: Sequence[Company], by: Principal) -> None:
    """People with an address of a firm: one takes them in, the other asks first."""
    by_staff = Source.objects.get(key=STAFF_SOURCE)
    for firm, joining, newcomers in zip(firms[:2], (Joining.PROPOSE, Joining.JOIN), NEWCOMERS, strict=False):
        update_company(company=firm, by=by, joining=joining)
        for days, (name, title) in enumerate(newcomers, start=2):
            email = f"{name.replace(' ', '.').lower()}@{firm.domains[0]}"
            at = timezone.now() - timedelta(days=days, hours=len(name))
            made = Message(
                message_id=f"demo-{email}",
                type="contact_created",
                contact=ContactRef(email=email),
                occurred_at=at,
                properties={"name": name, "title": title, "email": email},
                by_id=by.user.pk if by.user else None,
            )
            [result] = record_events(source=by_staff, messages=[made])
            Contact.objects.filter(pk=result.contact_id or 0).update(created_at=at)
