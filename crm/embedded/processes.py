"""Programs we start, and those that an earlier start left behind."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO

from crm.embedded.account import Account
from crm.embedded.refusal import Refusal

_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Program:
    """How to start and how to stop one process."""

    name: str
    command: tuple[str, ...]
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 15.0  # seconds between the request to stop and the kill
    environment: Mapping[str, str] = field(default_factory=dict)
    whole_group: bool = False  # what it forked must not outlive it
    account: Account | None = None
    folder: Path = Path("/")

    def start(self, *, output: IO[bytes] | int) -> subprocess.Popen[bytes]:
        """Start in a session of its own, so that Ctrl-C reaches only the runner; call it from the main thread."""
        return subprocess.Popen(
            self.command,
            env={**os.environ, **self.environment},
            cwd=self.folder,
            user=self.account.uid if self.account else None,
            group=self.account.gid if self.account else None,
            extra_groups=[] if self.account else None,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=partial(stop_with_parent, self.stop_signal),
        )


def stop_with_parent(stop_signal: signal.Signals = signal.SIGTERM) -> None:
    """Ask the kernel to stop this process in order when its parent is killed, so that no start finds an orphan."""
    if _LIBC:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(stop_signal))


def command_of(pid: int) -> str:
    """The command line of a live process; empty if there is none, or only a zombie."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        if sys.platform == "linux":
            return ""
    listed = subprocess.run(["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False)
    return listed.stdout


def stop_orphan(
    *, name: str, pid_file: Path, mark: str, stop_signal: signal.Signals, say: Callable[[str], None]
) -> None:
    """Stop what an earlier, killed runner left: the process of `pid_file`, if its command line bears `mark`."""
    try:
        pid = int(pid_file.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return
    command = command_of(pid)
    if mark not in command:
        if command:
            pid_file.unlink(missing_ok=True)  # the number belongs to somebody else by now
        return  # the file of a dead server stays: PostgreSQL looks by it whether parts of it still live
    say(f"{name} of an earlier start still runs (process {pid}): stopping it")
    os.kill(pid, stop_signal)
    deadline = time.monotonic() + 60
    while mark in command_of(pid):
        if time.monotonic() > deadline:
            raise Refusal(f"{name} of an earlier start (process {pid}) does not stop: stop it by hand and start again.")
        time.sleep(0.05)
