"""How a playbook with faults is refused."""

from django.utils.translation import gettext

from funnel import faults
from funnel.publishing import FaultyPlaybookError
from rest.problems import FieldError, Problem


def refusal(error: FaultyPlaybookError) -> Problem:
    """The refusal of a playbook with faults, each with its place in the document."""
    words, stages = gettext("The playbook has faults: a draft with them cannot be published."), faults.named_stages()
    errors = [FieldError(f"/document{one.pointer}", one.code, faults.sentence(one, stages)) for one in error.findings]
    return Problem("invalid-value", words, errors=errors)
