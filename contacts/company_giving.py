"""Several companies given an owner or a team at once, and that taken back."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from staff import audit
from staff.models import Team, User
from staff.policy import Principal

from .models import Company, CompanyGiving, CompanyQuerySet

MOST_AT_ONCE: Final = 5000
_WHOSE: Final = ("owner_id", "team_id")


def give_companies(*, companies: CompanyQuerySet, to: Mapping[str, int | None], by: Principal) -> CompanyGiving:
    """Give these companies this owner, this team, or both; return what each was, of those it changes."""
    _check(to)
    with transaction.atomic():
        ids = list(companies.order_by().values_list("pk", flat=True)[: MOST_AT_ONCE + 1])
        if len(ids) > MOST_AT_ONCE:
            words = _("At most %d companies at once: narrow the list first.") % MOST_AT_ONCE
            raise ValidationError(words, code="too_many")
        rows = Company.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
        before = [list(row) for row in rows.exclude(_is(to)).values_list("pk", *_WHOSE)]
        giving = CompanyGiving.objects.create(by=by.user, by_key=by.key, to=dict(to), before=before)
        _write([pk for pk, *_rest in before], to)
        said = {name.removesuffix("_id"): value for name, value in to.items()}
        audit.record(by=by, action="companies_given", kind="company", number=len(before), **said)
    return giving


def take_back_giving(*, giving: CompanyGiving, by: Principal) -> int:
    """Each has again whose it was, but for those that somebody gave away since; return how many that are."""
    with transaction.atomic():
        giving = CompanyGiving.objects.select_for_update().get(pk=giving.pk)
        if giving.undone_at:
            raise ValidationError(_("This was undone already."), code="already_undone")
        ids = [pk for pk, *_rest in giving.before]
        same = Company.objects.select_for_update(no_key=True).filter(_is(giving.to), pk__in=ids).order_by("pk")
        still = set(same.values_list("pk", flat=True))
        groups: dict[tuple[int | None, ...], list[int]] = defaultdict(list)
        for pk, *whose in giving.before:
            if pk in still:
                groups[tuple(whose)].append(pk)
        for whose, its in groups.items():
            was = dict(zip(_WHOSE, whose, strict=True))
            _write(its, {name: was[name] for name in giving.to})
        CompanyGiving.objects.filter(pk=giving.pk).update(undone_at=Now())
        audit.record(by=by, action="companies_taken_back", kind="company", number=len(still))
    return len(still)


def givings_of(principal: Principal) -> Any:
    """Those that the principal made, who alone may take them back."""
    if principal.key:
        return CompanyGiving.objects.filter(by_key=principal.key)
    return CompanyGiving.objects.filter(by=principal.user)


def _check(to: Mapping[str, int | None]) -> None:
    if not to:
        raise ValidationError(_("Choose an owner or a team."), code="nothing_asked")
    owner, team = to.get("owner_id"), to.get("team_id")
    if owner and not User.objects.filter(pk=owner, is_active=True).exists():
        raise ValidationError({"owner": ValidationError(_("There is no such colleague."), code="unknown")})
    if team and not Team.objects.filter(pk=team).exists():
        raise ValidationError({"team": ValidationError(_("There is no such team."), code="unknown")})


def _is(to: Mapping[str, int | None]) -> Q:
    """Whose they are by this; nobody's too."""
    return Q(**{(f"{name}__isnull" if value is None else name): value is None or value for name, value in to.items()})


def _write(ids: list[int], to: Mapping[str, int | None]) -> None:
    Company.objects.filter(pk__in=ids).update(**to, version=F("version") + 1, updated_at=Now())
