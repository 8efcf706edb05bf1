"""Saved views: making, changing and deleting one's own lists, and sharing them."""

from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from staff import audit
from staff.policy import Principal

from .asking import meant_by
from .filtering import CONTACT_FILTERS
from .models import SavedView, Shared
from .ordering import ORDERINGS

SHARING: Final = "views:share"
MOST_VIEWS: Final = 100  # of one owner
LONGEST_NAME: Final = 60
MOST_COLUMNS: Final = 30


def save_view(*, by: Principal, name: str, **said: Any) -> SavedView:
    """Keep a list under a name; refused when one has a view of that name. A program's belongs to who made its key."""
    owner = by.user or (by.key.created_by if by.key else None)
    if owner is None:
        raise ValidationError(_("A view belongs to somebody; nobody made this key."), code="no_owner")
    if SavedView.objects.filter(owner=owner).count() >= MOST_VIEWS:
        raise ValidationError(_("One has at most %d views. Delete one first.") % MOST_VIEWS, code="too_many")
    return _write(SavedView(owner=owner), by, {"name": name, **said})


def change_view(*, by: Principal, view: SavedView, **said: Any) -> SavedView:
    """Change what is said of one's own view."""
    return _write(view, by, said)


def delete_view(*, by: Principal, view: SavedView) -> None:
    with transaction.atomic():
        audit.record(by=by, action="view_deleted", kind="view", row=view.pk, name=view.name)
        view.delete()


def _write(view: SavedView, by: Principal, said: Mapping[str, Any]) -> SavedView:
    for name, value in said.items():
        setattr(view, name, value)
    view.name = " ".join(view.name.split())
    view.team_id = view.owner.team_id if view.shared == Shared.TEAM else None
    _check(view, by)
    with transaction.atomic():
        if view.is_default:
            SavedView.objects.filter(owner=view.owner, is_default=True).exclude(pk=view.pk).update(is_default=False)
        view.save()
        if view.shared != Shared.NOBODY:
            audit.record(by=by, action="view_shared", kind="view", row=view.pk, name=view.name, shared=view.shared)
    return view


def _check(view: SavedView, by: Principal) -> None:
    if not 0 < len(view.name) <= LONGEST_NAME:
        raise _refusal("name", _("Give it a name of at most %d characters.") % LONGEST_NAME)
    same = SavedView.objects.filter(owner=view.owner, name__iexact=view.name).exclude(pk=view.pk)
    if same.exists():
        raise _refusal("name", _("You have a view of this name already."), "already_exists")
    if view.shared not in Shared.values:
        raise _refusal("shared", _("It is nobody, team or everybody."))
    if view.shared != Shared.NOBODY and not by.may(SHARING):
        raise _refusal("shared", _("Your role may not share views."), "forbidden")
    if view.shared == Shared.TEAM and view.team_id is None:
        raise _refusal("shared", _("You are in no team."))
    if view.filter is not None:
        CONTACT_FILTERS.from_document(meant_by(view.filter, by))
    if view.ordering and view.ordering.removeprefix("-") not in ORDERINGS:
        raise _refusal("ordering", _("There is no such order."))
    if len(view.columns) > MOST_COLUMNS:
        raise _refusal("columns", _("A view has at most %d columns.") % MOST_COLUMNS)


def _refusal(name: str, words: str, code: str = "invalid") -> ValidationError:
    return ValidationError({name: ValidationError(words, code=code)})
