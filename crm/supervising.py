"""Children: started, listened to, started again when they die by themselves, stopped in order.

One thread: a selector waits for lines of the children, for signals and for the next start that is due.
"""

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import FrameType

from crm.embedded.processes import Program
from crm.embedded.refusal import Refusal

FIRST_DELAY_S, LONGEST_DELAY_S = 0.2, 30.0
STEADY_AFTER_S = 20.0  # a child that lived this long begins again with the first delay
PROGRESS_EVERY_S = 5.0


class StopAsked(Exception):
    """Somebody pressed Ctrl-C or sent TERM."""


@dataclass
class Child:
    program: Program
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    due_at: float | None = None  # when to start again
    deaths: int = 0
    rest: bytes = b""  # of a line that is not whole yet
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=5))

    def lived(self) -> float:
        return time.monotonic() - self.started_at


class Supervisor:
    def __init__(self, write: Callable[[str], object] | None = None) -> None:
        self.children: list[Child] = []
        self.asked = 0  # how often we were asked to stop
        self._write = write or write_out
        self._selector = selectors.DefaultSelector()
        self._wake, wake_up = socket.socketpair()
        for end in (self._wake, wake_up):
            end.setblocking(False)
        self._wake_up = wake_up
        self._selector.register(self._wake, selectors.EVENT_READ)
        signal.set_wakeup_fd(wake_up.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)  # only to wake the selector

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.asked += 1

    def say(self, words: str) -> None:
        self._write(f"polku     | {words}\n")

    # --- starting

    def start(self, program: Program) -> Child:
        child = Child(program)
        self.children.append(child)
        self._launch(child)
        return child

    def _launch(self, child: Child) -> None:
        child.due_at = None
        child.started_at = time.monotonic()
        try:
            child.process = child.program.start(output=subprocess.PIPE)
        except OSError as error:
            raise Refusal(f"Cannot start {child.program.name}: {error}.") from error
        assert child.process.stdout is not None
        os.set_blocking(child.process.stdout.fileno(), False)
        self._selector.register(child.process.stdout, selectors.EVENT_READ, child)

    def wait_until_ready(self, child: Child, ready: Callable[[], bool]) -> None:
        """As long as it takes (a recovery can take long), saying so now and then; a child that ends is a refusal."""
        progress_at = time.monotonic() + PROGRESS_EVERY_S
        while not ready():
            self._listen_for(0.05)
            if self.asked:
                raise StopAsked
            if child.process is None or child.process.poll() is not None:
                self.turn(0.1)
                said = child.last_lines[-1] if child.last_lines else "it gave no reason"
                raise Refusal(f"{child.program.name} did not start: {said}")
            if time.monotonic() > progress_at:
                self.say(f"waiting for {child.program.name} since {child.lived():.0f} s")
                progress_at += PROGRESS_EVERY_S

    def _listen_for(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self.asked:
            self.turn(left)

    def run_to_end(self, program: Program) -> int:
        """Run a command that ends by itself; its exit status."""
        child = self.start(program)
        self.children.remove(child)
        assert child.process is not None
        while child.process.poll() is None:
            self.turn(0.2)
            if self.asked:
                self._ask(child)
                self._await_end(child)
                raise StopAsked
        self._drain(child)
        return child.process.returncode

    # --- living

    def watch(self) -> None:
        """Until somebody asks to stop: pass on lines, start again what died."""
        while not self.asked:
            self.turn(self._until_next_start())
            for child in self.children:
                self._revive(child)
            reap_strangers({child.process.pid for child in self.children if child.process})

    def _until_next_start(self) -> float:
        due = [child.due_at for child in self.children if child.due_at is not None]
        return max(0.0, min(due, default=time.monotonic() + 1.0) - time.monotonic())

    def _revive(self, child: Child) -> None:
        if child.process is not None and child.process.poll() is not None:
            self._bury(child)
        if child.due_at is not None and time.monotonic() >= child.due_at:
            self._launch(child)

    def _bury(self, child: Child) -> None:
        assert child.process is not None
        self._drain(child)
        child.deaths = 0 if child.lived() > STEADY_AFTER_S else child.deaths
        delay = min(FIRST_DELAY_S * 2**child.deaths, LONGEST_DELAY_S)
        child.deaths += 1
        child.due_at = time.monotonic() + delay
        how = in_words(child.process.returncode)
        if child.program.whole_group:
            kill_group(child.process.pid)
        child.process = None
        self.say(f"{child.program.name} ended by itself ({how}); starting it again in {delay:.1f} s")

    def turn(self, timeout: float) -> None:
        """Wait for something to happen, at most `timeout` seconds, and pass on what the children say."""
        for key, _ in self._selector.select(timeout):
            if key.fileobj is self._wake:
                with contextlib.suppress(BlockingIOError):
                    self._wake.recv(4096)
            else:
                self._read(key.data, key.fd)

    def _read(self, child: Child, descriptor: int) -> bool:
        try:
            data = os.read(descriptor, 65536)
        except BlockingIOError:
            return False
        if not data:
            self._close(child, descriptor)
            return False
        *lines, child.rest = (child.rest + data).split(b"\n")
        for line in lines:
            self._pass_on(child, line)
        return True

    def _pass_on(self, child: Child, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip()
        if text:
            child.last_lines.append(text)
            self._write(f"{child.program.name:9} | {text}\n")

    def _drain(self, child: Child) -> None:
        stream = child.process and child.process.stdout
        if not stream or stream.closed:
            return
        while self._read(child, stream.fileno()):
            pass
        if not stream.closed:  # a grandchild still holds the other end
            self._close(child, stream.fileno())

    def _close(self, child: Child, descriptor: int) -> None:
        self._pass_on(child, child.rest)
        child.rest = b""
        self._selector.unregister(descriptor)
        if child.process and child.process.stdout:
            child.process.stdout.close()

    # --- stopping

    def stop_all(self, *names_in_order: Iterable[str]) -> None:
        """Stop the groups one after the other, the children of a group at once; a second request to stop hurries."""
        for names in names_in_order:
            group = [child for child in self.children if child.program.name in names and child.process]
            for child in group:
                self._ask(child)
            for child in group:
                self._await_end(child)

    def _ask(self, child: Child) -> None:
        if child.process and child.process.poll() is None:
            child.process.send_signal(child.program.stop_signal)

    def _await_end(self, child: Child) -> None:
        assert child.process is not None
        asked_at = time.monotonic()
        while child.process.poll() is None:
            self.turn(0.05)
            patience = child.program.patience if self.asked < 2 else 1.0
            if time.monotonic() > asked_at + patience:
                self.say(f"{child.program.name} does not stop: killing it")
                child.process.kill()
                child.process.wait()
        self._drain(child)
        if child.program.whole_group:
            kill_group(child.process.pid)
        child.process = None


def write_out(text: str) -> None:
    """A full disk or a closed terminal must not take the servers down."""
    with contextlib.suppress(OSError):
        sys.stdout.write(text)
        sys.stdout.flush()


def kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def in_words(returncode: int) -> str:
    if returncode >= 0:
        return f"exit status {returncode}"
    return f"killed by {signal.Signals(-returncode).name}"


def reap_strangers(ours: set[int]) -> None:
    """As process 1 of a container we inherit orphans: collect them when they end."""
    if os.getpid() != 1:
        return
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and ended.si_pid not in ours:
            os.waitpid(ended.si_pid, 0)
