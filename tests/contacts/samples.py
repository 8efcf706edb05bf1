# ruff: noqa: E501  (names of schemas are long)
"""Small exports as four well-known systems write them, made up by ourselves; and a workbook."""

import io
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

FOLDER = Path(__file__).with_name("exports")
HUBSPOT, SALESFORCE_LEADS, PIPEDRIVE_PEOPLE, PIPEDRIVE_DEALS, GOOGLE = (
    (FOLDER / f"{name}.csv").read_text()
    for name in ("hubspot", "salesforce_leads", "pipedrive_people", "pipedrive_deals", "google")
)

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_KINDS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_OPEN = "application/vnd.oasis.opendocument.spreadsheet"
_LISTED = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
_OFFICE = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def workbook(
    rows: Sequence[Sequence[object]],
    *others: Sequence[Sequence[object]],
    packed: bool = False,
    hidden: Collection[int] = (),
) -> bytes:
    """A workbook whose sheets, Sheet1, Sheet2 and so on, have these cells; those of the numbers `hidden` are."""
    file = io.BytesIO()
    sheets = dict(enumerate((rows, *others), 1))
    with ZipFile(file, "w", ZIP_DEFLATED if packed else ZIP_STORED) as archive:
        for name, text in _book(sheets, hidden).items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')
        for number, sheet in sheets.items():
            cells = "".join(f"<row>{''.join(_cell(cell) for cell in row)}</row>" for row in sheet)
            said = f'<worksheet xmlns="{_MAIN}"><sheetData>{cells}</sheetData></worksheet>'
            archive.writestr(f"xl/worksheets/sheet{number}.xml", said)
    return file.getvalue()


def open_document(rows: Sequence[Sequence[object]]) -> bytes:
    """The same as OpenDocument writes it."""
    names = {name: f"urn:oasis:names:tc:opendocument:xmlns:{name}:1.0" for name in ("office", "table", "text")}
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    cells = [
        f"<table:table-row>{''.join(cell.format(escape(str(one))) for one in row)}</table:table-row>" for row in rows
    ]
    spaces = " ".join(f'xmlns:{name}="{uri}"' for name, uri in names.items())
    table = f'<table:table table:name="Taulukko1">{"".join(cells)}</table:table>'
    body = f"<office:body><office:spreadsheet>{table}</office:spreadsheet></office:body>"
    file = io.BytesIO()
    with ZipFile(file, "w") as archive:
        archive.writestr("mimetype", _OPEN)
        entry = f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{_OPEN}"/>'
        archive.writestr(
            "META-INF/manifest.xml", f'<manifest:manifest xmlns:manifest="{_LISTED}">{entry}</manifest:manifest>'
        )
        archive.writestr("content.xml", f"<office:document-content {spaces}>{body}</office:document-content>")
    return file.getvalue()


def _book(numbers: Iterable[int], hidden: Collection[int]) -> dict[str, str]:
    parts = [
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_OFFICE}.worksheet+xml"/>' for n in numbers
    ]
    state = {n: ' state="hidden"' if n in hidden else "" for n in numbers}
    sheets = [f'<sheet name="Sheet{n}" sheetId="{n}"{state[n]} r:id="rId{n}"/>' for n in numbers]
    links = [f'<Relationship Id="rId{n}" Type="{_KINDS}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers]
    return {
        "[Content_Types].xml": f'<Types xmlns="{_TYPES}"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{_OFFICE}.sheet.main+xml"/>{"".join(parts)}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="rId1" Type="{_KINDS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_KINDS}"><sheets>{"".join(sheets)}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_RELATIONS}">{"".join(links)}</Relationships>',
    }


def _cell(cell: object) -> str:
    if isinstance(cell, int | float):
        return f"<c><v>{cell}</v></c>"
    return f'<c t="inlineStr"><is><t>{escape(str(cell))}</t></is></c>'
