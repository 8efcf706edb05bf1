"""Two companies turn out to be one, or turn out not to be.

What stands around a company are rows, not events: they follow to the one that is kept, the merge names them, and
cutting it gives them back. What cannot follow waits beside.
"""

from collections.abc import Collection, Iterable, Sequence
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
from .models import MUTUAL, Company, CompanyMerge, Contact, Membership, NotThere, PlaceAside, Tie
from .naming_anew import name_anew

DETAILS: Final = ("name", "country", "joining", "owner_id", "team_id", "external_id")
OWN: Final = "custom."  # begins the name of a field that the organisation declared
_FILLED: Final = ("role", "title", "since")


def merge_companies(
    *, kept: Company, gone: Company, by: Principal, take: Collection[str] = (), keep: Collection[str] = ()
) -> CompanyMerge:
    """Make two companies one, which is `kept`; refused when one of them is no company any more.

    `take` names the details that are to be as they are of `gone`, `keep` those that are to be as they are of `kept`,
    be it nothing; of the others those of `kept` hold, where it has them.
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
            kept=kept, gone=gone, by=by.user, domains=gone.domains, fields=_chosen(kept, gone, take, keep)
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
    name_anew(people)


# --- The details ------------------------------------------------------------------------------------------------------


def _chosen(kept: Company, gone: Company, take: Collection[str], keep: Collection[str]) -> dict[str, list[Any]]:
    """What becomes of the details: what each was, and what it is to be."""
    names = [*DETAILS, *(f"{OWN}{key}" for key in dict.fromkeys((*kept.custom, *gone.custom)))]
    _refuse_unknown(take=set(take) - set(names), keep=set(keep) - set(names) | set(keep) & set(take))
    found = {}
    for name in names:
        before, other = _held_of(kept, name), _held_of(gone, name)
        is_open = before in (None, "") and name not in keep
        after = other if name in take or is_open else before
        if after != before:
            found[name] = [before, after]
    return found


def _refuse_unknown(**said: Collection[str]) -> None:
    for where, names in said.items():
        for name in sorted(names):
            raise ValidationError({where: ValidationError(_("“%s” cannot be chosen.") % name, code="bad_attribute")})


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
    places = Membership.objects.filter(company=merge.gone_id)
    here = _present_places(merge.kept_id, places.current().values("contact__leader"))
    both = list(places.current().filter(contact__leader__in=here).order_by("pk"))
    beside = [here[leader] for leader in _leaders(both)]
    aside = [_aside(merge, place, its) for place, its in zip(both, beside, strict=True)]
    _keep((its, one.filled) for its, one in zip(beside, aside, strict=True))
    PlaceAside.objects.bulk_create(aside)
    Membership.objects.filter(pk__in=[one.pk for one in aside]).delete()
    people = set(places.current().values_list("contact_id", flat=True)) | {one.contact_id for one in aside}
    merge.places = list(places.order_by("pk").values_list("pk", flat=True))
    places.update(company=merge.kept_id)
    return people


def _present_places(company_id: int, people: Any) -> dict[int, Membership]:
    """Of these people, by the leader of each."""
    places = list(Membership.objects.current().filter(company=company_id, contact__leader__in=people))
    return dict(zip(_leaders(places), places, strict=True))


def _leaders(places: Sequence[Membership]) -> list[int]:
    """Of whom each place is."""
    leaders = dict(Contact.objects.filter(pk__in=[one.contact_id for one in places]).values_list("pk", "leader"))
    return [leaders[one.contact_id] for one in places]


def _keep(changed: Iterable[tuple[Membership, Sequence[str]]]) -> None:
    """Write what was changed of each place, and nothing else of it."""
    by_names: dict[tuple[str, ...], list[Membership]] = {}
    for place, names in changed:
        by_names.setdefault(tuple(names), []).append(place)
    for fields, places in by_names.items():
        if fields:
            Membership.objects.bulk_update(places, fields, batch_size=500)


def _aside(merge: CompanyMerge, place: Membership, beside: Membership) -> PlaceAside:
    """The place waits; where the one in the kept company says nothing, it says what this one does."""
    filled = [name for name in _FILLED if getattr(place, name) and not getattr(beside, name)]
    for name in filled:
        setattr(beside, name, getattr(place, name))
    said = {name: getattr(place, name) for name in (*_FILLED, "by_domain", "contact_id")}
    return PlaceAside(pk=place.pk, merge=merge, beside=beside, filled=filled, **said)


def _return_people(merge: CompanyMerge) -> set[int]:
    """As it was before; a place that was ended or changed since goes back as it is."""
    places = Membership.objects.filter(pk__in=merge.places, company=merge.kept_id)
    people = set(places.values_list("contact_id", flat=True))
    places.update(company=merge.gone_id)
    asides = list(merge.asides.select_related("beside"))
    _keep((one.beside, _take_back_filled(one, one.beside)) for one in asides if one.beside)
    _stand(asides, merge.gone_id)
    return people | {one.contact_id for one in asides}


def _take_back_filled(aside: PlaceAside, beside: Membership) -> list[str]:
    same = [name for name in aside.filled if getattr(beside, name) == getattr(aside, name)]
    for name in same:
        setattr(beside, name, None if name == "since" else "")
    return same


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
    here = _present_places(kept.pk, [one.leader for one in waiting]) if waiting else {}
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
