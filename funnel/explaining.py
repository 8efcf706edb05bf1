"""Why somebody was moved, and what would move them on: rules in words, the event behind a move, what was measured."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from contacts.models import Event
from funnel import rules
from funnel.fold import Move, fold
from funnel.models import RULE_ERASED, RULE_START, Playbook, Position, Stage, Transition
from funnel.names import DIMENSION_NAMES, HEALTH_NAMES, STANDING_NAMES
from funnel.playbooks import read_target
from funnel.reading import EPOCH, MICROSECOND, WORLD, micros, moment_of, standing_events
from funnel.remembering import remembered
from funnel.services import STAGE_LABELS
from funnel.state import State


@dataclass(frozen=True, slots=True)
class Why:
    """`by_timer`: time did it, so long after its cause; the cause of others is the event that came."""

    rule: str
    sentence: str
    by_timer: bool
    cause: Event | None
    evidence: tuple[tuple[Mapping[str, Any], Any], ...]  # each condition of the rule, and what was measured
    version: int = 0
    number: int | None = None  # of the rule among those of its version, from 1; nothing when no rule moved them
    held: tuple[str, ...] = ()  # the conditions in words, with what was measured
    passed: tuple["Passed", ...] = ()  # the rules that came first and did not match


@dataclass(frozen=True, slots=True)
class Passed:
    """A rule that was asked before the one that moved somebody, and did not match."""

    number: int
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One condition of a rule as it stands now (funnel.rules.Asked), in words."""

    sentence: str
    condition: Mapping[str, Any]
    value: Any
    holds: bool | None
    lacking: int | None
    changes_at: datetime | None


@dataclass(frozen=True, slots=True)
class Way:
    """One rule that leads from here to a stage."""

    stage: str
    rule: str
    sentence: str
    types: frozenset[str] | None  # of which one must happen; nothing: time does it
    conditions: tuple[Asked, ...]


def explain(transitions: Sequence[Transition], words: "Words | None" = None) -> list[Why]:
    """The why of each, in three queries; in two for whoever has the words."""
    versions = {transition.version for transition in transitions}
    documents = dict(Playbook.objects.filter(number__in=versions).values_list("number", "document"))
    causes = _events(transition.cause_id for transition in transitions)
    words = words or Words.read()
    return [words.why(row, documents[row.version], causes.get(row.cause_id or 0)) for row in transitions]


def ways_on(position: Position, known: "Known | None" = None, words: "Words | None" = None) -> list[Way] | None:
    """What each stage further on would take. Nothing when they are to be folded again: a new version changed it."""
    known = known or known_of(position)
    if known is None:
        return None
    state, playbook = known.state, known.playbook
    stages, words = playbook.stages, words or Words.read()
    further = stages[stages.index(state.stage) + 1 :] if state.stage in stages else ()
    return [
        words.way(stage, way, playbook.document)
        for stage in further
        for way in rules.missing(state, known.playbooks, known.now, stage)
        if way.starts_here
    ]


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody's state carried on to this moment."""

    state: State
    playbooks: rules.Playbooks
    now: int

    @property
    def playbook(self) -> rules.Playbook:
        return self.playbooks.at(self.now)

    def when(self, dimension: str, target: str) -> datetime | None:
        """The moment at which time alone brings them there, if nothing else happens."""
        moments = [
            condition.changes_at
            for way in rules.missing(self.state, self.playbooks, self.now, target, dimension)
            if way.types is None
            for condition in way.conditions
            if condition.changes_at is not None and condition.changes_at > self.now
        ]
        return moment_of(min(moments)) if moments else None


def known_of(position: Position) -> Known | None:
    """What the fold remembers of somebody, now. Nothing when they are to be folded again."""
    playbooks, now = WORLD.playbooks(), micros(datetime.now(UTC))
    known = remembered(position.memory, playbooks.stamp)
    if known is None:
        return None
    now = max(now, (known.last or (now,))[0])
    state, _moves = fold(known, (), playbooks, now)
    return Known(state, playbooks, now)


@dataclass(frozen=True, slots=True)
class Words:
    """How we say it: the language of whoever asks, and the names staff gave to stages."""

    language: str
    labels: Mapping[str, str]
    stages: Mapping[int | None, str]

    @classmethod
    def read(cls) -> "Words":
        return cls.of(list(Stage.objects.all()))

    @classmethod
    def of(cls, stages: Sequence[Stage]) -> "Words":
        """With all stages there are, archived ones too."""
        renamed = [stage for stage in stages if STAGE_LABELS.get(stage.key) != (stage.label_en, stage.label_fi)]
        return cls(
            get_language() or "en",
            {stage.key: str(stage) for stage in renamed},
            {stage.pk: stage.key for stage in stages},
        )

    def sentence(self, rule: Mapping[str, Any]) -> str:
        return rules.sentence(rule, language=self.language, labels=self.labels)

    def why(self, row: Transition, document: Mapping[str, Any], cause: Event | None) -> Why:
        if row.rule == RULE_ERASED:
            return Why("erased", _("The person was erased; the path ends here."), False, cause, ())
        move = self._move(row, document)
        rule = None if row.rule == RULE_START else document["rules"][row.rule]
        by_timer = rule is not None and rule["on"] == "time"
        type_ = None if cause is None or by_timer else cause.type.key
        named = {} if rule is None else {"rules": {row.rule: rule | {"name": _(rule["name"])}}}
        sentence = rules.explain(move, {**document, **named}, self.language, self.labels, type_)
        asked = rule.get("when", ()) if rule and move.evidence else ()  # of whom was erased nothing is kept
        evidence = tuple(zip(asked, move.evidence, strict=True) if asked else ())
        return Why(
            rule=move.rule_name,
            sentence=sentence,
            by_timer=by_timer,
            cause=cause,
            evidence=evidence,
            version=row.version,
            number=None if rule is None else row.rule + 1,
            held=tuple(rules.evidence_sentence(*one, self.language, self.labels) for one in evidence),
            passed=() if rule is None else tuple(self._passed(move, document, cause)),
        )

    def _passed(self, move: Move, document: Mapping[str, Any], cause: Event | None) -> Iterator[Passed]:
        """The rules before the one that matched which the same event, or time, could have set off.

        The first that matches decides, so none of these did: somebody stood elsewhere, or a condition did not hold.
        """
        on_time = document["rules"][move.rule]["on"] == "time"
        for place, rule in enumerate(document["rules"][: move.rule]):
            asked = rule["on"] == "time" if on_time else cause is not None and cause.type.key in rule["on"]
            if not asked or read_target(rule["to"])[0] != move.dimension:
                continue
            yield Passed(place + 1, _(rule["name"]), self._why_passed(rule, move))

    def _why_passed(self, rule: Mapping[str, Any], move: Move) -> str:
        if "from" in rule and move.from_ not in rule["from"]:
            return _("they stood elsewhere")
        asked = [rules.condition_sentence(one, self.language, self.labels) for one in rule.get("when", ())]
        if len(asked) > 1:
            return _("not all of this held: %(conditions)s") % {"conditions": "; ".join(asked)}
        return _("this did not hold: %(condition)s") % {"condition": asked[0]} if asked else ""

    def _move(self, row: Transition, document: Mapping[str, Any]) -> Move:
        dimension = DIMENSION_NAMES[row.dimension]
        values: dict[str, Mapping[Any, str | None]]
        values = {"stage": self.stages, "health": HEALTH_NAMES, "standing": STANDING_NAMES}
        names = values[dimension]
        return Move(
            dimension=dimension,
            from_=names.get(row.from_value),
            to=names.get(row.to_value),
            at=micros(row.occurred_at),
            rule=None if row.rule == RULE_START else row.rule,
            rule_name="start" if row.rule == RULE_START else document["rules"][row.rule]["name"],
            version=row.version,
            cause_key=None,
            cause_id=row.cause_id,
            evidence=tuple(row.evidence or ()),
            visit=row.visit,
        )

    def way(self, stage: str, way: rules.Way, document: Mapping[str, Any]) -> Way:
        asked = tuple(self._asked(one) for one in way.conditions)
        return Way(stage, way.rule_name, self.sentence(document["rules"][way.rule]), way.types, asked)

    def _asked(self, asked: rules.Asked) -> Asked:
        sentence = rules.condition_sentence(asked.condition, self.language, self.labels)
        changes_at = None if asked.changes_at is None else EPOCH + asked.changes_at * MICROSECOND
        return Asked(sentence, asked.condition, asked.value, asked.holds, asked.lacking, changes_at)


MOST_WALKED: Final = 5000  # events; who has more is not walked again for a question


def stage_without(contact_ids: Sequence[int], event_id: int) -> str | None:
    """The key of the stage in which somebody would stand had this event never come. Nothing where that is unknown.

    Two walks are compared, with and without it: what stands elsewhere now is not blamed on the event.
    """
    playbooks, now = WORLD.playbooks(), micros(datetime.now(UTC))
    events = sorted(event for _contact, event in standing_events(contact_ids, playbooks) if event.at <= now)
    others = [event for event in events if event.id != event_id]
    if len(others) == len(events) or len(events) > MOST_WALKED or not others:
        return None
    with_it, _moves = fold(State.start(), events, playbooks, now)
    without, _moves = fold(State.start(), others, playbooks, now)
    return without.stage if without.stage != with_it.stage else None


def _events(ids: Iterable[int | None]) -> dict[int, Event]:
    return Event.objects.select_related("type").in_bulk({id_ for id_ in ids if id_})
