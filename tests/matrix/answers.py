"""What an address answers to whom: the doors, and the answer each gives by the policy file."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from staff.policy import PUBLIC_SCOPES, ROLE_ROWS, ROLE_SCOPES, Rows

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Door(Enum):
    API = "a key with the scope"
    DESK = "somebody signed in whose role has the scope"
    SIGNED_IN = "whoever is signed in"
    OPEN = "everybody"


class Answer(Enum):
    IN = "let in"
    SIGN_IN = "led to the sign-in page"
    NO_KEY = "401"
    FORBIDDEN = "403"
    ABSENT = "404"
    NOT_TAKEN = "405, or nothing changed"


class Row(Enum):
    """Whose a row is, seen from the one who asks."""

    OWN = "own"
    TEAM = "a colleague's"
    UNOWNED = "nobody's"
    FOREIGN = "another team's person's"
    FOREIGN_TEAM = "another team's"
    ANY = "there"  # rows without an owner
    ABSENT = "absent"


SEEN_BY_TEAM: Final = frozenset({Row.OWN, Row.TEAM, Row.UNOWNED, Row.ANY})


@dataclass(frozen=True)
class Address:
    """A line of the table: by which door, which methods with which scope, and what its parameters name."""

    door: Door
    scopes: dict[str, str]  # by method; "" needs none
    rows: dict[str, str] = field(default_factory=dict)  # kinds of rows where the parameter's name does not say it
    trusted: bool = False  # not for keys of public sources, whatever their scopes
    in_body: bool = False  # what it is about stands in the body: an empty one may be about nothing (404)

    def scope(self, method: str) -> str | None:
        """The scope `method` needs; None where it is not taken."""
        return self.scopes.get("GET" if method == "HEAD" else method)


def api(*, rows: dict[str, str] | None = None, trusted: bool = False, **scopes: str) -> Address:
    return Address(Door.API, scopes, rows or {}, trusted)


def desk(*, rows: dict[str, str] | None = None, in_body: bool = False, **scopes: str) -> Address:
    return Address(Door.DESK, scopes, rows or {}, in_body=in_body)


def signed_in(*methods: str, rows: dict[str, str] | None = None) -> Address:
    return Address(Door.SIGNED_IN, dict.fromkeys(methods or ("GET", "POST"), ""), rows or {})


def everybody(*methods: str, rows: dict[str, str] | None = None) -> Address:
    return Address(Door.OPEN, dict.fromkeys(methods or ("GET", "POST"), ""), rows or {})


@dataclass(frozen=True)
class Asker:
    """Who asks, as far as the answer depends on it."""

    name: str
    role: str = ""  # of somebody signed in; empty for programs and strangers
    scopes: frozenset[str] = frozenset()  # of a usable key
    is_public: bool = False

    @property
    def has_key(self) -> bool:
        return bool(self.scopes)


def expected(address: Address, method: str, asker: Asker, row: Row) -> Answer:
    """The declared answer of one cell."""
    if address.door is Door.OPEN:
        return Answer.IN if address.scope(method) is not None else Answer.NOT_TAKEN
    return _of_api(address, method, asker, row) if address.door is Door.API else _of_desk(address, method, asker, row)


def _of_api(address: Address, method: str, asker: Asker, row: Row) -> Answer:
    scope = address.scope(method)
    if not asker.has_key:
        return Answer.NO_KEY
    if scope is None:
        return Answer.NOT_TAKEN
    if scope not in asker.scopes or (asker.is_public and (scope not in PUBLIC_SCOPES or address.trusted)):
        return Answer.FORBIDDEN
    return Answer.ABSENT if row is Row.ABSENT else Answer.IN


def _of_desk(address: Address, method: str, asker: Asker, row: Row) -> Answer:
    scope = address.scope(method)
    if not asker.role:
        return Answer.SIGN_IN
    if scope is None:
        return Answer.NOT_TAKEN
    if scope and scope not in ROLE_SCOPES[asker.role]:
        return Answer.FORBIDDEN
    return Answer.IN if _sees(asker.role, row) else Answer.ABSENT


def _sees(role: str, row: Row) -> bool:
    return row is not Row.ABSENT and (ROLE_ROWS[role] is Rows.ALL or row in SEEN_BY_TEAM)
