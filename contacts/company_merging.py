"""Two companies turn out to be one, or turn out not to be.

What stands around a company are rows, not events: they follow to the one that is kept, the merge names them, and
cutting it gives them back. What cannot follow waits beside.
"""

from collections.abc import Collection, Iterable
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from staff import audit
from staff.policy import Principal

from .companies import company_now, former_names, hold_companies, index_company
from .company_marks import mark_companies
from .matching import sort_key
from .models import MUTUAL, Company, CompanyMerge, Membership, NotThere, PlaceAside, Tie
from .projecting import project

DETAILS: Final = ("name", "country", "joining", "owner_id", "team_id", "external_id")
OWN: Final = "custom."  # begins the name of a field that the organisation declared
_FILLED: Final = ("role", "title", "since")


def merge_companies(*, kept: Company, gone: Company, by: Principal, take: Collection[str] = ()) -> CompanyMerge:
    """Make two companies one, which is `kept`; refused when one of them is no company any more.

    `take` names the details that are to be as they are of `gone`; else those of `kept` hold, where it has them.
    """
    if kept.pk == gone.pk:
        raise ValidationError(_("These two are one company already."), code="already_one")
    with transaction.atomic():
        hold_companies()
        kept, gone = _locked(kept, gone)
        for one in (kept, gone):
            if one.merged_into_id:
                raise ValidationError(_("%s is one with another company already.") % one, code="already_one")
        merge = CompanyMerge.objects.create(
            kept=kept, gone=gone, by=by.user, domains=gone.domains, fields=_chosen(kept, gone, _known(take, kept, gone))
        )
        Company.objects.filter(pk=gone.pk).update(
            merged_into=kept, domains=[], version=F("version") + 1, updated_at=Now()
        )
        if merge.fields.get("external_id"):
            Company.objects.filter(pk=gone.pk).update(external_id=None)
        _write(kept, {name: after for name, (_before, after) in merge.fields.items()}, [*kept.domains, *gone.domains])
        people = _follow_people(merge) | _named_otherwise(merge)
        _follow_ties(merge)
        _follow_words(merge)
        merge.save(update_fields=["places", "ties", "not_there"])
        _settle(kept, gone, people)
        audit.record(by=by, action="companies_merged", kind="company", row=kept.pk, company=gone.pk)
    merge.refresh_from_db()
    return merge


def cut_company_merge(*, merge: CompanyMerge, by: Principal) -> None:
    """Take a merge back: each has again what was around it, and what came since stays with the one that was kept.

    Refused when that one is itself one with another since, or when somebody else took a domain or an id meanwhile.
    """
    with transaction.atomic():
        hold_companies()
        kept, gone = _locked(merge.kept, merge.gone)
        merge = CompanyMerge.objects.select_for_update(no_key=True).get(pk=merge.pk)
        if merge.cut_at:
            raise ValidationError(_("This merge has been taken back already."), code="already_cut")
        if kept.merged_into_id:
            raise ValidationError(_("%s is one with another company since: part those two first.") % kept, code="later")
        own_id = merge.fields.get("external_id", [None, None])[1]
        _refuse_taken_since(merge, own_id, by)
        CompanyMerge.objects.filter(pk=merge.pk).update(cut_at=Now(), cut_by=by.user)
        was = {name: before for name, (before, after) in merge.fields.items() if _held_of(kept, name) == after}
        _write(kept, was, [domain for domain in kept.domains if domain not in merge.domains])
        returned = {"external_id": own_id} if own_id else {}
        Company.objects.filter(pk=gone.pk).update(
            merged_into=None, domains=merge.domains, version=F("version") + 1, updated_at=Now(), **returned
        )
        people = _return_people(merge) | _named_otherwise(merge)
        _return_ties(merge)
        NotThere.objects.filter(pk__in=merge.not_there, company=kept).update(company=gone)
        _settle(kept, gone, people | _take_up(kept))
        audit.record(by=by, action="company_merge_cut", kind="company", row=kept.pk, company=gone.pk)
    merge.refresh_from_db()


def merges_into(company: Company) -> QuerySet[CompanyMerge]:
    """Which companies turned out to be this one, the last first."""
    return CompanyMerge.objects.live().filter(kept=company).select_related("gone", "by").order_by("-pk")


def became(principal: Principal, company_id: int) -> Company | None:
    """The company that one turned out to be, where the principal sees it; nothing where it is a company of its own."""
    gone = Company.objects.filter(pk=company_id).exclude(merged_into=None).first()
    return Company.objects.visible_to(principal).filter(pk=company_now(gone).pk).first() if gone else None


def _locked(kept: Company, gone: Company) -> tuple[Company, Company]:
    """Nobody gets a place in either until the transaction ends."""
    rows = {one.pk: one for one in Company.objects.select_for_update().filter(pk__in=[kept.pk, gone.pk]).order_by("pk")}
    return rows[kept.pk], rows[gone.pk]


def _refuse_taken_since(merge: CompanyMerge, own_id: str | None, by: Principal) -> None:
    others = Company.objects.filter(merged_into=None).exclude(pk__in=[merge.kept_id, merge.gone_id])
    if other := others.filter(domains__overlap=merge.domains).first():
        taken = sorted({*other.domains} & {*merge.domains})[0]
        raise ValidationError({"domains": _taken(taken, other, by)})
    if own_id and (other := others.filter(external_id=own_id).first()):
        raise ValidationError({"external_id": _taken(own_id, other, by)})


def _taken(what: str, other: Company, by: Principal) -> ValidationError:
    said = {"what": what, "company": other}
    if Company.objects.visible_to(by).filter(pk=other.pk).exists():
        words = _("Another company has %(what)s now: %(company)s.")
        return ValidationError(words, code="already_exists", params=said | {"existing": other.pk})
    return ValidationError(_("Another company has %(what)s now."), code="already_exists", params=said)


def _settle(kept: Company, gone: Company, people: Collection[int]) -> None:
    """Count both anew, and have companies and people found by the names that hold now."""
    for one in (kept, gone):
        one.refresh_from_db()
        index_company(one, former_names([one.pk]))
    mark_companies([kept.pk, gone.pk])
    project(people)


# --- The details ------------------------------------------------------------------------------------------------------


def _known(take: Collection[str], kept: Company, gone: Company) -> Collection[str]:
    known = {*DETAILS, *(f"{OWN}{key}" for key in (*kept.custom, *gone.custom))}
    for name in take:
        if name not in known:
            raise ValidationError({"take": ValidationError(_("“%s” cannot be chosen.") % name, code="bad_attribute")})
    return take


def _chosen(kept: Company, gone: Company, take: Collection[str]) -> dict[str, list[Any]]:
    """What becomes of the details: what each was, and what it is to be."""
    found = {}
    for name in [*DETAILS, *(f"{OWN}{key}" for key in dict.fromkeys((*kept.custom, *gone.custom)))]:
        before, other = _held_of(kept, name), _held_of(gone, name)
        after = other if name in take or before in (None, "") else before
        if after != before:
            found[name] = [before, after]
    return found


def _held_of(company: Company, name: str) -> Any:
    return company.custom.get(name.removeprefix(OWN)) if name.startswith(OWN) else getattr(company, name)


def _write(company: Company, details: dict[str, Any], domains: Iterable[str]) -> None:
    own = {name.removeprefix(OWN): value for name, value in details.items() if name.startswith(OWN)}
    plain = {name: value for name, value in details.items() if not name.startswith(OWN)}
    custom = {key: value for key, value in (company.custom | own).items() if value is not None}
    Company.objects.filter(pk=company.pk).update(
        **plain,
        custom=custom,
        domains=list(dict.fromkeys(domains)),
        sort_key=sort_key(plain.get("name", company.name)),
        version=F("version") + 1,
        updated_at=Now(),
    )


def _named_otherwise(merge: CompanyMerge) -> set[int]:
    """Whoever is found by the name of the kept company, where the merge changed it."""
    if "name" not in merge.fields:
        return set()
    return set(Membership.objects.current().filter(company=merge.kept_id).values_list("contact_id", flat=True))


# --- The people -------------------------------------------------------------------------------------------------------


def _follow_people(merge: CompanyMerge) -> set[int]:
    """Every place follows, but that of somebody who has one in the kept company now; return who is found otherwise."""
    here = _present_places(merge.kept_id)
    followed, aside = [], []
    for place in Membership.objects.filter(company=merge.gone_id).select_related("contact"):
        beside = here.get(place.contact.leader_id) if place.until is None else None
        if beside:
            aside.append(_aside(merge, place, beside))
        else:
            followed.append(place)
    Membership.objects.filter(pk__in=[one.pk for one in followed]).update(company=merge.kept_id)
    PlaceAside.objects.bulk_create(aside)
    Membership.objects.filter(pk__in=[one.pk for one in aside]).delete()
    merge.places = [one.pk for one in followed]
    return {one.contact_id for one in aside} | {one.contact_id for one in followed if one.until is None}


def _present_places(company_id: int) -> dict[int, Membership]:
    """By the leader of each person."""
    places = Membership.objects.current().filter(company=company_id).select_related("contact")
    return {place.contact.leader_id: place for place in places}


def _aside(merge: CompanyMerge, place: Membership, beside: Membership) -> PlaceAside:
    """The place waits; where the one in the kept company says nothing, it says what this one does."""
    filled = [name for name in _FILLED if getattr(place, name) and not getattr(beside, name)]
    if filled:
        for name in filled:
            setattr(beside, name, getattr(place, name))
        beside.save(update_fields=filled)
    said = {name: getattr(place, name) for name in (*_FILLED, "by_domain", "contact_id")}
    return PlaceAside(pk=place.pk, merge=merge, beside=beside, filled=filled, **said)


def _return_people(merge: CompanyMerge) -> set[int]:
    """As it was before; a place that was ended or changed since goes back as it is."""
    places = Membership.objects.filter(pk__in=merge.places, company=merge.kept_id)
    people = set(places.values_list("contact_id", flat=True))
    places.update(company=merge.gone_id)
    asides = list(merge.asides.select_related("beside"))
    for one in asides:
        _take_back_filled(one)
    _stand(asides, merge.gone_id)
    return people | {one.contact_id for one in asides}


def _take_back_filled(aside: PlaceAside) -> None:
    beside = aside.beside
    if beside is None:
        return
    same = [name for name in aside.filled if getattr(beside, name) == getattr(aside, name)]
    for name in same:
        setattr(beside, name, None if name == "since" else "")
    beside.save(update_fields=same)


def _stand(asides: Collection[PlaceAside], company_id: int) -> None:
    """They are places again, in this company."""
    said = (*_FILLED, "by_domain", "contact_id")
    places = [
        Membership(pk=one.pk, company_id=company_id, **{name: getattr(one, name) for name in said}) for one in asides
    ]
    PlaceAside.objects.filter(pk__in=[one.pk for one in asides]).delete()
    Membership.objects.bulk_create(places, ignore_conflicts=True)


def _take_up(kept: Company) -> set[int]:
    """Places that waited beside one that went back follow after all."""
    waiting = list(
        PlaceAside.objects.filter(merge__kept=kept, merge__cut_at=None).annotate(leader=F("contact__leader_id"))
    )
    here = _present_places(kept.pk) if waiting else {}
    followed = {one.leader: one for one in reversed(waiting) if one.leader not in here}
    _stand(followed.values(), kept.pk)
    for merge in CompanyMerge.objects.filter(pk__in={one.merge_id for one in followed.values()}):
        merge.places += [one.pk for one in followed.values() if one.merge_id == merge.pk]
        merge.save(update_fields=["places"])
    return {one.contact_id for one in followed.values()}


# --- Ties, and who is not there ---------------------------------------------------------------------------------------


def _follow_ties(merge: CompanyMerge) -> None:
    """Ties to others follow. That between the two, and one the kept company has already, stay where they are: with
    a company that nobody sees nobody sees them."""
    merge.ties = _turned(
        Tie.objects.filter(Q(company=merge.gone_id) | Q(other=merge.gone_id)), merge.gone_id, merge.kept_id
    )


def _return_ties(merge: CompanyMerge) -> None:
    _turned(Tie.objects.filter(pk__in=merge.ties), merge.kept_id, merge.gone_id)


def _turned(ties: QuerySet[Tie], old: int, new: int) -> list[int]:
    """Lead the ties of one company to the other; return which."""
    turned = []
    for tie in ties.order_by("pk"):
        one, other = (new if end == old else end for end in (tie.company_id, tie.other_id))
        if tie.kind in MUTUAL and one and other:
            one, other = sorted((one, other))
        tie.company_id, tie.other_id = one or new, other
        if tie.company_id != tie.other_id and not _is_said(tie):
            tie.save(update_fields=["company", "other"])
            turned.append(tie.pk)
    return turned


def _is_said(tie: Tie) -> bool:
    same = Tie.objects.current().filter(
        company=tie.company_id, kind=tie.kind, other=tie.other_id, contact=tie.contact_id
    )
    return tie.until is None and same.exclude(pk=tie.pk).exists()


def _follow_words(merge: CompanyMerge) -> None:
    """Of whom it was said that they are not there."""
    known = NotThere.objects.filter(company=merge.kept_id).values("contact")
    said = NotThere.objects.filter(company=merge.gone_id).exclude(contact__in=known)
    merge.not_there = list(said.values_list("pk", flat=True))
    NotThere.objects.filter(pk__in=merge.not_there).update(company=merge.kept_id)
