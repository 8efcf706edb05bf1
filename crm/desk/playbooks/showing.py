"""What the pages of playbooks show: rules as lines, a draft beside what is published, versions, the last backtest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm.desk.playbooks import stories
from crm.desk.playbooks.forecast import Forecast
from crm.desk.playbooks.shelf import Version
from crm.desk.playbooks.telling import Line, Point, Teller
from crm.desk.playbooks.tokens import NONE, Vocabulary
from funnel import faults
from funnel.backtesting import progress_of
from funnel.explaining import Words
from funnel.histories import Histories, Step
from funnel.models import Backtest, BacktestPerson, Playbook, PlaybookDraft, Stage, StageCount
from funnel.pictures import sees_everyone
from funnel.publishing import check_draft, document_of
from funnel.redrafting import rules_of
from staff.policy import Principal

MOST_WAITING: Final = 100_000
SHOWN_PEOPLE: Final = 6
SHOWN_KEPT: Final = 5


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    label: Promise
    hint: Promise


PARTS: Final = (
    Part("stage", _("Stages"), _("Read from the top: the first rule that matches decides.")),
    Part("health", _("Health"), _("Only customers have a health. The first rule that matches decides.")),
    Part("standing", _("Standing"), _("Who is closed leaves the counts of the living path, not the history.")),
    Part("points", _("Points"), _("What each event is worth. A score halves with time.")),
)


@dataclass(frozen=True, slots=True)
class Tab:
    part: Part
    url: str
    number: int
    is_current: bool
    has_faults: bool = False


def part_of(name: str) -> Part:
    return next((part for part in PARTS if part.name == name), PARTS[0])


def tabs(url: str, chosen: Part, lines: Sequence[Line], points: int) -> list[Tab]:
    counts = {part.name: [line for line in lines if line.dimension == part.name] for part in PARTS}
    return [
        Tab(
            part,
            f"{url}?part={part.name}",
            points if part.name == "points" else sum(line.mark != "removed" for line in counts[part.name]),
            part == chosen,
            any(line.faults for line in counts[part.name]),
        )
        for part in PARTS
    ]


def draft_sheet(
    draft: PlaybookDraft,
    principal: Principal,
    part: Part,
    opened: int | None,
    typed: Any = None,
    example: stories.Opened = stories.NOTHING_OPEN,
) -> dict[str, Any]:
    """A draft beside the newest version; the open rule or example as a form, of what was typed and not saved."""
    newest = Playbook.objects.latest("number")
    document = document_of(draft)
    teller, findings = Teller.read(), check_draft(draft)
    vocabulary = Vocabulary.read(teller.words)
    lines = teller.lines(document, newest.document)
    others = _blamed(lines, findings, vocabulary)
    forecast = last_forecast(draft)
    _foresee(lines, draft, forecast)
    told = stories.shown(document, teller, vocabulary, findings, newest.document)
    return {
        "draft": draft,
        "newest": newest,
        "part": part,
        "tabs": tabs(reverse("desk:draft", args=[draft.pk]), part, lines, len(document.get("points", {}))),
        "lines": [line for line in lines if line.dimension == part.name],
        "changes": _changes(lines, points(document, newest.document, vocabulary), told),
        "faults": others,
        "fault_count": len(findings),
        **_opened(rules_of(document), opened, typed, vocabulary),
        "points": points(document, newest.document, vocabulary, everything=True),
        "half_life": document.get("half_life_days"),
        "half_life_was": newest.document.get("half_life_days"),
        **told,
        "example_form": stories.form_of(document, example, vocabulary),
        **beside(draft, principal, forecast),
    }


def _opened(rules: Sequence[Any], opened: int | None, typed: Any, vocabulary: Vocabulary) -> dict[str, Any]:
    """The open rule as a form: of what was typed and not saved, or as it stands in the draft."""
    rule = typed if typed is not None else rules[opened] if opened is not None and opened < len(rules) else None
    return {
        "opened": opened if rule is not None else None,
        "form": vocabulary.form(rule) if rule is not None else None,
    }


def _foresee(lines: Sequence[Line], draft: PlaybookDraft, forecast: Forecast | None) -> None:
    """Beside each rule how many moves it would have made, where the draft has not changed since."""
    if forecast and forecast.backtest.draft_version == draft.version:
        for line in lines:
            if line.mark != "removed":
                line.foreseen = forecast.rules.get(str(line.place), 0)


def _changes(lines: Sequence[Line], worth: Sequence[Point], told: Mapping[str, Any]) -> int:
    """How many rules, points and examples are not as in the newest version."""
    rules = sum(bool(line.mark or line.was or line.renamed or line.is_noted) for line in lines)
    examples = sum(bool(one.mark) for one in (*told["examples"], *told["examples_gone"]))
    return rules + sum(point.was is not None for point in worth) + examples


def beside(draft: PlaybookDraft, principal: Principal, forecast: Forecast | None = None) -> dict[str, Any]:
    """The backtest beside a draft: the one that runs, and what the last finished one found."""
    running = Backtest.objects.running().filter(draft=draft).order_by("-pk").first()
    failed = Backtest.objects.filter(draft=draft).order_by("-pk").first()
    forecast = forecast or last_forecast(draft)
    is_whole = sees_everyone(principal)
    people = people_of(forecast.backtest, principal) if forecast else []
    return {
        "running": running,
        "progress": progress_of(running.pk) if running else None,
        "failed": failed if failed and failed.state == "failed" else None,
        "forecast": forecast if is_whole else None,
        "own_forecast": forecast,
        "is_stale": forecast is not None and forecast.backtest.draft_version != draft.version,
        "since": forecast.backtest.since if forecast else timezone.now() - timedelta(days=182),
        "today": timezone.localdate(),
        "people": people,
        "kept": kept_of(draft, forecast.backtest) if forecast and is_whole else [],
    }


def kept_of(draft: PlaybookDraft, shown: Backtest) -> list[Backtest]:
    """The earlier results of this draft that are kept."""
    done = Backtest.objects.filter(draft=draft, state="done").exclude(pk=shown.pk)
    return list(done.defer("document").order_by("-pk")[:SHOWN_KEPT])


def last_forecast(draft: PlaybookDraft) -> Forecast | None:
    done = Backtest.objects.filter(draft=draft, state="done").order_by("-pk").first()
    return Forecast(done, stages()) if done else None


def stages() -> list[Stage]:
    return list(Stage.objects.order_by("order"))


def people_of(backtest: Backtest, principal: Principal) -> list["Somebody"]:
    """The first of those who would stand elsewhere, whom whoever asks may see, the newest difference first."""
    return listed(
        BacktestPerson.objects.visible_to(principal).filter(backtest=backtest, is_elsewhere=True), SHOWN_PEOPLE
    )


def listed(rows: QuerySet[BacktestPerson], limit: int) -> list["Somebody"]:
    found = rows.select_related("contact").order_by("-differs_at", "-contact_id")[:limit]
    path = {stage.pk: (stage, min(place, 6)) for place, stage in enumerate(stages(), start=1)}
    return [Somebody(row, path) for row in found]


class Somebody:
    """A line of the list of those who differ."""

    def __init__(self, row: BacktestPerson, path: Mapping[int, tuple[Stage, int]]) -> None:
        self.row, self.contact = row, row.contact
        self.before: Stage | None
        self.after: Stage | None
        self.before, self.before_stop = path.get(row.stage_before or 0, (None, 0))
        self.after, self.after_stop = path.get(row.stage_after or 0, (None, 0))

    @property
    def moved(self) -> bool:
        return self.row.stage_before != self.row.stage_after


@dataclass(frozen=True, slots=True)
class Stop:
    """One step of a history on the page of a person."""

    step: Step
    label: str
    stop: int


def sides(found: Histories, path: Sequence[Stage]) -> list[dict[str, Any]]:
    """As it is, and with the draft: the steps and where they end."""
    labels = {stage.key: str(stage) for stage in path}
    stops = {stage.key: min(place, 6) for place, stage in enumerate(path, start=1)}
    words = Vocabulary(Words.of(path), {}, labels)
    return [
        {
            "title": title,
            "stops": [
                Stop(step, _place(step.move.dimension, step.move.to, words), stops.get(step.move.to or "", 0))
                for step in steps
            ],
            "end": labels.get(end.state.stage or "", ""),
            "end_stop": stops.get(end.state.stage or "", 0),
            "health": end.state.health,
            "standing": end.state.standing,
        }
        for title, steps, end in (
            (_("As it is"), found.before, found.ends[0]),
            (_("With the draft"), found.after, found.ends[1]),
        )
    ]


def _place(dimension: str, to: str | None, words: Vocabulary) -> str:
    values = words.values(dimension)
    return values.get(NONE if to is None else to, to or "")


def _blamed(lines: Sequence[Line], findings: Sequence[Any], vocabulary: Vocabulary) -> list[str]:
    """Hang each fault on the line of its rule; return those of no rule."""
    by_place = {line.place: line for line in lines if line.mark != "removed"}
    others = []
    for finding in findings:
        place, words = faults.rule_of(finding), faults.sentence(finding, vocabulary.stages)
        if place in by_place:
            by_place[place].faults.append(words)
        elif not finding.pointer.startswith("/examples/"):  # these stand at their example
            others.append(words)
    return others


def points(
    document: Mapping[str, Any], before: Mapping[str, Any] | None, vocabulary: Vocabulary, *, everything: bool = False
) -> list[Point]:
    """What each event is worth, the most first; those worth nothing only where one may change them."""
    now, then = document.get("points") or {}, (before or {}).get("points") or {}
    keys = set(vocabulary.types) | set(now) if everything else set(now) | set(then)
    made = [
        Point(
            key,
            vocabulary.types.get(key, key),
            now.get(key, 0),
            then.get(key, 0) if before is not None and then.get(key, 0) != now.get(key, 0) else None,
        )
        for key in keys
    ]
    return sorted(made, key=lambda one: (-one.worth if isinstance(one.worth, int) else 0, one.label))


def everybody() -> int:
    """How many there are on the path, visitors too: as many are folded again with a new version."""
    return sum(StageCount.objects.values_list("n", flat=True))


def applying(published: Sequence[Version]) -> dict[str, Any] | None:
    """Those of these versions not everybody has been folded with yet, and how many are still to be."""
    versions = [one for one in published if one.applied_at is None]
    if not versions:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM (SELECT 1 FROM contacts_pending LIMIT %s) AS waiting", [MOST_WAITING])
        (waiting,) = cursor.fetchone()
    return {"versions": versions, "waiting": waiting, "is_more": waiting == MOST_WAITING}
