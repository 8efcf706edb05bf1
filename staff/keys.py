"""Keys of programs: made once, shown once, kept only as a hash.

`sk_` keys speak for trusted sources and stay on servers; `pk_` keys speak for public ones and may be read by anybody.
A key is its kind, 8 characters by which lists name it, 32 secret ones and a checksum of 6.
"""

import hmac
import secrets
import string
import time
import zlib
from collections.abc import Collection
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from django.core.exceptions import ValidationError
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from staff import audit
from staff.models import PUBLIC_PREFIX, ApiKey
from staff.policy import PUBLIC_SCOPES, SCOPES, Principal

OURSELVES: Final = Principal()  # whoever runs Polku, at its command line
# A key that was revoked elsewhere is still taken here for as long as this.
SECONDS_REMEMBERED: Final = 4.0

_ALPHABET: Final = string.digits + string.ascii_letters
_NAMED, _SECRET, _CHECK = 8, 32, 6
_LENGTH: Final = len("sk_") + _NAMED + _SECRET + _CHECK
_remembered: dict[bytes, tuple[float, ApiKey]] = {}


def create_key(
    *,
    name: str,
    source: str,
    scopes: Collection[str],
    public: bool,
    by: Principal = OURSELVES,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Make a key that speaks for `source`; return it with its secret, which cannot be had again."""
    _check_scopes(scopes, public)
    secret = _new_secret(PUBLIC_PREFIX if public else "sk_")
    key = ApiKey.objects.create(
        name=name,
        source=source,
        prefix=_prefix(secret),
        digest=sha256(secret.encode()).digest(),
        scopes=[scope for scope in SCOPES if scope in scopes],
        created_by=by.user,
        expires_at=expires_at,
    )
    key.refresh_from_db()
    audit.record(by=by, action="key_made", kind="key", row=key.pk, source=source, scopes=key.scopes)
    return key, secret


def find_key(secret: str) -> ApiKey | None:
    """The usable key with this secret. Costs a query only every few seconds; a revocation is seen within 5."""
    digest = sha256(secret.encode(errors="replace")).digest()
    seen_at, key = _remembered.get(digest, (0.0, None))
    if key is None or time.monotonic() - seen_at > SECONDS_REMEMBERED:
        key = _load(secret, digest)
    return key if key and not _has_expired(key) else None


def revoke_key(key: ApiKey, *, by: Principal = OURSELVES) -> None:
    """From now on it opens nothing (elsewhere within seconds), for ever."""
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=Now()):
        audit.record(by=by, action="key_revoked", kind="key", row=key.pk)
    _remembered.pop(bytes(key.digest), None)


def _check_scopes(scopes: Collection[str], public: bool) -> None:
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown:
        raise ValidationError(
            _("There is no scope %(unknown)s. Scopes are: %(known)s."),
            code="unknown_scope",
            params={"unknown": ", ".join(unknown), "known": ", ".join(SCOPES)},
        )
    if not scopes:
        raise ValidationError(_("A key needs at least one scope."), code="no_scope")
    if public and not PUBLIC_SCOPES.issuperset(scopes):
        raise ValidationError(
            _("A key of a public source is read by anybody: it can only have %(scopes)s."),
            code="not_public",
            params={"scopes": ", ".join(sorted(PUBLIC_SCOPES))},
        )


def _new_secret(kind: str) -> str:
    body = kind + "".join(secrets.choice(_ALPHABET) for _ in range(_NAMED + _SECRET))
    return body + _checksum(body)


def _checksum(body: str) -> str:
    """Tells a mistyped or invented key from one of ours without asking the database."""
    number, letters = zlib.crc32(body.encode(errors="replace")), ""
    for _place in range(_CHECK):
        number, place = divmod(number, len(_ALPHABET))
        letters += _ALPHABET[place]
    return letters


def _prefix(secret: str) -> str:
    return secret[: len("sk_") + _NAMED]


def _load(secret: str, digest: bytes) -> ApiKey | None:
    _remembered.pop(digest, None)
    if len(secret) != _LENGTH or _checksum(secret[:-_CHECK]) != secret[-_CHECK:]:
        return None
    key = ApiKey.objects.usable().filter(prefix=_prefix(secret)).first()
    if key is None or not hmac.compare_digest(bytes(key.digest), digest):
        return None
    _note_use(key)
    _remembered[digest] = (time.monotonic(), key)
    return key


def _note_use(key: ApiKey) -> None:
    today = datetime.now(UTC).date()
    if key.last_used_on != today:
        key.last_used_on = today
        ApiKey.objects.filter(pk=key.pk).exclude(last_used_on=today).update(last_used_on=today)


def _has_expired(key: ApiKey) -> bool:
    return key.expires_at is not None and key.expires_at <= datetime.now(UTC)
