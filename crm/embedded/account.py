"""Who runs the servers: ourselves, or (PostgreSQL refuses root) an account without rights."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from crm.embedded.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Account:
    name: str
    uid: int
    gid: int

    def may(self, *command: str) -> bool:
        """Run `command` as this account and say whether it succeeded: the only sure test of what it can reach."""
        try:
            done = subprocess.run(
                command, user=self.uid, group=self.gid, extra_groups=[], cwd="/", capture_output=True, check=False
            )
        except OSError:
            return False
        return done.returncode == 0

    def own(self, folder: Path) -> None:
        os.chown(folder, self.uid, self.gid)


def server_account() -> Account | None:
    """None: run the servers as ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise Refusal(
        "PostgreSQL refuses to run as root, and there is no user postgres or nobody: run as an ordinary user."
    )


def readable_copy(folders: dict[Path, str], into: Path) -> None:
    """Copy folders to where every account can read them; a half-made copy is never taken for a whole one."""
    making = into.with_name(into.name + ".making")
    shutil.rmtree(making, ignore_errors=True)
    try:
        for folder, name in folders.items():
            if folder.is_dir():
                shutil.copytree(folder, making / name, symlinks=True)
        for path in (into.parent, making, *making.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        shutil.rmtree(into, ignore_errors=True)
        making.rename(into)
    except OSError as error:
        raise Refusal(f"Cannot copy the servers' programs to {into}: {error.strerror}.") from error
