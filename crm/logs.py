"""Logs: one line an event, for people (console) or for machines (JSON), each with the request's id.

Errors of the database carry the values they stumbled over, so only the beginning of what they say is told.
"""

import logging.config
import re
from traceback import TracebackException
from typing import Any, Final, TextIO

import psycopg2
import structlog
from django.db import Error
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

_QUOTED: Final = re.compile(r': ".*')
# As they stand in a text somebody else made of an error, also in its repr; up to where a traceback goes on.
_PARTICULARS: Final = re.compile(
    r'(\n|\\n)(DETAIL|HINT|CONTEXT|LINE \d+):.*?(?=\nTraceback \(most recent call last\)|\n  File "|\Z)', re.DOTALL
)


def told(exc_info: ExcInfo) -> str:
    """The traceback of an error and of those behind it, without the values that the database names."""
    whole = TracebackException(*exc_info)
    _hush(whole)
    return "".join(whole.format()).rstrip("\n")


def _hush(one: TracebackException | None) -> None:
    while one is not None:
        if one.exc_type and issubclass(one.exc_type, (Error, psycopg2.Error)):
            first, *_more = str(one).splitlines() or [""]
            one._str = _QUOTED.sub("", first)  # type: ignore[attr-defined]
        for other in one.exceptions or ():
            _hush(other)
        if one.__cause__ is not None:
            _hush(one.__cause__)
        one = one.__context__


def without_particulars(logger: WrappedLogger, name: str, event_dict: EventDict) -> EventDict:
    """The same for what others put into words."""
    event_dict["event"] = _PARTICULARS.sub("", str(event_dict.get("event", "")))
    return event_dict


def _show(out: TextIO, exc_info: ExcInfo) -> None:
    out.write("\n" + told(exc_info))


_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]


def _renderer(as_json: bool) -> Processor:
    return (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=_show)
    )


def logging_config(*, level: str, as_json: bool) -> dict[str, Any]:
    rendering = [
        without_particulars,
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        _renderer(as_json),
    ]
    if as_json:
        rendering.insert(0, structlog.processors.ExceptionRenderer(told))
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": rendering,
                "foreign_pre_chain": _SHARED,
            },
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},  # else two lines a second
            "django.request": {"level": "ERROR"},
            "django.security.DisallowedHost": {"level": "ERROR"},
        },
    }


def configure(config: dict[str, Any]) -> None:
    logging.config.dictConfig(config)
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
