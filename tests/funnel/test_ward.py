"""What may be deadly is tried in a child: only the child dies of it, and we are told who was to blame."""

import os
import signal
import time
from collections.abc import Callable
from ctypes import string_at
from pathlib import Path

import pytest

from funnel.ward import Deadly, Trial, deadly_ones


def harmless() -> None:
    """Most are."""


def tried(*runs: Callable[[], object], limit_s: float = 5.0, patience_s: float = 20.0) -> tuple[dict[int, str], int]:
    found, count = deadly_ones([Trial(run, limit_s) for run in runs], patience_s)
    assert all(isinstance(death, Deadly) for death in found.values())
    return {place: str(death) for place, death in found.items()}, count


def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def crashed() -> None:
    string_at(0)


def out_of_room() -> None:
    hoard = [bytearray(64 << 20) for _ in range(64)]
    raise AssertionError(len(hoard))


def raised() -> None:
    raise ValueError("seen when it is done in earnest")


def left() -> None:
    os._exit(66)


def stopped() -> None:
    raise SystemExit(0)


def test_each_deadly_one_is_named_with_what_it_did_and_the_harmless_are_not():
    assert tried(harmless, killed, harmless, crashed, raised, left, out_of_room, stopped, harmless) == (
        {
            1: "Its process was ended by SIGKILL.",
            3: "Its process was ended by SIGSEGV.",
            5: "It left with 66.",
            6: "It took more memory than there is for it.",
            7: "It left with 1.",
        },
        9,
    )


def test_one_that_never_ends_has_only_its_own_time():
    def endless() -> None:
        while True:
            pass

    began = time.monotonic()
    found = tried(lambda: time.sleep(0.5), endless, lambda: time.sleep(0.5), lambda: time.sleep(9), limit_s=0.4)

    assert found == ({1: "It did not come to an end in time.", 3: "It did not come to an end in time."}, 4)
    assert time.monotonic() - began < 8


def test_when_patience_ends_the_rest_was_not_tried():
    assert tried(killed, killed, harmless, patience_s=0.0) == ({}, 0)
    found, count = tried(lambda: time.sleep(9), killed, harmless, limit_s=0.1, patience_s=0.05)
    assert (list(found), count) == ([0], 1)


def test_nothing_done_in_the_child_is_seen_here_and_nothing_of_it_is_left():
    seen: list[int] = []
    before = open_files(), children()

    assert tried(lambda: seen.append(1), killed, harmless) == ({1: "Its process was ended by SIGKILL."}, 3)

    assert seen == []
    assert (open_files(), children()) == before


@pytest.mark.django_db
def test_the_child_holds_no_connection_open_and_no_handler_of_ours(tmp_path: Path):
    said = tmp_path / "said"

    def look() -> None:
        sockets = [place for place in open_files() if place.startswith("socket:")]
        said.write_text(f"{sockets} {signal.getsignal(signal.SIGTERM)!r} {signal.getsignal(signal.SIGINT)!r}")

    assert tried(look) == ({}, 1)
    assert said.read_text() == f"[] {signal.SIG_DFL!r} {signal.SIG_DFL!r}"


def open_files() -> list[str]:
    """But for the three that every process has."""
    return sorted(
        str(file.readlink()) for file in Path("/proc/self/fd").iterdir() if file.is_symlink() and int(file.name) > 2
    )


def children() -> str:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text()
