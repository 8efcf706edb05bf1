"""Changes to the product's text that its processes load in a chaos run, and nobody else.

Some are *stalls*, which only make a clash likely and with which the honest build must pass; the others are
*sabotages*, each a mistake that the harness must catch. A change whose text is no longer found stops the process.
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType

Swaps = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Change:
    name: str
    says: str
    swaps: dict[str, Swaps]  # by module: what stands there, what comes in its place
    schema: tuple[str, ...] = ()  # what the owner changes after the migration


class Misfit(Exception):
    """The product's text is no longer what a change expects: look at tests/chaos/changes.py."""


def loaded_with(changes: Iterable[Change]) -> None:
    """Let the modules that are imported from now on be changed."""
    swaps: dict[str, list[tuple[str, str]]] = {}
    for change in changes:
        for module, some in change.swaps.items():
            swaps.setdefault(module, []).extend(some)
    if late := swaps.keys() & sys.modules.keys():
        raise Misfit(f"{sorted(late)} were imported before they could be changed")
    if swaps:
        sys.meta_path.insert(0, _Finder(swaps))


class _Finder(MetaPathFinder):
    def __init__(self, swaps: dict[str, list[tuple[str, str]]]) -> None:
        self.swaps = swaps

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self.swaps:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.origin is None:
            raise Misfit(f"{fullname} is gone")
        loader: Loader = _Changed(fullname, spec.origin, self.swaps[fullname])
        spec.loader = loader
        return spec


class _Changed(SourceFileLoader):
    def __init__(self, fullname: str, path: str, swaps: list[tuple[str, str]]) -> None:
        super().__init__(fullname, path)
        self.swaps = swaps

    def get_code(self, fullname: str) -> CodeType | None:
        """Never what was compiled of the honest text."""
        text = swapped(self.get_data(self.path).decode(), self.swaps, self.name)
        code: CodeType = compile(text, self.path, "exec", dont_inherit=True)
        return code


def swapped(text: str, swaps: Iterable[tuple[str, str]], module: str) -> str:
    for old, new in swaps:
        if text.count(old) != 1:
            raise Misfit(f"in {module} this stands {text.count(old)} times, not once: {old!r}")
        text = text.replace(old, new)
    return text


# --- Poison: the fold fails on certain events, in certain ways

POISON = Change(
    "poison",
    "the fold fails on some events",
    {
        "funnel.folding": (
            (
                "go_on, is_late, rank_score\n",
                "go_on, is_late, rank_score\nfrom tests.chaos.poison import poisoned\ngo_on = poisoned(go_on)\n",
            ),
        )
    },
)

# --- Stalls: where two could meet, they do

_WAIT = "__import__('tests.chaos.stalls', fromlist=['wait']).wait"

SLOW_FOLD = Change(
    "slow_fold",
    "a batch takes its time between taking the marks and reading the events",
    {
        "funnel.advancing": (
            ("    able = _able(claim.people)\n", f"    {_WAIT}(0.05)\n    able = _able(claim.people)\n"),
        )
    },
)
SLOW_WRITE = Change(
    "slow_write",
    "a batch takes its time between reading the events and writing",
    {
        "funnel.advancing": (
            ("    writing.write_moves(folded)\n", f"    {_WAIT}(0.05)\n    writing.write_moves(folded)\n"),
        )
    },
)
SLOW_INTAKE = Change(
    "slow_intake",
    "intake commits a while after its statement made the marks",
    {
        "contacts.recording": (
            ("    SELECT contact_id, id, %(mark)s FROM recorded\n", "    SELECT contact_id, id, %(mark)s FROM recorded"
             " ORDER BY contact_id RETURNING 1\n"),
            ('contact_id FROM recorded\n"""',
             "contact_id FROM recorded, (SELECT count(*) FROM marked) AS made (n),"
             ' LATERAL (SELECT pg_sleep(0.04 + 0 * made.n)) AS stall OFFSET 0\n"""'),
        )
    },
)  # fmt: skip
SLOW_START = Change(
    "slow_start",
    # for longer than the settled moment waits for somebody who has written nothing yet
    "some batches are held up between the beginning of their transaction and their first lock",
    {
        "funnel.advancing": (
            ("        _limit_transaction()\n", f"        _limit_transaction()\n        {_WAIT}(7.0, 0.3)\n"),
        )
    },
)

# --- Sabotages

SABOTAGES = (
    Change(
        "no_unique_key",
        "the log takes an event as often as it is sent",
        {
            "contacts.recording": (("    ON CONFLICT (key) DO NOTHING\n", ""),),
            "contacts.settling": (
                ("        if said.key in before:\n",
                 "        if said.key in before and before[said.key].event_id is None:\n"),
            ),
        },
        (
            "ALTER TABLE contacts_event DROP CONSTRAINT event_recorded_once",
            "CREATE INDEX event_by_key ON contacts_event (key)",
        ),
    ),
    Change(
        "order_of_arrival",
        "what comes late is folded as if it happened when it came",
        {
            "funnel.folding": (
                (
                    "    if state is None or (person.events and is_late(state, *person.events[0][:3])):\n",
                    "    if state and state.last:\n"
                    "        person.events = [\n"
                    "            event if event[:3] > state.last\n"
                    "            else event._replace(at=state.last[0] + 1 + place)\n"
                    "            for place, event in enumerate(person.events)\n"
                    "        ]\n"
                    "        person.events.sort()\n"
                    "    if state is None:\n",
                ),
            )
        },
    ),
    Change(
        "unique_mark",
        "a contact has one mark, and who finds it leaves none",
        {
            "contacts.recording": (
                ("    INSERT INTO contacts_pending (contact_id, event_id, reason)\n",
                 "    INSERT INTO contacts_pending AS known (contact_id, event_id, reason)\n"),
                ("    SELECT contact_id, id, %(mark)s FROM recorded ORDER BY contact_id RETURNING 1\n",
                 "    SELECT DISTINCT contact_id, NULL::bigint, %(mark)s FROM recorded ORDER BY contact_id\n"
                 "    ON CONFLICT (contact_id) DO NOTHING RETURNING 1\n"),
                ('"INSERT INTO contacts_pending (contact_id, reason) SELECT unnest(%s::bigint[]), %s",',
                 '"INSERT INTO contacts_pending (contact_id, reason) SELECT unnest(%s::bigint[]), %s'
                 ' ON CONFLICT (contact_id) DO NOTHING",'),
            )
        },
        ("CREATE UNIQUE INDEX one_mark_a_contact ON contacts_pending (contact_id)",),
    ),
    Change(
        "no_sweep",
        "workers look for work only when they are told of it",
        {"funnel.worker": (("    for look in SWEEPS:\n", "    for look in ():\n"),)},
    ),
    Change(
        "marks_not_locked",
        "a batch deletes all marks of its people at its end, those that came meanwhile too",
        {
            "funnel.advancing": (
                (
                    "    writing.count(folded, changes)\n",
                    "    writing.count(folded, changes)\n"
                    "    with connection.cursor() as cursor:\n"
                    '        cursor.execute("DELETE FROM contacts_pending WHERE contact_id = ANY(%s)",'
                    " [[one.contact for person in waiting for one in person.positions]])\n",
                ),
            )
        },
    ),
    Change(
        "late_less_than",
        "an event that was applied already is not late",
        {
            "funnel.fold": (
                ("(at, rank, key) <= state.last", "(at, rank, key) < state.last"),
                ("(at, event[1], event[2]) <= state.last", "(at, event[1], event[2]) < state.last"),
            )
        },
    ),
    Change(
        "stamp_of_transaction",
        "moves are stamped with the start of the transaction",
        {"funnel.claiming": (("SELECT (extract(epoch FROM clock_timestamp())", "SELECT (extract(epoch FROM now())"),)},
    ),
    Change(
        "ties_by_message_id",
        "events of one moment and rank are walked in the order of their message ids",
        {
            "funnel.reading": (
                ("           encode(uuid_send(e.key), 'hex'),\n",
                 "           encode(convert_to(lpad(e.message_id, 12, '0'), 'UTF8') || substr(uuid_send(e.key), 1, 4),"
                 " 'hex'),\n"),
            )
        },
    ),
    Change(
        "timers_outside",
        "timers fire when the events have been walked, not between them",
        {
            "funnel.fold": (
                ("            wake, plan = self._fire_before(at, state.last[0]), None\n",
                 "            (wake, _, _), plan = _next_timer(state, self.period, state.last[0]), None\n"),
            )
        },
    ),
    Change(
        "moves_deleted",
        "what came out differently is deleted, not superseded",
        {
            "funnel.writing": (
                (
                    "    UPDATE funnel_transition SET superseded_at ="
                    " 'epoch'::timestamptz + dead.stamp * interval '1 microsecond'\n"
                    "      FROM unnest(%s::bigint[], %s::bigint[]) AS dead (id, stamp)"
                    " WHERE funnel_transition.id = dead.id\n",
                    "    DELETE FROM funnel_transition USING unnest(%s::bigint[], %s::bigint[]) AS dead (id, stamp)\n"
                    "     WHERE funnel_transition.id = dead.id\n",
                ),
            )
        },
        ("GRANT DELETE ON funnel_transition TO polku",),
    ),
)  # fmt: skip

CHANGES = {change.name: change for change in (POISON, SLOW_FOLD, SLOW_WRITE, SLOW_INTAKE, SLOW_START, *SABOTAGES)}
