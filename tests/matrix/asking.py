"""Asking every cell of a slice of the table, and saying in a line what was not as declared."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from http.cookies import SimpleCookie
from typing import Any, Final

from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver

from contacts.models import Source, Trust
from staff.keys import revoke_key
from staff.models import ApiKey, Role, User
from staff.policy import SCOPES
from tests.callers import make_caller
from tests.matrix.answers import METHODS, SAFE, Address, Answer, Asker, Door, Row, expected
from tests.matrix.rows import ABSENT, PARAMETERS, World

LONG: Final = os.environ.get("MATRIX") == "long"  # every scope alone, every ownership for programs too
SIGN_IN: Final = "/accounts/login/"
_PARAMETER: Final = re.compile(r"<(?:(\w+):)?(\w+)>|\(\?P<(\w+)>[^)]*\)")
# Reading may leave a trace here: what a form remembers, limits on signing in, that people were taken out as a file.
_TRACES: Final = frozenset({"django_session", "crm_cache", "staff_auditrecord"})
_SAID: Final = frozenset({"django_session"})  # a page that was asked the wrong way may say so on the next
_AT_FAULT: Final = frozenset({400, 406, 409, 411, 412, 413, 415, 422, 428, 429})


def routes(patterns: Iterable[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from routes(one.url_patterns, prefix + str(one.pattern))
        else:
            yield prefix + str(one.pattern)


class Voice:
    """An asker with the means to ask. Each question is asked as if it were the first."""

    def __init__(self, asker: Asker, client: Client, headers: dict[str, str]) -> None:
        self.asker, self.client, self.headers = asker, client, headers
        self._cookies = client.cookies.output(attrs=[], header="", sep=";")

    def ask(self, method: str, path: str) -> Any:
        self.client.cookies = SimpleCookie(self._cookies)
        more = {"data": "{}", "content_type": "application/json"} if method not in SAFE and self.headers else {}
        headers = {**self.headers, "X-Request-Id": "one-and-the-same"}
        return getattr(self.client, method.lower())(path, headers=headers, **more)


class Chorus:
    """Everybody who may ask; each comes in once, when first needed."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._there: dict[str, Voice] = {}

    def of(self, address: Address) -> list[Voice]:
        """Who tries this address: everybody the answer could be different for."""
        is_api = address.door is Door.API
        roles = list(Role.values) if LONG or not is_api else [Role.ADMIN.value]
        people = [self._there_is(role, _signed_in, role, self.world.staff[role]) for role in roles]
        nobody = self._there_is("nobody", Voice, Asker("nobody"), Client(), {})
        gone = self._there_is("disabled", _disabled, self.world)
        return [nobody, gone, *people, self._with_key("all", *SCOPES), *(self._programs(address) if is_api else ())]

    def _programs(self, address: Address) -> Iterator[Voice]:
        needed = sorted({scope for scope in address.scopes.values() if scope})
        for scope in SCOPES if LONG else needed:
            yield self._with_key(f"only {scope}", scope)
        for scope in needed:
            yield self._with_key(f"all but {scope}", *(set(SCOPES) - {scope}))
        yield self._there_is("public key", _public_key)
        yield self._there_is("revoked", _dead_key, "revoked")
        if LONG:
            yield self._there_is("expired", _dead_key, "expired")

    def _with_key(self, name: str, *scopes: str) -> Voice:
        return self._there_is(f"key: {name}", _with_key, name, *scopes)

    def _there_is(self, name: str, make: Callable[..., Voice], *given: Any) -> Voice:
        if name not in self._there:
            self._there[name] = make(*given)
        return self._there[name]


def _client(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def _signed_in(role: str, user: User) -> Voice:
    return Voice(Asker(role, role=role), _client(user), {})


def _disabled(world: World) -> Voice:
    user = User.objects.create_user(f"gone{world.team.pk}@example.com", role=Role.ADMIN)
    client = _client(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    return Voice(Asker("disabled"), client, {})


def _spoken(asker: Asker, secret: str) -> Voice:
    headers = {"Authorization": f"Bearer {secret}"}
    client = Client(raise_request_exception=False)
    client.get("/api/v1/none", headers=headers)
    return Voice(asker, client, headers)


def _with_key(name: str, *scopes: str) -> Voice:
    caller = make_caller(*scopes)
    return _used(_spoken(Asker(f"key: {name}", scopes=frozenset(scopes)), caller.secret), caller.key)


def _public_key() -> Voice:
    site, _made = Source.objects.get_or_create(key="site", defaults={"name": "Site", "trust": Trust.PUBLIC})
    caller = make_caller(source=site)
    return _used(
        _spoken(Asker("public key", scopes=frozenset(caller.key.scopes), is_public=True), caller.secret), caller.key
    )


def _dead_key(how: str) -> Voice:
    caller = make_caller()
    if how == "revoked":
        revoke_key(caller.key)
    else:
        ApiKey.objects.filter(pk=caller.key.pk).update(expires_at="2020-01-01T00:00Z")
    return _spoken(Asker(f"{how} key"), caller.secret)


def _used(voice: Voice, key: ApiKey) -> Voice:
    """A key that was used today already: its first use is written down."""
    voice.client.get("/api/v1/stages", headers=voice.headers)
    return voice


# --- Where ------------------------------------------------------------------------------------------------------------


def places(route: str, address: Address, world: World) -> dict[Row, str]:
    """The paths of one address: one for each ownership of what its parameters name."""
    names = [(found[1], found[2] or found[3]) for found in _PARAMETER.finditer(route)]
    if not names:
        return {Row.ANY: _path(route, {})}
    values = {name: world.values(address.rows.get(name, PARAMETERS.get(name, ""))) for _kind, name in names}
    there = {row for some in values.values() for row in some}
    absent = {name: ABSENT if kind in {"int", "row"} else "no-such-thing" for kind, name in names}
    if address.door is Door.API and not LONG and Row.OWN in there:
        there = {Row.OWN}
    found = {row: {name: _value(values[name], row) for name in values} for row in there if all(values.values())}
    return {row: _path(route, filled) for row, filled in (found | {Row.ABSENT: absent}).items()}


def _value(values: dict[Row, Any], row: Row) -> Any:
    return values[row] if row in values else next(iter(values.values()))


def _path(route: str, values: dict[str, Any]) -> str:
    filled = _PARAMETER.sub(lambda found: str(values.get(found[2] or found[3], "")), route)
    return "/" + re.sub(r"[\^$\\]", "", filled)


# --- Asking -----------------------------------------------------------------------------------------------------------


class Watch:
    """What was written in this transaction, counted by PostgreSQL itself: also what was taken back."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT oid, relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            )
            self.names = dict(cursor.fetchall())
        self.seen = self._counts()

    def _counts(self) -> dict[int, int]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT t, pg_stat_get_xact_tuples_inserted(t) + pg_stat_get_xact_tuples_updated(t)"
                " + pg_stat_get_xact_tuples_deleted(t) FROM unnest(%s::oid[]) t",
                [list(self.names)],
            )
            return dict(cursor.fetchall())

    def written(self) -> dict[str, int]:
        """The tables written to since the last time this was asked, and how many rows."""
        before, self.seen = self.seen, self._counts()
        return {self.names[oid]: n - before[oid] for oid, n in self.seen.items() if n != before[oid]}


def methods_for(address: Address, asker: Asker) -> Iterable[str]:
    """Those it takes; of strangers and who may do most also what browsers send, and one it may not know; or all."""
    others = {"GET", "POST", "PUT"} if asker.name in {"nobody", Role.ADMIN.value, "key: all"} else set()
    return METHODS if LONG else [one for one in METHODS if one in {*address.scopes, *others}]


def deviations(route: str, address: Address, chorus: Chorus, watch: Watch) -> tuple[int, list[str]]:
    """How many cells were asked, and those that were not answered as declared."""
    asked, wrong = 0, []
    where = places(route, address, chorus.world)
    askers = chorus.of(address)
    with transaction.atomic():
        for voice in askers:
            for method in methods_for(address, voice.asker):
                absences = set()
                for row, path in where.items():
                    want = expected(address, method, voice.asker, row)
                    watch.written()
                    answer = _ask(voice, method, path)
                    fault = judge(address, method, want, answer, watch.written())
                    asked += 1
                    if want is Answer.ABSENT:
                        absences.add(_bare(answer, path))
                    if fault:
                        wrong.append(f"{method} {route} by {voice.asker.name}, {row.value}: {want.value}; {fault}")
                if len(absences) > 1:
                    wrong.append(f"{method} {route} by {voice.asker.name}: what is not theirs differs from nothing")
        transaction.set_rollback(True)
    return asked, wrong


def _ask(voice: Voice, method: str, path: str) -> Any:
    """One request, undone at once."""
    with transaction.atomic():
        answer = voice.ask(method, path)
        transaction.set_rollback(True)
    return answer


def _bare(answer: Any, path: str) -> str:
    """The body without the address asked for, nor the token that each page has of its own."""
    said = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return re.sub(r'name="csrf[^>]*>|"csrf[^"]*"[^>]*', "", said.decode().replace(path, ""))


# --- Judging ----------------------------------------------------------------------------------------------------------


def judge(address: Address, method: str, want: Answer, answer: Any, written: dict[str, int]) -> str:
    """What is wrong with an answer; nothing when it is as declared."""
    status = answer.status_code
    led_away = status == 302 and answer.headers["Location"].startswith(SIGN_IN)
    if status >= 500:
        return f"answered {status}"
    if not _fits(address, method, want, status, led_away):
        return f"answered {status}{' to the sign-in page' if led_away else ''}"
    if want is Answer.IN and method not in SAFE:
        return ""
    is_free = want is Answer.IN or address.door in {Door.OPEN, Door.SIGNED_IN}
    allowed = _TRACES if is_free else _SAID if want is Answer.NOT_TAKEN else frozenset()
    if want is Answer.FORBIDDEN and address.door is Door.API:
        return "" if written == {"staff_auditrecord": 1} else f"not on record once: {written}"
    changed = {table: n for table, n in written.items() if table not in allowed}
    return f"wrote {changed}" if changed else ""


def _fits(address: Address, method: str, want: Answer, status: int, led_away: bool) -> bool:
    if address.door is Door.OPEN:
        return True  # it answers as it likes, but never by failing, nor by changing anything when only read
    if status == 405 and method == "HEAD" and address.door is Door.DESK:
        return True  # a page need not answer it
    match want:
        case Answer.IN:
            return (status < 400 and not led_away) or status in _AT_FAULT or _is_own_affair(address, method, status)
        case Answer.SIGN_IN:
            return led_away or (status == 405 and address.scope(method) is None)
        case Answer.NO_KEY:
            return status == 401 or (status == 405 and address.scope(method) is None)
        case Answer.FORBIDDEN:
            return status == 403
        case Answer.ABSENT:
            return status == 404
        case Answer.NOT_TAKEN:
            return status in {405, 204} or (address.door is not Door.API and _is_page(address, method))


def _is_page(address: Address, method: str) -> bool:
    """A page may look at no method but those browsers never send; what it does not take it must not act on."""
    return address.door is not Door.DESK or method in {"GET", "HEAD", "POST"}


def _is_own_affair(address: Address, method: str, status: int) -> bool:
    """One's own account says itself what is missing there; what a body names and nobody has is absent."""
    if address.door is Door.SIGNED_IN:
        return status in {401, 403, 404}
    return status == 404 and method not in SAFE and address.in_body
