"""The page of a published version: its rules in order, each with the moves it made lately."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final, NamedTuple

from django.core.cache import cache
from django.db import connection
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from crm.desk.drawing import joined
from crm.desk.playbooks import stories
from crm.desk.playbooks.shelf import Shelf, Version
from crm.desk.playbooks.showing import Part, points, tabs
from crm.desk.playbooks.telling import Line, Point, Teller
from crm.desk.playbooks.tokens import Vocabulary
from crm.templatetags.person import day
from crm.templatetags.playbooks import sentence
from crm.templatetags.polku import figure
from funnel.differences import written_in
from funnel.models import Playbook
from funnel.pictures import sees_everyone
from funnel.redrafting import rules_of
from staff.policy import Principal

DAYS: Final = 30
KEPT_S: Final = 300  # seconds for which the moves of each rule are not counted again


def book(version: Version, shelf: Shelf, principal: Principal, part: Part) -> dict[str, Any]:
    read = _read(version, shelf)
    moves = moves_by_rule() if sees_everyone(principal) else None
    return {
        "version": version,
        "part": part,
        "tabs": tabs(reverse("desk:playbook-version", args=[version.number]), part, read.lines, read.worths),
        "rules": _drawn((one for one in read.rules if one.dimension == part.name), moves),
        "has_moves": moves is not None,
        "points": read.points,
        "half_life": read.half_life,
        "examples": read.examples,
    }


class _Rule(NamedTuple):
    """A rule as it is drawn, up to the moves it made."""

    name: str
    dimension: str
    html: str


class _Read(NamedTuple):
    """A published version in words: as long as nothing is called otherwise, the same for all who read one language."""

    lines: Sequence[Line]
    rules: Sequence[_Rule]
    points: Sequence[Point]
    worths: int
    half_life: int
    examples: SafeString


MOST_READ: Final = 50
_reads: dict[tuple[Any, ...], _Read] = {}


def _read(version: Version, shelf: Shelf) -> _Read:
    key = (version.number, version.published_at, get_language(), shelf.names)
    if key not in _reads:
        if len(_reads) >= MOST_READ:
            _reads.clear()
        _reads[key] = _told(version.number)
    return _reads[key]


def _told(number: int) -> _Read:
    versions = Playbook.objects.filter(number__lte=number).select_related("published_by").order_by("number")
    known = {one.number: one for one in versions}
    document: Mapping[str, Any] = known[number].document
    origins = written_in([(one.number, one.document) for one in versions])
    teller = Teller.read()
    vocabulary = Vocabulary.read(teller.words)
    lines, told = teller.lines(document), stories.shown(document, teller, vocabulary)
    rules = zip(rules_of(document), lines, strict=True)
    return _Read(
        lines,
        [_Rule(rule["name"], line.dimension, _front(line, known[origins[rule["name"]]])) for rule, line in rules],
        points(document, None, vocabulary),
        len(document["points"]),
        document["half_life_days"],
        SafeString(render_to_string("desk/playbooks/examples.html", told)) if told["examples"] else SafeString(),
    )


def _front(line: Line, origin: Playbook) -> str:
    why = f'<p class="r-note t-dense">{escape(line.note)}</p>' if line.note else ""
    return (
        f'<li class="rule" id="rule-{line.place}"><span class="r-n num">{line.number}</span>'
        f'<div class="grow"><p title="{escape(line.name)}">{sentence(line.said)}</p>{why}'
        f"{_origin(origin)}</div>"
    )


def _origin(version: Playbook) -> str:
    """Who put a rule as it is, and when; of those that are there from the beginning nothing is to be said."""
    if version.since is None:
        return ""
    words = _("so since version %(number)s, %(day)s, by %(who)s")
    who = version.published_by or _("a program")
    said = words % {"number": version.number, "day": day(version.published_at), "who": who}
    return f'<p class="r-by t-meta">{escape(said)}</p>'


def _drawn(rules: Iterable[_Rule], moves: Mapping[str, int] | None) -> SafeString:
    if moves is None:
        return joined(f"{rule.html}</li>" for rule in rules)
    words = f'<span class="vh"> {escape(_("moves in the last 30 days"))}</span></span></li>'
    side = '<span class="r-side t-meta num nowrap">'
    return joined(f"{rule.html}{side}{figure(moves.get(rule.name, 0))}{words}" for rule in rules)


_MOVES: Final = """
    SELECT book.document->'rules'->made.rule::int->>'name', sum(made.n)::bigint
      FROM (SELECT version, rule, count(*) AS n FROM funnel_transition
             WHERE dimension = ANY('{0,1,2}') AND superseded_at IS NULL AND rule >= 0
               AND occurred_at >= now() - %s * interval '1 day'
             GROUP BY version, rule) AS made
      JOIN funnel_playbook AS book ON book.number = made.version GROUP BY 1
"""


def moves_by_rule() -> dict[str, int]:
    """How many moves each rule made lately, by its name; counted every few minutes."""
    found: dict[str, int] | None = cache.get("moves-by-rule")
    if found is None:
        with connection.cursor() as cursor:
            cursor.execute(_MOVES, [DAYS])
            found = dict(cursor.fetchall())
        cache.set("moves-by-rule", found, KEPT_S)
    return found
