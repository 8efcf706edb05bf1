"""Every published version and every draft, the newest proof, and how things are called: in one statement."""

from datetime import datetime
from typing import Any, Final

import msgspec
from django.utils import timezone

from contacts.prepared import Prepared
from funnel.comparing import replaced_by
from funnel.models import BacktestKind, BacktestState


class Version(msgspec.Struct, frozen=True):
    """A published version, without its rules."""

    number: int
    name: str
    since: datetime | None
    published_at: datetime
    published_by: str | None
    applied_at: datetime | None


class Draft(msgspec.Struct, frozen=True):
    pk: int
    name: str
    author: str | None
    updated_at: datetime


class Proof(msgspec.Struct, frozen=True):
    pk: int
    state: str
    result: dict[str, Any] | None
    failure: str
    finished_at: datetime | None

    @property
    def is_running(self) -> bool:
        return self.state == BacktestState.RUNNING


class Shelf(msgspec.Struct, frozen=True):
    """`versions` and `drafts` are the newest first; `names` is another one as soon as anything is called otherwise."""

    versions: list[Version]
    drafts: list[Draft]
    proof: Proof | None
    names: str

    @property
    def in_force(self) -> Version:
        """The highest number whose moment has come."""
        now = timezone.now()
        return next(one for one in self.versions if one.since is None or one.since <= now)

    @property
    def replaced(self) -> dict[int, int]:
        """Of the versions that are never in force any more, which took their place."""
        return replaced_by((one.number, one.since) for one in self.versions)

    def version(self, number: int) -> Version | None:
        return next((one for one in self.versions if one.number == number), None)


def _list(columns: str, rows: str) -> str:
    return f"(SELECT coalesce(json_agg(row_to_json(one)), '[]') FROM (SELECT {columns} FROM {rows}) one)"  # noqa: S608


_STAFF: Final = "coalesce(nullif(who.name, ''), who.email)"
_PARTS: Final = {
    "versions": _list(
        f"number, its.name, since, published_at, {_STAFF} AS published_by, applied_at",
        "funnel_playbook its LEFT JOIN staff_user who ON who.id = published_by_id ORDER BY number DESC",
    ),
    "drafts": _list(
        f"its.id AS pk, its.name, {_STAFF} AS author, updated_at",
        "funnel_playbookdraft its LEFT JOIN staff_user who ON who.id = author_id ORDER BY updated_at DESC, its.id DESC",
    ),
    "proof": f"""(SELECT row_to_json(one) FROM (
        SELECT id AS pk, state, result, failure, finished_at FROM funnel_backtest
         WHERE kind = '{BacktestKind.PROOF.value}' ORDER BY id DESC LIMIT 1) one)""",  # noqa: S608
    "names": """md5(concat((SELECT json_agg(one ORDER BY id) FROM funnel_stage one),
        (SELECT json_agg(one ORDER BY id) FROM contacts_eventtype one)))""",
}
_PAIRS: Final = ", ".join(f"'{name}', {part}" for name, part in _PARTS.items())
_SHELF: Final = Prepared("shelf_of_playbooks", f"SELECT json_build_object({_PAIRS})::text")


def shelf() -> Shelf:
    [(text,)] = _SHELF.rows()
    return msgspec.json.decode(text, type=Shelf)
