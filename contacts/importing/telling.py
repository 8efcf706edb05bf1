"""Telling whoever began an import on the desk, or by a key of theirs, what came of it."""

from ..models import Import, NoticeKind
from ..noticing import notify


def tell_end(run: Import) -> None:
    """Once for each end: what goes on after a stop or a failure may end again. A command tells its own terminal."""
    now = Import.objects.select_related("started_by").get(pk=run.pk)
    if now.choices and now.started_by:
        said = {"import": now.pk, "state": now.state, "rows": now.rows_read, "refused": now.rejected}
        key = f"import:{now.pk}:{now.state}:{now.rows_read}:{now.undone}"
        notify([now.started_by], NoticeKind.IMPORT, key, said=said)
