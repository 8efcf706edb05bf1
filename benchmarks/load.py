"""A load from this machine: some clients with an open connection each, sending requests made beforehand."""

import multiprocessing
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it: answers with 200 a second, how long they took (milliseconds), and how many were no 200."""

    per_second: float
    p50_ms: float
    p99_ms: float
    failed: int


def request(url: str, body: bytes, headers: dict[str, str], *, method: str = "POST", query: str = "") -> bytes:
    parts = urlsplit(url)
    lines = [f"{method} {parts.path}{query} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def run(url: str, requests: Sequence[bytes], *, clients: int, seconds: float) -> Load:
    """Send the requests from a process of its own until the time is over; each is sent once."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(url, requests, clients, seconds, sender))
    process.start()
    took, failed, elapsed = receiver.recv()
    process.join()
    took.sort()
    return Load(
        per_second=round(len(took) / elapsed, 1),
        p50_ms=round(1000 * took[len(took) // 2], 2),
        p99_ms=round(1000 * took[int(len(took) * 0.99)], 2),
        failed=failed,
    )


def _send(url: str, requests: Sequence[bytes], clients: int, seconds: float, answer_to: object) -> None:
    took: list[float] = []
    failed: list[int] = []
    waiting = iter(requests)
    lock = threading.Lock()
    end = time.perf_counter() + seconds

    def client() -> None:
        connection = Connection(url)
        while time.perf_counter() < end:
            with lock:
                body = next(waiting, None)
            if body is None:
                return
            began = time.perf_counter()
            if connection.exchange(body) == 200:
                took.append(time.perf_counter() - began)
            else:
                failed.append(1)

    began = time.perf_counter()
    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answer_to.send((took or [0.0], len(failed), time.perf_counter() - began))  # type: ignore[attr-defined]


class Connection:
    """One kept-alive connection; reads answers that say their length."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.address = (str(parts.hostname), parts.port or 80)
        self.socket = self._open()
        self.last = b""  # the body of the last answer

    def _open(self) -> socket.socket:
        opened = socket.create_connection(self.address, timeout=30)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened

    def exchange(self, request: bytes) -> int:
        try:
            self.socket.sendall(request)
            return self._status()
        except OSError:
            self.socket = self._open()
            return 0

    def body(self, request: bytes) -> bytes:
        """The body of a good answer."""
        self.socket.sendall(request)
        assert self._status() == 200
        return self.last

    def _status(self) -> int:
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._more()
        head, _, body = answer.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
        while len(body) < length:
            body += self._more()
        self.last = body
        return int(head.split(b" ", 2)[1])

    def _more(self) -> bytes:
        some = self.socket.recv(65536)
        if not some:
            raise OSError("the server hung up")
        return some
