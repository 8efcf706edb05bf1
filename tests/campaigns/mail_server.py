"""A small mail server on a port of its own, which can also be told to misbehave at a certain point."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import Final

GREETING: Final = "220 here"


@dataclass
class MailServer:
    """`answers`: what it says to a command in place of 250; `drops`: at which point it drops the line; `sees`: is told
    of each point before anything is said."""

    answers: dict[str, str] = field(default_factory=dict)
    drops: str = ""
    sees: Callable[[str], None] = lambda point: None
    letters: list[bytes] = field(default_factory=list)
    port: int = 0

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                line, _address = listener.accept()
            except OSError:
                return
            with line, suppress(OSError):
                self._converse(line)

    def _converse(self, line: socket.socket) -> None:
        told = line.makefile("rb")
        self.sees("connection")
        self._say(line, GREETING)
        while words := told.readline():
            command = words.split()[0].upper().decode() if words.split() else ""
            self.sees(command)
            if command == self.drops:
                return None
            if command == "QUIT":
                return self._say(line, "221 bye")
            if command != "DATA" or command in self.answers:
                self._say(line, self.answers.get(command, "250 ok"))
                continue
            self._say(line, "354 go on")
            letter = self._letter(told)
            self.sees("letter")
            if self.drops == "before the answer":
                return None
            self.letters.append(letter)
            if self.drops == "after taking it":
                return None
            self._say(line, self.answers.get("letter", "250 taken"))
        return None

    def _letter(self, told) -> bytes:
        lines = []
        while (words := told.readline()) not in (b".\r\n", b""):
            lines.append(words[1:] if words.startswith(b"..") else words)
        return b"".join(lines)

    def _say(self, line: socket.socket, words: str) -> None:
        line.sendall(f"{words}\r\n".encode())


@contextmanager
def mail_server(settings, **behaviour) -> Iterator[MailServer]:
    """A running one, which the settings name."""
    server = MailServer(**behaviour)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.port = listener.getsockname()[1]
        thread = Thread(target=server.serve, args=(listener,), daemon=True)
        thread.start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 5
        settings.EMAIL_HOST_USER, settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL = "", False, False
        yield server
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(timeout=5)
