"""The rule language's one door: read playbooks, check them, say them in words, and ask what is missing."""

from funnel.playbooks import Playbook, Playbooks, Rule

__all__ = ["Playbook", "Playbooks", "Rule"]
