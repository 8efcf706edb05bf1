"""Saved views: making, changing and deleting one's own lists, and sharing them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from staff import audit
from staff.policy import Principal

from .asking import meant_by
from .attributes import normal_tag
from .filtering import CONTACT_FILTERS
from .models import SavedView, Shared, Tag
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


def views_follow_tag(*, by: Principal, old: str, new: str) -> list[list[Any]]:
    """Have views ask for `new` where they asked for `old`; return of each [id, filter before, filter after].

    Everybody's, when nobody has the old tag any more. Else only those of whoever renamed it: others may see people
    who are called so still.
    """
    views = SavedView.objects.select_for_update(no_key=True).filter(filter__isnull=False).order_by("pk")
    if Tag.objects.filter(name=old).exists():
        owner = by.user or (by.key.created_by if by.key else None)
        views = views.filter(owner=owner)
    followed = []
    for view in views:
        after = _retagged(view.filter, old, new)
        if after != view.filter:
            followed.append([view.pk, view.filter, after])
            SavedView.objects.filter(pk=view.pk).update(filter=after)
    return followed


def give_back_views(followed: Iterable[Sequence[Any]]) -> None:
    """Undo of that; a view that was changed since stays as it is."""
    for view_id, before, after in followed:
        SavedView.objects.filter(pk=view_id, filter=after).update(filter=before)


def _retagged(document: Any, old: str, new: str) -> Any:
    """A filter with one tag for another in all conditions on tags, each named once."""
    for joined_by in ("all", "any", "none"):
        if joined_by in document:
            return {joined_by: [_retagged(part, old, new) for part in document[joined_by]]}
    if document.get("field") != "tag":
        return document
    return {name: said if name == "field" else _called(said, old, new) for name, said in document.items()}


def _called(said: Any, old: str, new: str) -> Any:
    if isinstance(said, list):
        return list(dict.fromkeys(_called(one, old, new) for one in said))
    return new if isinstance(said, str) and normal_tag(said) == old else said


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
