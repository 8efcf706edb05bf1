"""When the demo company learned what it knows, so that a look at a past day *as known then* shows that day.

The demo is made at once: everything in it was learned today. Here its facts get the moment at which they would have
come in, and its moves the moment at which a worker would have written them down. Only the owner of the tables can.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models import DateTimeField, F, QuerySet
from django.db.models.functions import Cast, Least, Now

from campaigns.models import Cost
from contacts.models import Event, Merge
from crm.world.correcting import MISTAKEN, ORDERS
from crm.world.knowing import Known, known_moves
from crm.world.working import TYPED_IN
from funnel.folding import live_transitions
from funnel.models import Position, Transition
from funnel.reading import array, moment_of

LATE: Final = (4, 11, 6, 23, 38)  # days after which the news of the fair and of some letters came in
JOINED: Final = (3, 9, 17, 30, 52)  # days ago two were found to be one
BOOKED: Final = timedelta(days=3)  # after its last day a cost is written down


def learn_in_time(began: datetime) -> None:
    """Date what was recorded since then. It must be folded: no path comes out otherwise for it."""
    _date_facts(Event.objects.filter(recorded_at__gte=began))
    _date_merges()
    Cost.objects.update(recorded_at=Least(Now(), Cast(F("last_on"), DateTimeField()) + BOOKED))
    _date_moves()


def _date_facts(events: QuerySet[Event]) -> None:
    late = list(events.filter(message_id__startswith="world-", message_id__contains="-late-").order_by("pk"))
    mistaken = list(events.filter(message_id__startswith=MISTAKEN).order_by("pk"))
    events.update(recorded_at=Least(F("recorded_at"), F("occurred_at") + TYPED_IN))
    for number, event in enumerate(late):
        event.recorded_at = min(event.recorded_at, event.occurred_at + timedelta(days=LATE[number % len(LATE)]))
    Event.objects.bulk_update(late, ["recorded_at"])
    for event, (_ago, after) in zip(mistaken, ORDERS, strict=False):
        event.retracted_at = event.occurred_at + timedelta(days=after)
    Event.objects.bulk_update(mistaken, ["retracted_at"])


def _date_merges() -> None:
    """Never before both were met."""
    merges = list(Merge.objects.select_related("older", "newer").order_by("pk"))
    for number, merge in enumerate(merges):
        met = max(merge.older.created_at, merge.newer.created_at) + timedelta(hours=1)
        ago = timedelta(days=JOINED[number % len(JOINED)])
        merge.recorded_at = min(merge.recorded_at, max(met, merge.recorded_at - ago))
    Merge.objects.bulk_update(merges, ["recorded_at"])


_DATE_MOVES: Final = """
    UPDATE funnel_transition SET recorded_at = 'epoch'::timestamptz + learned.at * interval '1 microsecond'
      FROM unnest(%s::bigint[], %s::bigint[]) AS learned (id, at) WHERE funnel_transition.id = learned.id
"""


def _date_moves() -> None:
    """Those that stand are dated, those that do not stand any more are written anew: nobody has seen them yet."""
    leaders = list(Position.objects.live().values_list("contact", flat=True))
    known = known_moves(leaders)
    standing = {(one.contact, one.seq): one for one in known if one.until is None}
    live = {(one.contact, one.seq): one for one in live_transitions(leaders)}
    if {place: one.entry for place, one in standing.items()} != {place: one.entry for place, one in live.items()}:
        raise RuntimeError("The moves of the demo are not those that came of learning its facts one by one.")
    Transition.objects.exclude(superseded_at=None).delete()
    with connection.cursor() as cursor:
        learned = [(one.id, standing[place].since) for place, one in live.items()]
        cursor.execute(_DATE_MOVES, [array(column) for column in zip(*learned, strict=True)])
    Transition.objects.bulk_create([_row(one, one.until) for one in known if one.until is not None])


def _row(one: Known, until: int) -> Transition:
    return Transition(
        contact_id=one.contact,
        occurred_at=moment_of(one.entry.at),
        recorded_at=moment_of(one.since),
        superseded_at=moment_of(until),
        cause_id=one.entry.cause,
        seq=one.seq,
        visit=one.entry.visit,
        version=one.entry.version,
        rule=one.entry.rule,
        dimension=one.entry.dimension,
        from_value=one.entry.from_value,
        to_value=one.entry.to_value,
        source_id=one.entry.source,
        is_visitor=one.entry.is_visitor,
        evidence=one.evidence,
    )
