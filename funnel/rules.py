"""The rule language's one door: read playbooks, check them, say them in words, and ask what is missing."""

from funnel.playbook_check import check
from funnel.playbook_words import MESSAGES, Finding
from funnel.playbooks import Playbook, Playbooks, Rule

__all__ = ["MESSAGES", "Finding", "Playbook", "Playbooks", "Rule", "check"]
