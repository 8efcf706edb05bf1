"""The rule language's one door: read playbooks, check them, say them in words, and ask what is missing."""

from funnel.playbook_check import check
from funnel.playbook_words import MESSAGES, Finding
from funnel.playbooks import Playbook, Playbooks, Rule
from funnel.sentences import Part, condition_sentence, evidence_sentence, explain, sentence, sentence_parts
from funnel.why import Asked, Way, missing

__all__ = [
    "MESSAGES",
    "Asked",
    "Finding",
    "Part",
    "Playbook",
    "Playbooks",
    "Rule",
    "Way",
    "check",
    "condition_sentence",
    "evidence_sentence",
    "explain",
    "missing",
    "sentence",
    "sentence_parts",
]
