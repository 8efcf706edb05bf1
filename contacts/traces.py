"""How to know that a text speaks of somebody. Pure."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

LONG_ENOUGH: Final = 6  # an id of fewer signs may stand in a text by chance
_TAIL: Final = 8  # the digits of a number that are the same with and without its country
_BETWEEN_DIGITS: Final = re.compile(r"[\s().\-/]+")
# Under which names a message says an id, by the kind it is of.
_SAID_AS: Final = {
    "user_id": ("user_id", "userid", "previousid"),
    "anonymous_id": ("anonymous_id", "anonymousid", "previousid"),
    "external": ("external_id", "externalid"),
}
_CONTACT: Final = frozenset({"contact", "contact_id", "leader", "leader_id"})


@dataclass(frozen=True, slots=True)
class Traces:
    """By what a person may be recognised in a text that somebody else wrote."""

    contacts: frozenset[int] = frozenset()
    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    ids: frozenset[tuple[str, str, str]] = field(default_factory=frozenset)  # kind, namespace, value

    def words(self) -> list[str]:
        """What tells of the person wherever it stands, in small letters: for a first look by the database."""
        ids = (value.casefold() for _kind, _namespace, value in self.ids if len(value) >= LONG_ENOUGH)
        tails = (phone[-_TAIL:] for phone in self.phones if len(phone) >= _TAIL)
        return sorted({*self.emails, *self.names, *ids, *tails})

    def are_in(self, text: str) -> bool:
        """Whether a text has an address, a number, the full name or a long id of the person."""
        folded = text.casefold()
        if any(_stands_alone(email, folded) for email in self.emails) or any(name in folded for name in self.names):
            return True
        if any(value.casefold() in folded for _kind, _space, value in self.ids if len(value) >= LONG_ENOUGH):
            return True
        digits = _BETWEEN_DIGITS.sub("", folded)
        return any(phone[-_TAIL:] in digits for phone in self.phones if len(phone) >= _TAIL)

    def are_said_in(self, raw: bytes, namespace: str = "") -> bool:
        """The same for what came over the wire from the source `namespace`, where short ids count too."""
        try:
            said = msgspec.json.decode(raw)
            return any(self._names(name, value, namespace) for name, value in _leaves(said))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # no JSON, or nested too deep to walk through
            return self.are_in(raw.decode(errors="replace"))

    def _names(self, name: str, value: Any, namespace: str) -> bool:
        if isinstance(value, str) and self.are_in(value):
            return True
        if name in _CONTACT and isinstance(value, int) and value in self.contacts:
            return True
        ids = (kind for kind, space, its in self.ids if space == namespace and its == str(value))
        return any(name.casefold() in _SAID_AS.get(kind, ()) for kind in ids)


def traces_of(
    *,
    contacts: Collection[int],
    ids: Iterable[tuple[str, str, str]],
    emails: Iterable[str],
    phones: Iterable[str],
    names: Iterable[str],
) -> Traces:
    """A name counts when it is a full one: an Anna is not the only Anna."""
    ids = list(ids)
    emails = {*emails, *(value for kind, _namespace, value in ids if kind == "email")}
    return Traces(
        contacts=frozenset(contacts),
        emails=frozenset(email.casefold() for email in emails if email),
        phones=frozenset(re.sub(r"\D", "", phone) for phone in phones if phone),
        names=frozenset(name.casefold() for name in names if name and " " in name.strip()),
        ids=frozenset(one for one in ids if one[0] != "email"),
    )


def _stands_alone(email: str, text: str) -> bool:
    """`a@b.fi` is not in `anna@b.fi`, nor in `a@b.fine.com`."""
    return bool(re.search(rf"(?<![\w.%+\-]){re.escape(email)}(?![\w\-]|\.\w)", text))


def _leaves(said: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every plain value with the name it stands under; the id of a contact stands under `contact`."""
    if isinstance(said, dict):
        for key, value in said.items():
            is_own = key == "id" and (name == "contact" or "merged_ids" in said)
            yield "", key
            yield from _leaves(value, "contact" if is_own else key)
    elif isinstance(said, list):
        for value in said:
            yield from _leaves(value, name)
    else:
        yield name, said
