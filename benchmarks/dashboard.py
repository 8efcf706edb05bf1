"""G9, the look at the path: as JSON and as the page, beside the read of one roll-up."""

import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import house, load
from benchmarks.goals import PAIRS, SECONDS, Bench, Pace, Row, serving_limit
from benchmarks.house import URL

LOOKS = 300
GOAL_MS = 8.0
PERIODS = (30, 365)
# Moves between stages in thirty days, by the key of the roll-up.
_ONE_ROLL_UP = """
    SELECT from_stage, to_stage, sum(n) FROM funnel_pacecount
     WHERE kind = 0 AND level = 0 AND whose = 0 AND NOT is_visitor
       AND block > (SELECT max(block) FROM funnel_pacecount WHERE kind = 0 AND level = 0 AND whose = 0) - 30
     GROUP BY 1, 2
"""
# Whom one campaign brought: that of most people.
_CAMPAIGN = """
    SELECT campaign FROM funnel_circle AS circle JOIN funnel_circlecount AS its ON its.circle_id = circle.id
     WHERE campaign <> '' GROUP BY campaign ORDER BY sum(n) DESC LIMIT 1
"""
# A browser in which somebody of a role is signed in; prints the cookie.
_SIGN_IN = """
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from importlib import import_module
from staff.models import Role, User
user = User.objects.get_or_create(email="{role}@bench.example.com", defaults={{"role": Role.{role}}})[0]
session = import_module(settings.SESSION_ENGINE).SessionStore()
session[SESSION_KEY] = str(user.pk)
session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.create()
print(f"{{settings.SESSION_COOKIE_NAME}}={{session.session_key}}")
"""


def looks(bench: Bench) -> list[Row]:
    """One client; moves go on being counted in the transaction that makes them, so nothing is warmed or stale."""
    answers = [("/api/v1/funnel/walk", [f"?days={days}"], bench.headers(), f"{days} days as JSON") for days in PERIODS]
    [campaign, *_] = bench.rows(_CAMPAIGN)[0]
    answers += [("/api/v1/funnel/walk", [f"?campaign={campaign}"], bench.headers(), "30 days of a campaign as JSON")]
    # another month of the plan each time: more of them than a process keeps drawings of
    months = [f"?month={2000 + number // 12}-{1 + number % 12:02}" for number in range(LOOKS)]
    pages = [("the page", [""]), ("the page, all of it drawn anew", months)]
    asked = [*answers, *(("/", queries, _signed_in("MANAGER"), what) for what, queries in pages)]
    asked.append(("/", [""], _signed_in("SALES"), "the page of who sees only theirs and nobody's"))
    with serving_limit(bench):
        return [_look(bench, path, queries, headers, what) for path, queries, headers, what in asked]


def _signed_in(role: str) -> dict[str, str]:
    said = house.manage(Path(os.environ["POLKU_STATE"]), "shell", "-v", "0", "-c", _SIGN_IN.format(role=role))
    return {"Cookie": said.split()[-1]}


def _look(bench: Bench, path: str, queries: Sequence[str], headers: dict[str, str], what: str) -> Row:
    limits, products, pace = [], [], Pace()
    requests = [load.request(f"{URL}{path}", b"", headers, method="GET", query=query) for query in queries]
    requests *= LOOKS // len(queries)
    for _ in range(PAIRS):
        pace.look()
        limits.append(_one_roll_up_ms(bench))
        products.append(load.run(URL, requests, clients=1, seconds=SECONDS))
    return {
        "goal": "G9",
        "workload": f"the path, {what}, 1 client",
        "limit": {"p50_ms": GOAL_MS},
        "product": {
            "p50_ms": statistics.median(one.p50_ms for one in products),
            "p99_ms": statistics.median(one.p99_ms for one in products),
            "one_roll_up_ms": round(statistics.median(limits), 2),
        },
        "unit": "ms",
        "pace": pace.figure,
        "failed": sum(one.failed for one in products),
    }


def _one_roll_up_ms(bench: Bench) -> float:
    took = []
    for _ in range(LOOKS):
        began = time.perf_counter()
        bench.rows(_ONE_ROLL_UP)
        took.append(1000 * (time.perf_counter() - began))
    return statistics.median(took)
