"""Connecting programs: sources, and the keys that speak for them. A secret is shown once, when it is made."""

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from staff import audit
from staff.keys import create_key
from staff.models import ApiKey
from staff.policy import Principal

from .models import Source, SourceKind, Trust

BOTH_FOR: Final = timedelta(hours=24)  # how long a rotated key is still taken beside the new one
OURS: Final = frozenset({SourceKind.STAFF, SourceKind.IMPORT})  # nobody outside speaks for these


def add_source(*, name: str, trust: str, by: Principal) -> Source:
    """A new place that facts come from; refused when one of this name is there, for its events are told apart by it."""
    key = slugify(name)[:40].strip("-")
    if not key:
        words = _("The name of a source needs a letter from a to z or a digit.")
        raise ValidationError({"name": ValidationError(words, code="source_name")})
    with transaction.atomic():
        source, is_new = Source.objects.get_or_create(
            key=key, defaults={"name": " ".join(name.split()), "kind": SourceKind.API, "trust": trust}
        )
        if not is_new:
            words = _("There is a source of this name: make a key for it.")
            raise ValidationError({"name": ValidationError(words, code="already_exists")})
        audit.record(by=by, action="source_added", kind="source", row=source.pk, key=key, trust=trust)
    return source


def add_key(*, source: Source, by: Principal, scopes: Collection[str], name: str = "") -> tuple[ApiKey, str]:
    """A key that speaks for the source, and its secret; nobody gives rights they have not."""
    if source.kind in OURS:
        raise ValidationError({"source": ValidationError(_("Nobody outside speaks for it."), code="not_a_program")})
    beyond = sorted(set(scopes) - by.scopes)
    if beyond:
        words = _("You cannot give what you may not do yourself: %s.") % ", ".join(beyond)
        raise ValidationError({"scopes": ValidationError(words, code="beyond_you")})
    return create_key(
        name=" ".join(name.split())[:80] or source.name,
        source=source.key,
        scopes=scopes,
        public=source.trust == Trust.PUBLIC,
        by=by,
    )


def rotate_key(*, key: ApiKey, by: Principal) -> tuple[ApiKey, str]:
    """A new key with the same rights; the old one is taken for another day, so that nothing is lost meanwhile."""
    if key.revoked_at:
        raise ValidationError(_("It is revoked: make a new key."), code="revoked")
    with transaction.atomic():
        new, secret = add_key(source=Source.objects.get(key=key.source), by=by, scopes=key.scopes, name=key.name)
        ends = timezone.now() + BOTH_FOR
        if key.expires_at is None or key.expires_at > ends:
            ApiKey.objects.filter(pk=key.pk).update(expires_at=ends)
        audit.record(by=by, action="key_rotated", kind="key", row=key.pk, new=new.pk)
    return new, secret


def keys_of_programs(source: Source | None = None) -> list[ApiKey]:
    """Every key that was not revoked, or those of one source; the newest last."""
    keys = ApiKey.objects.filter(revoked_at=None)
    if source:
        keys = keys.filter(source=source.key)
    return list(keys.order_by("pk"))
