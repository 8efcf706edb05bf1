"""Sessions as Django keeps them; session and account, which each page asks for first, are one quick statement."""

from typing import Any, Final

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connection
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from contacts.prepared import Prepared
from staff.models import User

_COLUMNS: Final = [field.attname for field in User._meta.concrete_fields]
_FIRST: Final = Prepared(
    "session_and_account",
    f"""SELECT s.session_data, {", ".join(f'u."{name}"' for name in _COLUMNS)}
          FROM django_session s LEFT JOIN staff_user u ON u.id = %(guess)s AND u.is_active
         WHERE s.session_key = %(key)s AND s.expire_date > now()""",  # noqa: S608  (names of ours)
    key="varchar",
    guess="bigint",
)
_MOST: Final = 1000


class SessionStore(DatabaseStore):
    """What a session says is known only when it is read: its account is read with it by whose it was before."""

    account: User | None = None
    _whose: Final[dict[str | None, int]] = {}

    def load(self) -> dict[str, Any]:
        key = self.session_key
        rows = _asked(key=key, guess=self._whose.get(key))
        if not rows:
            self._whose.pop(key, None)
            self._session_key = None
            return {}
        found: dict[str, Any] = self.decode(rows[0][0])
        self._note(key, found.get(SESSION_KEY), rows[0][1:])
        return found

    def _note(self, key: str | None, said: str | None, columns: tuple[Any, ...]) -> None:
        if said is None:
            return
        if said == str(columns[0]):
            self.account = User.from_db(DEFAULT_DB_ALIAS, _COLUMNS, columns)
            return
        if len(self._whose) >= _MOST:
            self._whose.clear()
        self._whose[key] = int(said)


class WhoAsks(AuthenticationMiddleware):
    """The account that was read beside the session, if all is as it should be; whatever is not, Django looks at."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        if settings.SESSION_COOKIE_NAME in request.COOKIES and (account := _account_of(request.session)):
            request.user = account


def _account_of(session: Any) -> User | None:
    """As `django.contrib.auth.get_user`: signed in by a way that we have, and with nothing changed that ends it."""
    if session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS or session.account is None:
        return None
    account: User = session.account
    is_theirs = constant_time_compare(session.get(HASH_SESSION_KEY, ""), account.get_session_auth_hash())
    return account if is_theirs else None


def _asked(**values: Any) -> list[tuple[Any, ...]]:
    """The first question of a page also tells whether the connection still holds: it need not be asked before."""
    its: Any = connection
    was_checked, its.health_check_done = its.health_check_done, True
    try:
        return _FIRST.rows(**values)
    except (OperationalError, InterfaceError):
        if was_checked or connection.connection is None or connection.in_atomic_block or connection.is_usable():
            raise
        connection.close()
        return _FIRST.rows(**values)
