"""The types of the events that sources bring; new ones are made as long as a source brings not too many."""

from collections.abc import Collection
from typing import Final

from .models import EventType, Source, Trust

# New types that one source may bring before somebody names them.
MOST_NEW_TYPES: Final[dict[str, int]] = {Trust.PUBLIC: 100, Trust.TRUSTED: 1000}

Types = dict[str, tuple[int, int]]  # of each key the id and the rank


def types_for(source: Source, keys: Collection[str]) -> Types:
    """Those of `keys` that are types now; new ones are made as long as the source has not brought too many."""
    types = _types(keys)
    missing = sorted(set(keys) - types.keys())
    if not missing:
        return types
    brought = EventType.objects.filter(first_source=source, is_named=False).count()
    new = missing[: max(0, MOST_NEW_TYPES[source.trust] - brought)]
    EventType.objects.bulk_create([EventType(key=key, first_source=source) for key in new], ignore_conflicts=True)
    return _types(keys)


def _types(keys: Collection[str]) -> Types:
    found = EventType.objects.filter(key__in=keys).values_list("key", "id", "rank")
    return {key: (type_id, rank) for key, type_id, rank in found}
