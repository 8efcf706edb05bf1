"""The answer clocks follow the log when a person is folded: who asked, and whether somebody answered."""

from collections.abc import Iterable
from typing import Final

from contacts.clocks import RELEVANT, project_clocks
from contacts.models import PendingReason
from funnel.claiming import Person
from funnel.folding import Folded

# These fold somebody anew and leave what was said as it was.
_OF_THE_PATH: Final = frozenset({PendingReason.PUBLICATION, PendingReason.ATTRIBUTES})


def follow_clocks(folded: Iterable[Folded]) -> None:
    """Bring up to date the clocks of those about whom something came that may change one."""
    project_clocks(
        {
            one.person.leader: [position.contact for position in one.person.positions]
            for one in folded
            if _matters(one.person)
        }
    )


def _matters(person: Person) -> bool:
    types = {event.id: event.type for event in person.events}
    for _, event, reason in person.marks:
        if event is None:
            if reason not in _OF_THE_PATH:
                return True
        elif event not in types or types[event] in RELEVANT:
            return True
    return False
