"""`manage.py run`: everything that Polku needs on one machine, in one process tree, until Ctrl-C.

Django is not loaded here: its settings can be read only when the servers are known.
"""

import argparse
import json
import os
import secrets
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from crm.embedded.place import Place, hold, make_folder, port_is_free, write_private
from crm.embedded.postgres import OWNER, SERVING, Postgres
from crm.embedded.processes import Program
from crm.embedded.refusal import Refusal
from crm.embedded.valkey import Valkey
from crm.supervising import StopAsked, Supervisor

ROOT = Path(__file__).resolve().parent.parent
STOPPING = (("web", "beat"), ("worker",), ("postgres", "valkey"))
QUEUES = "stage,webhook,mail,import"
CHILDREN = {
    "PYTHONUNBUFFERED": "1",
    "MALLOC_ARENA_MAX": "2",  # else each of many threads keeps memory of its own
    "PYTHONWARNINGS": "ignore::UserWarning:celery.platforms",  # that we are root is known, and said once
}
KEPT = ("SECRET_KEY", "SITE_URL", "DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL")


def main(arguments: Sequence[str]) -> int:
    options = parse(arguments)
    house = House(options)
    try:
        house.start()
        house.supervisor.watch()
        house.supervisor.say("stopping")
    except StopAsked:
        house.supervisor.say("stopping before the start was over")
    except Refusal as refusal:
        house.supervisor.say(str(refusal))
        return 1
    except OSError as error:
        house.supervisor.say(f"Cannot use {error.filename or 'the disk'}: {error.strerror}.")
        return 1
    finally:
        house.supervisor.stop_all(*STOPPING)
    house.supervisor.say("stopped")
    return 0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="manage.py run", description="Run all of Polku on this machine until Ctrl-C.")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=os.environ.get("PORT", "8000"), help="default: PORT, or 8000")
    parser.add_argument("--web-workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2 * (os.cpu_count() or 1) + 1, help="of each web worker")
    parser.add_argument("--celery-workers", type=int, default=2)
    parser.add_argument("--only-servers", action="store_true", help="PostgreSQL and Valkey alone, to restore a dump")
    parser.add_argument("--no-demo", action="store_true", help="leave an empty database empty")
    return parser.parse_args(arguments)


class House:
    """The parts of one installation on one machine, in the order in which they start."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.state = Path(os.environ.get("POLKU_STATE") or ROOT / "var").absolute()
        self.supervisor = Supervisor()
        self.environment: dict[str, str] = {**CHILDREN, "POLKU_STATE": str(self.state)}

    @property
    def address(self) -> str:
        host = "127.0.0.1" if self.options.host in {"0.0.0.0", "::"} else self.options.host  # noqa: S104
        return f"http://{host}:{self.options.port}"

    @property
    def first_login(self) -> Path:
        return self.state / "first-login.json"

    def start(self) -> None:
        self._claim()
        self._choose_secrets()
        self._start_servers()
        if self.options.only_servers:
            self.supervisor.say(f"the servers run; their addresses are in {self.state / 'environment'}")
            return
        self._upgrade()
        self._start_processes()
        self._introduce()

    def _claim(self) -> None:
        """Refuse early what would fail late: a port in use, a folder we cannot write, a second runner."""
        if not port_is_free(self.options.port, self.options.host):
            raise Refusal(f"Port {self.options.port} is in use: stop what listens there, or choose one with PORT=8001.")
        make_folder(self.state, mode=0o711 if os.geteuid() == 0 else 0o700)
        self._lock = hold(self.state / "lock")
        if os.geteuid() == 0:
            self.supervisor.say("running as root: good enough for a look, but give a real one a user of its own")

    def _choose_secrets(self) -> None:
        kept = read_environment(self.state / "environment")
        fresh = {"SECRET_KEY": secrets.token_urlsafe(50), "SITE_URL": f"http://localhost:{self.options.port}"}
        for name, value in fresh.items():
            stored = kept.get(name) if name == "SECRET_KEY" else None
            self.environment[name] = os.environ.get(name) or stored or value

    def _start_servers(self) -> None:
        given = {name: os.environ.get(name, "") for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL")}
        self.environment |= {name: value for name, value in given.items() if value}
        if given["DATABASE_URL"] and given["REDIS_URL"]:
            return self._keep_environment()
        place = Place(self.state)
        if not given["DATABASE_URL"]:
            self._start_postgres(Postgres(place))
        if not given["REDIS_URL"]:
            self._start_valkey(Valkey(place))
        return self._keep_environment()

    def _start_postgres(self, postgres: Postgres) -> None:
        postgres.prepare(self.supervisor.say)
        self._start_and_wait(postgres.program(), postgres.ready)
        postgres.ensure_database()
        self.environment["DATABASE_URL"] = postgres.url(SERVING)
        self.environment["DATABASE_OWNER_URL"] = postgres.url(OWNER)

    def _start_valkey(self, valkey: Valkey) -> None:
        valkey.prepare(self.supervisor.say)
        self._start_and_wait(valkey.program(), valkey.ready)
        self.environment["REDIS_URL"] = valkey.url()

    def _start_and_wait(self, program: Program, ready: Callable[[], bool]) -> None:
        self.supervisor.wait_until_ready(self.supervisor.start(program), ready)

    def _keep_environment(self) -> None:
        """Leave what we chose for the other commands (`manage.py shell` beside us); what others wrote there stays."""
        path = self.state / "environment"
        theirs = {name: value for name, value in read_environment(path).items() if name not in KEPT}
        ours = {name: self.environment[name] for name in KEPT if name in self.environment}
        write_private(path, "".join(f"{name}='{value}'\n" for name, value in (ours | theirs).items()))

    def _upgrade(self) -> None:
        demo = [] if self.options.no_demo else ["--demo", str(self.first_login)]
        command = (sys.executable, "manage.py", "upgrade", *demo)
        upgrade = Program("upgrade", command, environment=self.environment, folder=ROOT)
        self.supervisor.say("bringing the database up to date")
        if self.supervisor.run_to_end(upgrade):
            raise Refusal("The database could not be upgraded; the lines above say why. Nothing was started.")

    def _start_processes(self) -> None:
        options = self.options
        serving = {**self.environment, "DATABASE_OWNER_URL": ""}  # who serves need not know how to change tables
        python = (sys.executable, "-m")
        web = (options.host, str(options.port), str(options.web_workers), str(options.threads))
        worker = ("-c", str(options.celery_workers), "-Q", QUEUES, "-n", "worker@%h", "--loglevel", "INFO")
        programs = {
            "web": (*python, "crm.serving", *web),
            "worker": (*python, "crm.working", *worker),
            "beat": (*python, "crm.ticking"),
        }
        for name, command in programs.items():
            environment = {**serving, "POLKU_PROCESS": name}
            patience = 45.0 if name == "worker" else 15.0
            program = Program(name, command, patience=patience, environment=environment, whole_group=True, folder=ROOT)
            child = self.supervisor.start(program)
            if name == "web":
                self.supervisor.wait_until_ready(child, self._serves)

    def _serves(self) -> bool:
        try:
            with urlopen(f"{self.address}/readyz", timeout=1) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def _introduce(self) -> None:
        say = self.supervisor.say
        say("")
        say(f"Polku is ready: {self.environment['SITE_URL']}")
        if self.first_login.exists():
            login = json.loads(self.first_login.read_text())
            say(f"  sign in      {login['email']}   {login['password']}")
            for email, role in login.get("colleagues", {}).items():
                say(f"  or as {role.replace('_', '-'):<10}{email}   (the same password)")
            say(f"  write key    {login['write_key']}   (public: forms, tracking)")
            say(f"  API key      {login['api_key']}   (trusted: keep it secret)")
        say("  stop with Ctrl-C")
        say("")


def read_environment(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    pairs = (line.partition("=") for line in path.read_text().splitlines() if "=" in line)
    return {name: value.strip("'") for name, _, value in pairs}
