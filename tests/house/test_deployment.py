"""The deployment files and the settings name the same things."""

import importlib.util
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

from crm.starting import QUEUES

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("upgrade", "web", "worker", "beat")
SETTINGS = (ROOT / "crm" / "settings.py").read_text()
REQUIRED = set(re.findall(r'required\(\s*"(\w+)"', SETTINGS))
KNOWN = REQUIRED | set(re.findall(r'(?:optional|env\.\w+)\(\s*"(\w+)"', SETTINGS)) | {"POLKU_STATE"}


def substituted(text: str) -> set[str]:
    return set(re.findall(r"(?<!\$)\$\{(\w+)", text))


def test_each_of_our_services_gets_every_required_setting_and_no_unknown_one():
    for name in OURS:
        given = set(SERVICES[name]["environment"])
        assert (name, REQUIRED - given, given - KNOWN) == (name, set(), set())


def test_only_the_upgrade_knows_the_role_that_owns_the_tables():
    knowing = [name for name, service in SERVICES.items() if "DATABASE_OWNER_URL" in service.get("environment", {})]

    assert knowing == ["upgrade"]
    assert all("polku_owner" not in SERVICES[name]["environment"]["DATABASE_URL"] for name in OURS)


def test_the_serving_role_is_the_one_that_the_script_makes():
    made = re.search(r"CREATE ROLE (\w+) LOGIN", (ROOT / "deploy" / "roles.sh").read_text())

    assert made
    assert SERVICES["web"]["environment"]["DATABASE_URL"].startswith(f"postgres://{made[1]}:")
    assert any(volume.startswith("./deploy/roles.sh:") for volume in SERVICES["postgres"]["volumes"])


def test_commands_start_modules_that_exist_and_workers_serve_every_queue():
    for name in ("web", "worker", "beat"):
        command = SERVICES[name]["command"]
        assert command[:2] == ["python", "-m"]
        assert importlib.util.find_spec(command[2]), name
    worker = SERVICES["worker"]["command"]
    assert worker[worker.index("-Q") + 1] == QUEUES == ",".join(settings.QUEUES)
    routed = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()}
    assert routed <= set(settings.QUEUES)


def test_one_service_builds_the_image_that_all_of_ours_use():
    assert [name for name, service in SERVICES.items() if "build" in service] == ["upgrade"]
    assert {SERVICES[name]["image"] for name in OURS} == {"polku"}


def test_services_wait_for_what_they_need_and_are_watched():
    healthy, done = {"condition": "service_healthy"}, {"condition": "service_completed_successfully"}
    for name in ("web", "worker", "beat"):
        assert SERVICES[name]["depends_on"] == {"upgrade": done, "postgres": healthy, "valkey": healthy}
    assert SERVICES["caddy"]["depends_on"] == {"web": healthy}
    assert {name for name, service in SERVICES.items() if "healthcheck" not in service} == {"upgrade", "beat"}
    # by its socket PostgreSQL is ready once before it is: while the image makes the database
    assert "-h 127.0.0.1" in " ".join(SERVICES["postgres"]["healthcheck"]["test"])
    assert "/readyz" in " ".join(SERVICES["web"]["healthcheck"]["test"])


def test_only_the_proxy_is_open_and_only_it_is_believed():
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["caddy"]
    [network] = COMPOSE["networks"]["inside"]["ipam"]["config"]
    assert SERVICES["web"]["environment"]["TRUSTED_PROXIES"] == network["subnet"]


def test_every_named_volume_is_declared_and_used():
    mounts = [volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])]

    assert {mount for mount in mounts if not mount.startswith(".")} == set(COMPOSE["volumes"])


def test_the_example_fills_in_every_variable_and_no_other():
    example = {line.partition("=")[0] for line in (ROOT / ".env.example").read_text().splitlines() if "=" in line}

    assert substituted((ROOT / "docker-compose.yml").read_text()) == example


def test_the_proxy_passes_to_where_web_listens():
    command = SERVICES["web"]["command"]

    assert "reverse_proxy {$WEB_ADDRESS:web:" + command[4] + "}" in (ROOT / "Caddyfile").read_text()


def test_the_proxy_gives_up_on_who_sends_slowly_and_passes_on_what_is_all_there():
    settings = [line.strip() for line in (ROOT / "Caddyfile").read_text().splitlines()]

    assert {"read_header 15s", "read_body 10m", "request_buffers 1MiB"} <= set(settings)
    assert settings.index("read_body 10m") < settings.index("{$SITE_HOST:localhost} {")  # an option of the whole server


def test_the_image_runs_as_somebody_without_rights():
    steps = [line.split(" ", 1) for line in (ROOT / "Dockerfile").read_text().splitlines() if line[:1].isupper()]
    users = [rest for step, rest in steps if step == "USER"]

    assert users == ["polku"]
    assert [rest for step, rest in steps if step == "VOLUME"] == ["/var/lib/polku"]


def test_npm_packages_are_pinned_and_the_lock_names_no_registry():
    package = json.loads((ROOT / "package.json").read_text())
    lock = (ROOT / "package-lock.json").read_text()
    pins = {**package["dependencies"], **package["devDependencies"]}

    assert [name for name, version in pins.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []
    assert '"resolved"' not in lock
    assert {name: json.loads(lock)["packages"][f"node_modules/{name}"]["version"] for name in pins} == pins


def test_the_unit_starts_what_stands_here():
    unit = (ROOT / "deploy" / "polku.service").read_text()
    start = re.search(r"ExecStart=/opt/polku/\.venv/bin/python (\S+) run --no-demo", unit)

    assert start
    assert (ROOT / start[1]).exists()
    assert "KillMode=mixed" in unit


def test_the_script_of_an_installation_uses_what_stands_here():
    script, polku = ((ROOT / "deploy" / name).read_text() for name in ("install.sh", "polku"))
    unit = (ROOT / "deploy" / "polku.service").read_text()
    written = set(re.findall(r"^#?(\w+)='", script, re.MULTILINE))

    assert (REQUIRED - written, written - KNOWN) == (set(), set())
    assert {"DATABASE_OWNER_URL", "TRUSTED_PROXIES"} <= written
    for shared in ("/etc/polku.env", "/opt/polku"):
        assert [shared in text for text in (script, polku, unit)] == [True] * 3
    state = re.search(r"POLKU_STATE=(\S+)", unit)
    assert state
    assert f"POLKU_STATE={state[1]}" in polku
    for limit in ("read_header 15s", "read_body 10m", "request_buffers 1MiB"):
        assert limit in script
    for name in ("install.sh", "polku"):
        assert (ROOT / "deploy" / name).stat().st_mode & 0o111
        assert subprocess.run(["sh", "-n", ROOT / "deploy" / name], check=False).returncode == 0
