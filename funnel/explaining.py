"""Why somebody was moved, and what would move them on: rules in words, the event behind a move, what was measured."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from contacts.models import Event
from funnel import rules
from funnel.fold import Move, fold
from funnel.models import RULE_ERASED, RULE_START, Playbook, Position, Stage, Transition
from funnel.names import DIMENSION_NAMES, HEALTH_NAMES, STANDING_NAMES
from funnel.reading import EPOCH, MICROSECOND, WORLD, micros
from funnel.remembering import remembered
from funnel.services import STAGE_LABELS


@dataclass(frozen=True, slots=True)
class Why:
    """`by_timer`: time did it, so long after its cause; the cause of others is the event that came."""

    rule: str
    sentence: str
    by_timer: bool
    cause: Event | None
    evidence: tuple[tuple[Mapping[str, Any], Any], ...]  # each condition of the rule, and what was measured


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


def explain(transitions: Sequence[Transition]) -> list[Why]:
    """The why of each, in three queries."""
    versions = {transition.version for transition in transitions}
    documents = dict(Playbook.objects.filter(number__in=versions).values_list("number", "document"))
    causes = _events(transition.cause_id for transition in transitions)
    words = Words.read()
    return [words.why(row, documents[row.version], causes.get(row.cause_id or 0)) for row in transitions]


def ways_on(position: Position) -> list[Way] | None:
    """What each stage further on would take. Nothing when they are to be folded again: a new version changed it."""
    playbooks, now = WORLD.playbooks(), micros(datetime.now(UTC))
    known = remembered(position.memory, playbooks.stamp)
    if known is None:
        return None
    state, _moves = fold(known, (), playbooks, max(now, (known.last or (now,))[0]))
    stages, words = playbooks.at(now).stages, Words.read()
    further = stages[stages.index(state.stage) + 1 :] if state.stage in stages else ()
    return [
        words.way(stage, way, playbooks.at(now).document)
        for stage in further
        for way in rules.missing(state, playbooks, now, stage)
        if way.starts_here
    ]


@dataclass(frozen=True, slots=True)
class Words:
    """How we say it: the language of whoever asks, and the names staff gave to stages."""

    language: str
    labels: Mapping[str, str]
    stages: Mapping[int | None, str]

    @classmethod
    def read(cls) -> "Words":
        stages = list(Stage.objects.all())
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
        evidence = zip(rule.get("when", ()), move.evidence, strict=True) if rule else ()
        return Why(move.rule_name, sentence, by_timer, cause, tuple(evidence))

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


def _events(ids: Iterable[int | None]) -> dict[int, Event]:
    return Event.objects.select_related("type").in_bulk({id_ for id_ in ids if id_})
