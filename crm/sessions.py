"""Sessions as Django keeps them; what each page asks first is asked in a way that costs little."""

from typing import Any, Final

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db import InterfaceError, OperationalError, connection

from contacts.prepared import Prepared

_DATA: Final = Prepared(
    "session_data",
    "SELECT session_data FROM django_session WHERE session_key = %(key)s AND expire_date > now()",
    key="varchar",
)


class SessionStore(DatabaseStore):
    def load(self) -> dict[str, Any]:
        rows = _asked(self.session_key)
        if not rows:
            self._session_key = None
            return {}
        found: dict[str, Any] = self.decode(rows[0][0])
        return found


def _asked(key: str | None) -> list[tuple[Any, ...]]:
    """The first question of a page also tells whether the connection still holds: it need not be asked before."""
    its: Any = connection
    was_checked, its.health_check_done = its.health_check_done, True
    try:
        return _DATA.rows(key=key)
    except (OperationalError, InterfaceError):
        if was_checked or connection.connection is None or connection.in_atomic_block or connection.is_usable():
            raise
        connection.close()
        return _DATA.rows(key=key)
