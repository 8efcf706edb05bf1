"""What facts come from: the source that somebody speaks for."""

from typing import Final

from staff.policy import Principal

from .catalogue import STAFF_SOURCE
from .models import Source

_of_keys: Final[dict[int, Source]] = {}


def source_of(by: Principal) -> Source:
    """That of the key, or of staff. A key never changes its source: it is asked once a process."""
    if by.key is None:
        return Source.objects.get(key=STAFF_SOURCE)
    if by.key.pk not in _of_keys:
        _of_keys[by.key.pk] = Source.objects.get(key=by.key.source)
    return _of_keys[by.key.pk]
