"""The path's half of erasure: it is closed by transitions to nothing, and never folded again."""

from django.db import connection, transaction

from contacts.models import Contact
from funnel import writing
from funnel.circles import circle_of_nobody
from funnel.claiming import Person, claim_people, make_positions
from funnel.fold import State
from funnel.folding import Entry, Folded, fold_people
from funnel.models import RULE_ERASED, Dimension, Position, Standing, Transition
from funnel.reading import WORLD, array, micros, moment_of

_WAIT_FOR = "SELECT 1 FROM funnel_position WHERE contact_id = ANY(%s::bigint[]) ORDER BY contact_id FOR UPDATE"


def freeze_person(*, contact: Contact) -> None:
    """Fold the person behind `contact` a last time and close the path; what was known until now stays known.

    All members are frozen. Those who are frozen already stay as they are.
    """
    members = list(Contact.objects.filter(leader_id=contact.leader_id).values_list("pk", flat=True))
    make_positions(members)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_WAIT_FOR, [array(members)])
        person = _in_hand(members)
        if not person.is_erased:
            folded, *_ = fold_people([person], WORLD.playbooks(), WORLD.names(sources={person.source}))
            _write(folded)
            person = _in_hand(members)
            _write([_closed(person)])
            Position.objects.filter(contact__in=members).update(erased_at=moment_of(person.stamp))


def _in_hand(members: list[int]) -> Person:
    """Of nobody any more, as their contact will be."""
    [person] = claim_people(members).people
    person.hands = circle_of_nobody()
    return person


def _write(folded: list[Folded]) -> None:
    writing.write_moves(folded)
    changes = writing.write_positions(folded, WORLD.names())
    writing.count(folded, changes)


def _closed(person: Person) -> Folded:
    position = person.positions[0]
    present = [(Dimension.STAGE, position.stage), (Dimension.HEALTH, position.health or None)]
    if position.standing != Standing.OPEN:  # where everybody begins, without a transition
        present.append((Dimension.STANDING, position.standing))
    version = WORLD.playbooks().at(person.stamp).number
    closing = [
        Entry(
            dimension=int(dimension),
            from_value=value,
            to_value=None,
            at=person.stamp,
            rule=RULE_ERASED,
            version=version,
            cause=None,
            visit=_entries_into_nothing(person, dimension) + 1,
            evidence=None,
            source=person.source,
            is_visitor=person.is_visitor,
        )
        for dimension, value in present
        if value is not None
    ]
    entered_at = Position.objects.values_list("entered_at", flat=True).get(pk=person.leader)
    entered = None if entered_at is None else micros(entered_at)
    return Folded(person, State.start(), position.moves, closing, [], None, None, 0.0, "", entered, None, None)


def _entries_into_nothing(person: Person, dimension: Dimension) -> int:
    live = Transition.objects.live().filter(contact_id=person.leader)
    return live.filter(dimension=dimension, to_value=None).count()
