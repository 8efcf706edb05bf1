"""G5, G6 and G7: the list of people as JSON and as a page, by one client over HTTP, at any depth."""

import json
import statistics
import time
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import house, load
from benchmarks.goals import PAIRS, Bench, Pace, Row, serving_limit
from benchmarks.house import URL

LOOKS = 45  # times each address is asked, and so again after each look at the plain page
FIRST = 5  # of these only warm up
PAGES = 20  # how deep "deep" is, in pages of fifty
MILLION = 500_000  # from so many people on, the limits are those of a million
WORDS = ("virtanen", "an", "mar kor")  # a surname, a beginning that many have, two beginnings

SESSION = """
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from staff.models import Role, User
user = User.objects.filter(email="bench@polku.example").first()
user = user or User.objects.create_user("bench@polku.example", role=Role.ADMIN, name="Bench")
session = SessionStore()
session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
session.create()
"""
KEY = SESSION + "print('said', session.session_key)"
_COUNT = (
    SESSION
    + """
import json
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
settings.ALLOWED_HOSTS = ["*"]
client = Client()
client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
counts = []
for address in ADDRESSES:
    of_this = []
    for _time in range(TIMES):  # what a process remembers for some seconds is asked for now and then
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address, secure=True).status_code == 200, address
        of_this.append(len(asked))
    counts.append(min(of_this))
print("said", json.dumps(counts))
"""
)


def as_json(bench: Bench) -> list[Row]:
    """G5: fifty people as JSON, without and with a search."""
    headers = {"Authorization": f"Bearer {bench.api_key}"}
    is_large = bench.contacts >= MILLION
    most = 15 if is_large else 5
    with serving_limit(bench):
        plain = _row("G5", "50 people as JSON, 1 client", 2.5, "/api/v1/contacts?limit=50", headers)
        found = [
            _row(
                "G5",
                f"the same with a search, the slowest of {len(WORDS)}: {words}",
                most,
                f"/api/v1/contacts?limit=50&q={words.replace(' ', '%20')}",
                headers,
            )
            for words in WORDS
        ]
    return [plain, max(found, key=lambda row: float(row["product"]["p50_ms"]))]


def as_pages(bench: Bench, state: Path) -> list[Row]:
    """G6: the page of the list, the first one and one deep in it."""
    headers = {"Cookie": f"polku_session={said(state, KEY)}"}
    deep = "/contacts"
    for _page in range(PAGES):
        deep = next_page(deep, headers)
    with serving_limit(bench):
        return [
            _row("G6", "the list as a page, 1 client", 8, "/contacts", headers),
            _row("G6", f"the same, {PAGES} pages deep", 8, deep, headers),
            _row("G6", "the same with a search", 8, f"/contacts?q={WORDS[0]}", headers),
        ]


def statements(state: Path) -> Row:
    """G7: what a page of the list asks the database, session and account and all."""
    return {
        "goal": "G7",
        "workload": "SQL statements a page of the list",
        "limit": {"statements": 4},
        "product": {"statements": statements_at(state, ["/contacts"], times=10)[0]},
        "unit": "statements",
    }


def statements_at(state: Path, addresses: list[str], *, times: int) -> list[int]:
    """How many statements each page makes, session and account and all: the least of so many times."""
    counts: list[int] = json.loads(said(state, f"ADDRESSES, TIMES = {addresses!r}, {times}\n{_COUNT}"))
    return counts


def said(state: Path, code: str) -> str:
    answer = house.manage(state, "shell", "--no-imports", "-c", code)
    return next(line.removeprefix("said ") for line in answer.splitlines() if line.startswith("said "))


def _row(goal: str, workload: str, most_ms: float, path: str, headers: dict[str, str]) -> Row:
    """The median time of an answer, and the pace of the machine meanwhile."""
    connection, request, pace = load.Connection(URL), _request(path, headers), Pace()
    took: list[float] = []
    for _ in range(PAIRS):
        pace.look()
        took += _asked(connection, request, path)
    return {
        "goal": goal,
        "workload": workload,
        "limit": {"p50_ms": most_ms},
        "product": {"p50_ms": round(1000 * statistics.median(took), 2)},
        "unit": "ms",
        "pace": pace.figure,
    }


def _asked(connection: load.Connection, request: bytes, path: str) -> list[float]:
    """The seconds each answer took."""
    took = []
    for _time in range(LOOKS):
        began = time.perf_counter()
        assert connection.exchange(request) == 200, path
        took.append(time.perf_counter() - began)
    return took[FIRST:]


def _request(path: str, headers: dict[str, str]) -> bytes:
    lines = [f"GET {path} HTTP/1.1", f"Host: {urlsplit(URL).netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def next_page(path: str, headers: dict[str, str]) -> str:
    body = load.Connection(URL).body(_request(path, headers)).decode()
    address = body.partition('" rel="next"')[0].rpartition('href="')[2].replace("&amp;", "&")
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"
