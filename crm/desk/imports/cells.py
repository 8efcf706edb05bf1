"""The lines of the list of imports, of the rows one refused, and what a column may mean: drawn once for all columns."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from contacts.models import Import, ImportState
from crm.desk.drawing import joined, row_address
from crm.templatetags.polku import figure

# What a line shows: the rest of an import are long documents.
SHOWN: Final = (
    *("id", "file_name", "uploaded_at", "state", "permille", "rows_read", "created", "rejected"),
    *("started_by__name", "started_by__email"),
)


def runs_drawn(runs: Iterable[Import]) -> SafeString:
    address = row_address("desk:import-page")
    states = {one.value: escape(str(one.label)) for one in ImportState}
    labels = [escape(words) for words in (_("Rows"), _("New"), _("Refused"))]

    def line(run: Import) -> str:
        uploaded = date_format(timezone.localtime(run.uploaded_at), "SHORT_DATETIME_FORMAT")
        by = f" · {escape(str(run.started_by))}" if run.started_by else ""
        counts = (run.rows_read, run.created, run.rejected) if run.is_begun else (None, None, None)
        state = f"{states[run.state]}{_share(run)}"
        return (
            f'<tr><td><a class="link t-strong" href="{address(run.pk)}">{escape(run.file_name) or run.pk}</a>'
            f'<span class="t-meta ink-3">{uploaded}{by}</span></td><td class="im-state">{state}</td>'
            f"{''.join(map(_count, labels, counts))}</tr>"
        )

    return joined(map(line, runs))


def _share(run: Import) -> str:
    return f" · {run.permille // 10} %" if run.is_working else ""


def _count(label: str, rows: int | None) -> str:
    css = "r ink-3" if rows is None else "r num"
    return f'<td class="{css}" data-label="{label}">{figure(rows)}</td>'


def errors_drawn(errors: Iterable[Mapping[str, Any]]) -> SafeString:
    """What is wrong with each row, and what stands there where the words do not say it."""
    return joined(
        f'<tr><td class="r num">{one["line"]}</td><td>{escape(one["column"])}</td>'
        f"<td>{escape(one['detail'])}{_value(one)}</td></tr>"
        for one in errors
    )


def _value(one: Mapping[str, Any]) -> str:
    value = one["value"]
    return f' <span class="ink-3">“{escape(value)}”</span>' if value and value not in one["detail"] else ""


def options_drawn(groups: Iterable[tuple[Any, Sequence[tuple[str, Any]]]]) -> SafeString:
    """What a column may mean, nothing of it chosen."""
    drawn = "".join(
        f'<optgroup label="{escape(str(label))}">'
        + "".join(f'<option value="{escape(value)}">{escape(str(text))}</option>' for value, text in options)
        + "</optgroup>"
        for label, options in groups
    )
    return joined([f'<option value="">{escape(_("is left out"))}</option>{drawn}'])


def with_chosen(options: SafeString, chosen: str) -> SafeString:
    """The same with one chosen."""
    value = f'<option value="{escape(chosen)}"'
    return mark_safe(options.replace(value, f"{value} selected", 1))  # noqa: S308  (drawn by `options_drawn`)
