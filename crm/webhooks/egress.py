"""The one way out: a request to an address that somebody typed in, sent to public addresses only.

The name is resolved once, every address it has must be a public one, and the connection goes to the address that was
checked, so that a name which changes its mind (DNS rebinding) gains nothing. Redirects are not followed.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.encoding import iri_to_uri
from django.utils.translation import gettext_lazy as _

CONNECT_S: Final = 10.0
TOTAL_S: Final = 15.0
MOST_READ: Final = 64 * 1024

PRIVATE: Final = _("The host has a private address; only public ones are sent to.")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")  # the rest of IPv6 is no part of the internet
_FOR_PROTOCOLS: Final = ipaddress.IPv4Network("192.0.0.0/24")


class Refused(Exception):
    """We do not send there; the text says why and may be shown."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: a status, or the error that stands in its place."""

    status: int | None
    error: str = ""
    retry_after: str = ""


def check_url(url: str) -> None:
    """Refuse, when an endpoint is written down, what could never be sent to."""
    try:
        _refuse_private_literal(_read(url))
    except Refused as refusal:
        raise ValidationError(str(refusal), code="refused_address") from None


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
    """Send `body`, wait at most TOTAL_S for an answer, read no more than MOST_READ of it and keep none."""
    try:
        parts = _read(url)
        address = _public_address(parts)
        return _exchange(parts, address, body, headers)
    except Refused as refusal:
        return Reply(None, str(refusal))
    except TimeoutError:
        return Reply(None, str(_("No answer in time.")))
    except ssl.SSLError as error:
        return Reply(None, f"TLS: {error.reason or error.__class__.__name__}")
    except http.client.RemoteDisconnected:
        return Reply(None, str(_("The connection was closed without an answer.")))
    except http.client.BadStatusLine as error:
        return Reply(None, f"{_('The answer is no HTTP.')} {_readable(error)}".rstrip())
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Reply(None, _readable(error) or error.__class__.__name__)


def _readable(error: Exception) -> str:
    """It may quote what the other side sent: whatever came, it can be kept and read."""
    return "".join(filter(str.isprintable, str(error)))[:200]


def is_public(address: Address) -> bool:
    """Whether an address is one of the open internet, also when an IPv4 address hides in an IPv6 one."""
    if isinstance(address, ipaddress.IPv6Address):
        hidden = _hidden(address)
        if hidden is not None:
            return is_public(hidden)
        if address not in _GLOBAL_UNICAST:
            return False
    return address.is_global and not address.is_multicast and address not in _FOR_PROTOCOLS


def _hidden(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _read(url: str) -> SplitResult:
    try:
        url.encode()
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused(_("This is not an address of the web.")) from None
    if parts.scheme not in {"https", "http"} or not parts.hostname or port == 0:
        raise Refused(_("The address must begin with https:// and name a host."))
    if parts.username is not None or parts.password is not None:
        raise Refused(_("The address must not hold a user name or password."))
    if any(character <= " " or character in "\\\x7f" for character in url):
        raise Refused(_("The address must not hold blanks or control characters."))
    if parts.scheme == "http" and not _is_allowed(parts):
        raise Refused(_("Only https:// addresses are sent to."))
    return parts


def _is_allowed(parts: SplitResult) -> bool:
    """Named by the operator (WEBHOOK_ALLOW), as host or host:port: may be private and without TLS."""
    return bool({parts.hostname, f"{parts.hostname}:{_port(parts)}"} & set(settings.WEBHOOK_ALLOW))


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _refuse_private_literal(parts: SplitResult) -> None:
    """A number that is no public address, however it is written, or this machine; a name is asked for when we send."""
    host = str(parts.hostname).rstrip(".")
    is_here = host == "localhost" or host.endswith(".localhost")
    try:
        entries = socket.getaddrinfo(host, _port(parts), type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        entries = []  # a name
    literal = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in entries]
    if (is_here or not all(map(is_public, literal))) and not _is_allowed(parts):
        raise Refused(PRIVATE)


def _public_address(parts: SplitResult) -> str:
    host = str(parts.hostname)
    try:
        found = socket.getaddrinfo(host, _port(parts), type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        raise Refused(_("The name of the host is not known.")) from None
    addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
    if not _is_allowed(parts) and not all(is_public(ipaddress.ip_address(one)) for one in addresses):
        raise Refused(PRIVATE)
    return addresses[0]


class _Pinned(http.client.HTTPConnection):
    """A connection to an address that was checked before, under the name it was checked for."""

    def __init__(self, parts: SplitResult, address: str) -> None:
        super().__init__(str(parts.hostname), _port(parts), timeout=CONNECT_S)
        self.address = address
        self.context = ssl.create_default_context() if parts.scheme == "https" else None

    def connect(self) -> None:
        self.sock = socket.create_connection((self.address, self.port), timeout=CONNECT_S)
        if self.context:
            self.sock = self.context.wrap_socket(self.sock, server_hostname=self.host)
        self.sock.settimeout(TOTAL_S)  # connected: from here on it is the answer that is waited for


def _exchange(parts: SplitResult, address: str, body: bytes, headers: Mapping[str, str]) -> Reply:
    target = iri_to_uri((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
    connection = _Pinned(parts, address)
    try:
        with _cut_off(connection, TOTAL_S):
            connection.request("POST", target, body=body, headers=dict(headers))
            answer = connection.getresponse()
            answer.read(MOST_READ)
        return Reply(answer.status, retry_after=answer.getheader("Retry-After") or "")
    finally:
        connection.close()


@contextmanager
def _cut_off(connection: http.client.HTTPConnection, after_s: float) -> Iterator[None]:
    """End the exchange for good after a while, however slowly the other side keeps talking."""
    over = threading.Event()

    def cut() -> None:
        over.set()
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(after_s, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, http.client.HTTPException):
        if not over.is_set():
            raise
    finally:
        timer.cancel()
    if over.is_set():
        raise TimeoutError
