"""The product as it runs for its users, with a world in it: started, found, looked at and stopped."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent
PORT = int(os.environ.get("BENCH_PORT", "8790"))
URL = f"http://127.0.0.1:{PORT}"


def environment(state: Path) -> dict[str, str]:
    return {**os.environ, "POLKU_STATE": str(state), "API_RATE_LIMIT": "0", "LOG_LEVEL": "WARNING"}


def prepare(state: Path, contacts: int, events: int) -> None:
    """A world of that size in the state folder; one that is there already is kept, in the shape of this version."""
    note = state / "world.json"
    wanted = {"contacts": contacts, "events": events}
    with running(state, "--only-servers"):
        manage(state, "upgrade")  # as long as it takes: a dump comes before it
        if note.exists() and json.loads(note.read_text()) == wanted:
            return
        began = time.monotonic()
        manage(state, "make_world", "--contacts", str(contacts), "--events", str(events))
        took = round(time.monotonic() - began, 1)
    (state / "world_seconds.json").write_text(json.dumps(took))
    note.write_text(json.dumps(wanted))


def manage(state: Path, *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment(state), check=True, text=True, stdout=subprocess.PIPE
    ).stdout


@contextmanager
def running(state: Path, *options: str) -> Iterator[int]:
    """`manage.py run` in that folder; yields its process number once it is ready."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "run.log").open("wb") as log:
        command = [sys.executable, "manage.py", "run", "--port", str(PORT), "--no-demo", *options]
        process = subprocess.Popen(command, cwd=ROOT, env=environment(state), stdout=log, stderr=log)
        try:
            wait_until_ready(process, state / "run.log", is_whole=not options)
            yield process.pid
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=120)


def wait_until_ready(process: "subprocess.Popen[bytes]", log: Path, *, is_whole: bool) -> None:
    for _ in range(1200):
        if process.poll() is not None:
            raise SystemExit(f"The product did not start:\n{log.read_text(errors='replace')[-2000:]}")
        if is_whole:
            try:
                with urlopen(f"{URL}/readyz", timeout=1) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                pass
        elif "the servers run" in log.read_text(errors="replace"):
            return
        time.sleep(0.25)
    raise SystemExit("The product was not ready in five minutes.")


def proportional_memory(root: int) -> dict[str, float]:
    """MiB of each part below the process `root` (PSS: pages shared by several processes count in parts)."""
    parts: dict[str, float] = {}
    for pid in descendants(root):
        try:
            name = part_of(command_of(pid))
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.M)
        if found:
            parts[name] = round(parts.get(name, 0) + int(found[1]) / 1024, 1)
    return parts


@contextmanager
def stopped_workers(root: int) -> Iterator[None]:
    """The Celery worker below the process `root` stands still for a while (not for longer than STUCK_S)."""
    workers = [pid for pid in descendants(root) if part_of(command_of(pid)) == "crm.working"]
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)


def command_of(pid: int) -> str:
    """Nothing if the process is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def part_of(command: str) -> str:
    for part in ("crm.serving", "crm.working", "crm.ticking", "postgres", "valkey"):
        if part in command:
            return part
    return "runner"


def descendants(root: int) -> list[int]:
    found = [root]
    for pid in found:
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                found += [int(child) for child in task.read_text().split()]
            except OSError:
                continue
    return found
