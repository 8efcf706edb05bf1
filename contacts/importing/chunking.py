"""The rows of a file as chunks, each of which is brought in at once; what its rows say can be told without looking."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, repeat
from typing import Final

from ..models import CustomField
from .cells import RowRefused
from .converting import Converter, Said
from .deciding import Reject
from .hands import reader
from .mapping import Mapping
from .reading import BadRow, Row, Table

CHUNK: Final = 3_000
EACH: Final = repeat(True)


@dataclass(slots=True)
class Chunk:
    """Consecutive rows of the file: what those that can be understood say, and why the others can't be."""

    before: int  # rows of the file that lie before it
    rows: int
    share: float  # of the file that lies before its end
    said: list[Said] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)


def converter_of(mapping: Mapping, table: Table) -> Converter:
    return Converter(mapping, table.columns, {field.key: field for field in CustomField.objects.filter(of="contact")})


def read_ahead(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """The same chunks; each is read while the one before is worked on."""
    with reader() as other:
        ahead = other.submit(next, chunks, None)
        while chunk := ahead.result():
            ahead = other.submit(next, chunks, None)
            yield chunk


def chunks_of(table: Table, convert: Converter, skip: int = 0, ours: Iterable[bool] = EACH) -> Iterator[Chunk]:
    """The chunks behind so many rows, those that `ours` says True of."""
    rows = islice(enumerate(table.rows(), 1), skip, None)
    for is_ours in ours:
        piece = list(islice(rows, CHUNK))
        if not piece:
            return
        if is_ours:
            yield _understood(piece, convert, table.share_read() if len(piece) == CHUNK else 1.0)


def _understood(piece: Sequence[tuple[int, Row]], convert: Converter, share: float) -> Chunk:
    chunk = Chunk(piece[0][0] - 1, len(piece), share)
    for row, (line, cells) in piece:
        if isinstance(cells, BadRow):
            chunk.rejects.append(Reject(line, "", cells.reason, cells.detail, [cells.raw.rstrip("\r\n")], cells.values))
        else:
            try:
                chunk.said.append(convert(row, line, cells))
            except RowRefused as refused:
                chunk.rejects.append(Reject.of(line, refused, cells))
    return chunk
