"""Somebody's path kept as an example of a draft, and the steps of an example in words."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from funnel import rules
from funnel.copying import copied
from funnel.examples import ALONE, Verdict, examples_of, stands
from funnel.explaining import Words
from funnel.fold import Event
from funnel.models import PlaybookDraft
from funnel.moments import DAY
from funnel.playbook_check import MOST_EVENTS, MOST_EXAMPLES
from funnel.playbooks import Playbook, Playbooks
from funnel.publishing import FaultyPlaybookError, check_draft, document_of, save_draft, start_draft
from funnel.reading import micros
from funnel.redrafting import free_name
from funnel.replaying import person_led_by
from funnel.state import Move
from funnel.stories import day_of, written
from staff.policy import Principal


@dataclass(frozen=True, slots=True)
class Step:
    """A move of an example: on which day, by which rule (nothing: the start of the path), and why in words."""

    move: Move
    day: int
    rule: str | None
    sentence: str


def steps_of(verdict: Verdict, document: Mapping[str, Any], words: Words) -> list[Step]:
    return [_step(move, verdict, document, words) for move in verdict.moves]


def _step(move: Move, verdict: Verdict, document: Mapping[str, Any], words: Words) -> Step:
    rule = None if move.rule is None else document["rules"][move.rule]
    cause = None if rule is None or rule["on"] == "time" else verdict.cause_of(move)
    sentence = rules.explain(move, document, words.language, words.labels, cause and cause.type)
    return Step(move, day_of(move.at), rule and rule["name"], sentence)


def keep_example(
    *,
    draft: PlaybookDraft,
    leader: int,
    name: str = "",
    until: datetime | None = None,
    seen: Collection[int] | None = None,
) -> PlaybookDraft:
    """Add what somebody did (until a moment) as a story to the draft; expected is where the draft itself puts them."""
    if findings := check_draft(draft):
        raise FaultyPlaybookError(findings)
    document = document_of(draft)
    examples = examples_of(document)
    if len(examples) >= MOST_EXAMPLES:
        raise ValidationError(
            _("A playbook keeps %(most)s examples at most.") % {"most": MOST_EXAMPLES}, code="too_many"
        )
    example = example_of(leader, document, until or datetime.now(UTC))
    example["name"] = free_name(examples, name or example["name"])
    return save_draft(draft=draft, seen=seen, document={**document, "examples": [*examples, example]})


def newest_draft(by: Principal) -> PlaybookDraft:
    """The draft somebody works on: the one of theirs that was saved last, or a new one."""
    mine = PlaybookDraft.objects.filter(author=by.user).order_by("-updated_at").first()
    name = _("Draft of %(day)s") % {"day": date_format(timezone.localdate(), "SHORT_DATE_FORMAT")}
    return mine or start_draft(name=name, by=by)


def example_of(leader: int, document: Mapping[str, Any], until: datetime) -> dict[str, Any]:
    """Somebody's log as an example. Raises ValidationError where it is too long to be read by people, or empty."""
    playbook = Playbook.parse(document, ALONE, None)
    alone = Playbooks([playbook])
    lived = person_led_by(leader, until, [alone])
    events = [Event(*one) for one in lived.events] if lived else []
    if not 0 < len(events) <= MOST_EVENTS:
        words = _("This path has %(count)s events; an example holds 1 to %(most)s.")
        raise ValidationError(words % {"count": len(events), "most": MOST_EVENTS}, code="wrong_length")
    story = copied(events, playbook, alone)
    day = micros(until) // DAY - events[0].at // DAY
    came, _moves = stands(story, day, alone)
    words = ngettext(
        "%(count)s event of somebody in %(days)s days", "%(count)s events of somebody in %(days)s days", len(story)
    )
    return {
        "name": words % {"count": len(story), "days": day + 1},
        "events": [written(told) for told in story],
        "day": day,
        "then": came,
    }
