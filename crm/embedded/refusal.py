"""Why we cannot start, in one sentence."""


class Refusal(Exception):
    """Says in one sentence what is in the way and what to do about it."""
