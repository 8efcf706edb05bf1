"""Advancing people along their path: from marks and due timers to positions, moves, effects and roll-ups.

Each batch is one transaction, in this order: marks, then positions in order of id (each the mutex of a person), then
just the marks that were locked are deleted, and only then people and events are read. Roll-ups come last, in order of
key.
"""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from threading import Lock, get_ident
from typing import Final

from django.db import InterfaceError, OperationalError, connection, transaction

from contacts.models import PendingReason
from contacts.nudge import nudge
from contacts.resting import collector_at_rest
from funnel import attempts, writing
from funnel.attempts import MOST, SUSPENDED, TRIES
from funnel.claiming import (
    LONGEST_S,
    Claim,
    Person,
    claim_people,
    due_contacts,
    make_positions,
    marked_contacts,
    put_back,
)
from funnel.clocking import follow_clocks
from funnel.company_counts import mark_their_companies
from funnel.effects import make_effects
from funnel.folding import Failed, fold_people
from funnel.holding import hold, suspend
from funnel.models import Playbook
from funnel.publishing import mark_publications
from funnel.reading import WORLD

logger = logging.getLogger(__name__)

BATCH: Final = 4000  # marks; a few tenths of a second of work
MANY: Final = BATCH // 4  # found at once: others should help
PAUSE_S: Final = 0.02
GATHER_S: Final = 0.04  # after a small batch: one costs as much as many, so let some gather for the next
LINGER_S: Final = 0.2  # twice the pause between two nudges of one process
SHIFT_S: Final = 60.0  # a task does not go on for longer; it nudges for its own relief

Choose = Callable[[int, Iterable[int]], list[int]]  # at most so many contacts, but not these; locked

IN_HAND: Final[dict[int, float]] = {}  # since when each thread of this process has a batch in hand, for the watchdog


@dataclass(slots=True)
class Tally:
    """What this process has done since it began."""

    folded: int = 0


TALLY: Final = Tally()
_one_at_a_time: Final = Lock()


@dataclass(slots=True)
class Done:
    """What came of looking for work once."""

    folded: int = 0
    retry: bool = False  # something was prepared, or failed: look again at once
    busy: bool = False  # somebody else had some of it in hand

    def __add__(self, other: "Done") -> "Done":
        return Done(self.folded + other.folded, self.retry or other.retry, self.busy or other.busy)

    def __bool__(self) -> bool:
        return self.folded > 0 or self.retry


def advance_pending(*, limit: int = BATCH) -> int:
    """Fold the people behind up to `limit` marks; return how many. A mark set meanwhile brings a person back."""
    return _advance(marked_contacts, limit).folded


def advance_due(*, limit: int = BATCH) -> int:
    """Fold until now those whose next timer has come; the log stays as it is. Return how many were folded."""
    return _advance(due_contacts, limit).folded


def advance_everything() -> int:
    """Fold until no mark waits and no timer is due; return how many folds it took."""
    mark_publications()
    folded, patience = 0, time.monotonic() + LONGEST_S
    with attempts.noting_beside():
        while (done := _advance(marked_contacts, BATCH) + _advance(due_contacts, BATCH)) or done.busy:
            folded += done.folded
            if done:
                patience = time.monotonic() + LONGEST_S
            elif time.monotonic() > patience:
                break
            else:
                time.sleep(PAUSE_S)
    close_publications()
    return folded


def work_off_pending() -> None:
    """Fold whatever is marked, and go on looking until nothing has come for a while: nudges are thinned out."""
    _work_off(marked_contacts, LINGER_S)
    close_publications()


def sweep_pending() -> None:
    """The same without waiting for more."""
    _work_off(marked_contacts, 0.0)
    close_publications()


def work_off_due() -> None:
    _work_off(due_contacts, 0.0)


def _work_off(choose: Choose, linger_s: float) -> None:
    began = found_at = time.monotonic()
    choose = _calling_for_help(choose)
    with attempts.noting_beside():
        while True:
            done = _advance(choose, BATCH)
            now = time.monotonic()
            if now - began > SHIFT_S:
                nudge()
                return
            if done or done.busy:
                found_at = now
            elif now - found_at >= linger_s:
                return
            if not done:
                time.sleep(PAUSE_S)
            elif 0 < done.folded < MANY:
                time.sleep(GATHER_S)


def _calling_for_help(choose: Choose) -> Choose:
    """Nudge once, as soon as many are found: one message woke us, and whoever we wake calls the next."""
    is_alone = True

    def chosen(limit: int, but: Iterable[int]) -> list[int]:
        nonlocal is_alone
        found = choose(limit, but)
        if is_alone and len(found) >= MANY:
            is_alone = False
            nudge()
        return found

    return chosen


def _advance(choose: Choose, limit: int) -> Done:
    with attempts.noting_beside():
        attempts.count_ended()
        troubled = attempts.in_trouble()
        done = Done()
        for contacts in attempts.retries(troubled):
            done += _batch(partial(list, contacts))
        done += _batch(partial(choose, limit, troubled))
        if done.retry and not done.folded:  # new contacts have a position now
            done += _batch(partial(choose, limit, troubled))
    return done


def _batch(choose: Callable[[], list[int]]) -> Done:
    """One batch in hand a process at a time: when it dies, nobody is counted for what another thread had in hand."""
    if connection.in_atomic_block:
        return _watched(choose)
    if not _one_at_a_time.acquire(blocking=False):
        return Done(busy=True)
    try:
        return _watched(choose)
    finally:
        _one_at_a_time.release()


def _watched(choose: Callable[[], list[int]]) -> Done:
    IN_HAND[get_ident()] = time.monotonic()
    try:
        with collector_at_rest():
            return _in_one_transaction(choose)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        if connection.in_atomic_block:
            raise
        logger.exception("a batch failed; its people are tried again")
        return Done(retry=True)
    finally:
        del IN_HAND[get_ident()]


def _in_one_transaction(choose: Callable[[], list[int]]) -> Done:
    with transaction.atomic():
        _limit_transaction()
        contacts = choose()
        if not contacts:
            return Done()
        claim = claim_people(contacts)
        if attempts.have_ended():  # somebody died with people in hand, and we may have them now
            transaction.set_rollback(True)  # the marks stay
            return Done(busy=True)
        apart = attempts.keep_apart(claim)
        put_back(mark for person in apart for mark in person.marks)
        number = attempts.note(claim)
        done = _advance_people(claim)
        attempts.strike(number)
    TALLY.folded += done.folded
    if claim.unfolded:
        make_positions(claim.unfolded)
    return done + Done(retry=bool(claim.unfolded or apart), busy=claim.busy > len(claim.unfolded))


def _advance_people(claim: Claim) -> Done:
    if not claim.people:
        return Done()
    able = _able(claim.people)
    waiting = [person for person in able if person.has_work]
    playbooks = WORLD.playbooks()  # after the marks were taken: see World
    names = WORLD.names(sources={person.source for person in waiting})
    folded, failed, left = fold_people(waiting, playbooks, names)
    writing.write_moves(folded)
    changes = writing.write_positions(folded, names)
    make_effects(folded)
    follow_clocks(folded)
    mark_their_companies(folded)
    attempts.clear(person for person in able if not person.has_work)
    _see_to(failed)
    put_back([*(mark for one in folded for mark in one.person.early_marks), *(mark for p in left for mark in p.marks)])
    writing.count(folded, changes)
    got_nowhere = sum(1 for one in folded if one.person.too_early and not one.person.has_progressed)
    return Done(folded=len(folded) - got_nowhere, retry=bool(failed or left))


def _able(people: Iterable[Person]) -> list[Person]:
    """Those who can be folded: not the erased, whose marks are gone now, and not those the fold keeps dying on."""
    able: list[Person] = []
    for person in people:
        if person.attempts == SUSPENDED:
            suspend([person])
        elif person.attempts == MOST:
            hold(person)
        elif not person.is_erased:
            able.append(person)
    return able


def _see_to(failed: Iterable[Failed]) -> None:
    """Try again those whom the fold could not take; hold what is new about them when that was the last time."""
    for one in failed:
        logger.error("the fold could not take contact %s", one.person.leader, exc_info=one.error)
        if one.person.attempts + 1 >= TRIES:
            hold(one.person, f"{type(one.error).__name__}: {one.error}")
        else:
            put_back(one.person.marks)
            attempts.count([one.person])


_LIMIT = """
    SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
           set_config('jit', 'off', true)
"""
_TIMEOUT = f", set_config('transaction_timeout', '{LONGEST_S}s', true)"  # PostgreSQL 17 and newer


def _limit_transaction() -> None:
    """No longer than the settled moment may lag; and few rows of big tables, always by index."""
    with connection.cursor() as cursor:
        if cursor.connection.server_version >= 170000 and not connection.savepoint_ids:
            cursor.execute(_LIMIT + _TIMEOUT)
        else:
            cursor.execute(_LIMIT)


_CLOSE_PUBLICATIONS = """
    UPDATE funnel_playbook SET applied_at = clock_timestamp() WHERE applied_at IS NULL AND marked_at IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM contacts_pending WHERE reason = %s)
"""


def close_publications() -> None:
    """Say of each published version that it is applied, once the last person marked for it has been folded."""
    if Playbook.objects.filter(applied_at=None).exists():
        with connection.cursor() as cursor:
            cursor.execute(_CLOSE_PUBLICATIONS, [PendingReason.PUBLICATION])
