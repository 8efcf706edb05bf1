"""What became of a message, in the language of whoever asks."""

from collections.abc import Sequence

from rest.telling import told

from .results import Result


def why(result: Result) -> str:
    """Why it was not recorded, in a sentence; for want of one, by its code."""
    return told(result.detail, result.values) or str(result.reason or result.status)


def tell(results: Sequence[Result]) -> Sequence[Result]:
    """The same results, each saying why in the reader's language."""
    for result in results:
        if result.detail:
            result.detail = told(result.detail, result.values)
    return results
