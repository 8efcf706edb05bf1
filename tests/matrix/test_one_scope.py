"""What can be done on a page and by a program needs the same scope at both doors: they call the same services."""

from collections.abc import Callable, Iterator
from inspect import isfunction, unwrap
from types import CodeType
from typing import Any, Final

from django.urls import URLPattern, URLResolver, get_resolver

from crm.desk.person.deeds import DEEDS
from rest.endpoints import Endpoint

EDGES: Final = ("crm.desk", "rest", "crm.webhooks")
OURS: Final = ("contacts", "funnel", "campaigns", "staff")
WRITING: Final = frozenset({"create", "save", "update", "delete", "bulk_create", "atomic", "record", "record_events"})
# People keep views for themselves by reading alone; those of a program are always for everybody.
# A logged talk may be followed by a task; that one asks for the scope of tasks within (`crm.desk.person.deeds`).
# A program sees everybody; what is kept in quarantine speaks of anybody, so people need more to look at it.
DIFFERENT: Final = frozenset(
    {
        "contacts.viewing.save_view",
        "contacts.viewing.delete_view",
        "contacts.replaying.replay",
        "contacts.tasking.add_task",
    }
)

Door = tuple[str, Callable[..., Any]]  # a scope, and what is called behind it


def views(patterns: Any) -> Iterator[Any]:
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from views(one.url_patterns)
        elif isinstance(one, URLPattern):
            yield one.callback


def desk_doors() -> list[Door]:
    pages = [
        (view.scope, unwrap(view))
        for view in views(get_resolver().url_patterns)
        if hasattr(view, "scope") and not hasattr(view, "operations")
    ]
    return pages + [(deed.scope, deed.do) for deed in DEEDS.values()]


def program_doors() -> list[Door]:
    classes = {getattr(view, "cls", None) for view in views(get_resolver().url_patterns)}
    endpoints = [one for one in classes if isinstance(one, type) and issubclass(one, Endpoint)]
    return [
        (operation.scope, unwrap(operation))
        for one in endpoints
        for method, operation in one.operations.items()
        if method != "GET"
    ]


def named(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from named(constant)


def is_edge(module: str) -> bool:
    return module.startswith(EDGES) or module.rpartition(".")[2].endswith(("api", "views", "api_views"))


def services(function: Callable[..., Any], seen: set[Any]) -> Iterator[Callable[..., Any]]:
    """The services that a function of the edge calls, itself or through others of the edge."""
    for name in named(function.__code__):
        found = function.__globals__.get(name)
        if not isfunction(found) or found in seen:
            continue
        seen.add(found)
        called = unwrap(found)
        if is_edge(called.__module__):
            yield from services(called, seen)
        elif called.__module__.startswith(OURS) and WRITING & set(named(called.__code__)):
            yield called


def scopes_of_services(doors: list[Door]) -> dict[str, set[str]]:
    scopes: dict[str, set[str]] = {}
    for scope, function in doors:
        for service in services(function, set()):
            scopes.setdefault(f"{service.__module__}.{service.__name__}", set()).add(scope)
    return {name: asked for name, asked in scopes.items() if name not in DIFFERENT}


def test_a_deed_asks_for_the_same_scope_on_a_page_and_of_a_program():
    pages, programs = scopes_of_services(desk_doors()), scopes_of_services(program_doors())
    both = sorted(pages.keys() & programs.keys())

    assert {name: pages[name] for name in both} == {name: programs[name] for name in both}
    assert {"contacts.merging.merge_contacts", "campaigns.mailing.write_mail", "staff.services.add_team"} <= set(both)
