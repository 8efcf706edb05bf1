"""What is said of files beside themselves; the settings read it, so it knows nothing of Django."""

from collections.abc import MutableMapping


def for_every_site(headers: MutableMapping[str, str], _path: str, _url: str) -> None:
    """Files hold nothing secret, and a form in a sandboxed frame of another site needs them: it has no origin."""
    headers["Cross-Origin-Resource-Policy"] = "cross-origin"
