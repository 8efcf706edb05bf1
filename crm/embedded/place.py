"""Where the servers' programs, data and secrets are."""

import fcntl
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import secrets
import socket
from pathlib import Path
from typing import IO, Any

from crm.embedded.account import Account, readable_copy, server_account
from crm.embedded.refusal import Refusal

SYSTEM_STATE = Path("/var/lib/polku")


def package_folder(name: str) -> Path:
    """The folder of an installed package, found without importing it."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise Refusal(f"The package {name} is not installed: run `make setup`, or give DATABASE_URL and REDIS_URL.")
    return Path(spec.submodule_search_locations[0])


class Place:
    """The folder of the embedded servers, held by one runner at a time, with its ports and passwords."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.account: Account | None = server_account()
        make_folder(state, mode=0o711 if self.account else 0o700)
        self._notes_path = state / "servers.json"
        self._notes: dict[str, Any] = json.loads(self._notes_path.read_text()) if self._notes_path.exists() else {}
        self.folder = self._find_folder()
        self._lock = hold(self.folder / "lock")

    def _find_folder(self) -> Path:
        noted = self._notes.get("folder")
        if noted and Path(noted).is_dir():
            return Path(noted)
        folder = self.state / "servers"
        make_folder(folder, mode=0o711 if self.account else 0o700)
        if self.account and not self.account.may("test", "-x", str(folder)):
            folder.rmdir()
            digest = hashlib.blake2b(str(self.state).encode(), digest_size=4).hexdigest()
            folder = SYSTEM_STATE / digest
            make_folder(folder, mode=0o711)
        self.note("folder", str(folder))
        return folder

    def data_folder(self, name: str) -> Path:
        """A folder for one server's files, closed to everybody else."""
        folder = self.folder / name
        make_folder(folder, mode=0o700)
        if self.account:
            self.account.own(folder)
        return folder

    def program(self, package: str, inside: str) -> Path:
        """A program of an installed package, copied to a readable place if the servers' account cannot run it there."""
        home = package_folder(package)
        program = home / inside
        if not self.account or self.account.may(str(program), "--version"):
            return program
        copy = SYSTEM_STATE / "programs" / f"{package}-{importlib.metadata.version(package)}"
        copied = copy / package / inside
        if not self.account.may(str(copied), "--version"):
            top = home / Path(inside).parts[0]
            readable_copy({top: f"{package}/{top.name}", home.with_name(f"{package}.libs"): f"{package}.libs"}, copy)
        if not self.account.may(str(copied), "--version"):
            raise Refusal(f"The user {self.account.name} can run neither {program} nor its copy in {copy}.")
        return copied

    def secret(self, name: str) -> str:
        return str(self._notes.get(name) or self.note(name, secrets.token_urlsafe(24)))

    def port(self, name: str) -> int:
        """The port of last time while it is free, else a new one."""
        noted = self._notes.get(name)
        if noted and port_is_free(noted):
            return int(noted)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(self.note(name, probe.getsockname()[1]))

    def note(self, name: str, value: Any) -> Any:
        self._notes[name] = value
        write_private(self._notes_path, json.dumps(self._notes, indent=1))
        return value

    def release(self) -> None:
        self._lock.close()


def make_folder(folder: Path, *, mode: int) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(mode)
    except OSError as error:
        raise Refusal(f"Cannot make the folder {folder}: {error.strerror}.") from error


def write_private(path: Path, text: str) -> None:
    """Write a file that only we can read, whole or not at all."""
    making = path.with_name(path.name + ".making")
    try:
        making.unlink(missing_ok=True)
        with os.fdopen(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        making.rename(path)
    except OSError as error:
        raise Refusal(f"Cannot write {path}: {error.strerror}.") from error


def hold(path: Path) -> IO[bytes]:
    """Hold the lock of a folder for as long as we live."""
    try:
        file = path.open("ab")
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Refusal(f"Another Polku runs on the folder {path.parent}: stop it first.") from None
    except OSError as error:
        raise Refusal(f"Cannot write {path}: {error.strerror}.") from error
    return file


def port_is_free(port: int, host: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
