"""PostgreSQL as Django speaks to it, but that asking whether a kept connection still holds costs nothing."""

from select import POLLIN, poll

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    def is_usable(self) -> bool:
        """A server that has gone, or has ended our session, has said so: where nothing was said, the connection holds.

        What it said may also be something else, and after an error nothing is certain: then it is asked.
        """
        return (not self.errors_occurred and self._is_quiet()) or super().is_usable()

    def _is_quiet(self) -> bool:
        if self.connection is None or self.connection.closed:
            return False
        socket = poll()
        socket.register(self.connection.fileno(), POLLIN)
        return not socket.poll(0)
