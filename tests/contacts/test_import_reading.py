"""Whatever is in a file: rows come out, or the line they stand on and why not."""

import csv
import io
from contextlib import suppress
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from contacts.importing.mapping import FileSection
from contacts.importing.reading import CELL_LIMIT, LINE_LIMIT, BadRow, Survey, Table, open_table, survey


def read(
    path: Path, content: bytes | str, **section: object
) -> tuple[tuple[str, ...], list[tuple[int, str | list[str]]]]:
    """The columns and the rows of a file; of a bad row its reason."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    form = FileSection(**section)  # type: ignore[arg-type]
    with open_table(path, form, survey(path, form.encoding)) as table:
        rows = [(line, row.reason if isinstance(row, BadRow) else row) for line, row in table.rows()]
        return table.columns, rows


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


def test_rows_come_with_the_physical_line_they_begin_on(file):
    columns, rows = read(file, 'id,note\n1,"two\nlines"\n2,one\n')

    assert columns == ("id", "note")
    assert rows == [(2, ["1", "two\nlines"]), (4, ["2", "one"])]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_every_line_ending_is_read(file, ending):
    assert read(file, ending.join(["a,b", "1,2", "3,4"]))[1] == [(2, ["1", "2"]), (3, ["3", "4"])]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_guessed(file, delimiter):
    columns, rows = read(file, f"id{delimiter}name{delimiter}city\n1{delimiter}Väinö{delimiter}Oulu\n")

    assert (columns, rows) == (("id", "name", "city"), [(2, ["1", "Väinö", "Oulu"])])


def test_commas_inside_cells_do_not_mislead_the_guess(file):
    assert read(file, 'id;amount;note\n1;2,50;"a, b"\n2;3,50;"c, d, e"\n')[0] == ("id", "amount", "note")


def test_a_given_delimiter_is_taken(file):
    assert read(file, "a,b;c\n1,2;3\n", delimiter=";")[0] == ("a,b", "c")


def test_one_column_is_a_table_too(file):
    assert read(file, "email\nanna@example.com\n") == (("email",), [(2, ["anna@example.com"])])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_the_encoding_is_guessed(file, encoding):
    text = "name,city\n" + "Väinö,Jyväskylä\n" * 20

    columns, rows = read(file, text.encode(encoding))

    assert columns == ("name", "city")
    assert {tuple(cells) for _line, cells in rows} == {("Väinö", "Jyväskylä")}


@pytest.mark.parametrize("name", ["Mäki", "Åke Ågren", "ÄÖÅ", "Zoë"])
def test_letters_of_windows_are_known_whichever_they_are(file, name):
    assert read(file, f"name\n{name}\n".encode("cp1252")) == (("name",), [(2, [name])])


def test_a_first_line_may_say_what_stands_between_cells(file):
    assert read(file, "sep=|\r\na|b\r\n1,5|2;5\r\n") == (("a", "b"), [(3, ["1,5", "2;5"])])


def test_rows_above_the_header_are_left_out(file):
    text = "Customers;;\n;;\nof 2026;;\na;b;c\n1;2;3\n"

    assert read(file, text, skip=2) == (("a", "b", "c"), [(5, ["1", "2", "3"])])


def test_a_given_encoding_is_taken(file):
    assert read(file, "name\nΑθήνα\n".encode("iso8859-7"), encoding="iso8859-7")[1] == [(2, ["Αθήνα"])]


def test_an_unknown_encoding_is_refused_by_its_key(file):
    with pytest.raises(ValidationError, match=r"file\.encoding: “klingon” is not a known encoding"):
        read(file, "a\n1\n", encoding="klingon")


def test_one_broken_byte_costs_one_row_not_the_encoding(file):
    content = "name,city\nVäinö,Jyväskylä\n".encode() + b"\xff,Oulu\n" + "Åke,Åbo\n".encode()

    assert read(file, content)[1] == [(2, ["Väinö", "Jyväskylä"]), (3, "invalid-encoding"), (4, ["Åke", "Åbo"])]


def test_a_nul_costs_its_row(file):
    assert read(file, b"a,b\n1,2\n3,\x004\n5,6\n")[1] == [
        (2, ["1", "2"]),
        (3, "invalid-character"),
        (4, ["5", "6"]),
    ]


def test_ragged_rows_are_refused_by_line(file):
    assert read(file, "a,b,c\n1,2,3\n1,2\n1,2,3,4\n7,8,9\n")[1] == [
        (2, ["1", "2", "3"]),
        (3, "ragged-row"),
        (4, "ragged-row"),
        (5, ["7", "8", "9"]),
    ]


def test_an_unclosed_quote_costs_one_row(file):
    rows = read(file, 'a,b\n1,2\n3,"4\n5,6\n7,8\n')[1]

    assert rows == [(2, ["1", "2"]), (3, "unclosed-quote"), (4, ["5", "6"]), (5, ["7", "8"])]


def test_an_unclosed_quote_does_not_swallow_a_long_file(file):
    rows = read(file, 'a,b\n1,"2\n' + "5,6\n" * 20_000)[1]

    assert rows[0] == (2, "unclosed-quote")
    assert rows[1:] == [(line, ["5", "6"]) for line in range(3, 20_003)]


def test_a_stray_quote_costs_its_row(file):
    assert read(file, 'a,b\n1,"2"x\n3,4\n')[1] == [(2, "stray-quote"), (3, ["3", "4"])]


def test_a_cell_may_be_long_but_not_too_long(file):
    rows = read(file, f"a,b\n1,{'x' * CELL_LIMIT}\n2,{'x' * (CELL_LIMIT + 1)}\n3,4\n")[1]

    assert [(line, row if isinstance(row, str) else len(row[1])) for line, row in rows] == [
        (2, CELL_LIMIT),
        (3, "cell-too-long"),
        (4, 1),
    ]


def test_a_line_without_end_costs_its_row_and_no_memory(file):
    rows = read(file, "a,b\n1,2\n" + "x" * (3 * LINE_LIMIT) + "\n3,4\n")[1]

    assert rows == [(2, ["1", "2"]), (3, "line-too-long"), (4, ["3", "4"])]


def test_blank_lines_and_rows_are_no_rows(file):
    assert read(file, "a,b\n\n1,2\n,\n\n3,4\n\n")[1] == [(3, ["1", "2"]), (6, ["3", "4"])]


@pytest.mark.parametrize("content", [b"", b"\n\n\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(file, content):
    with pytest.raises(ValidationError, match=r"The file is empty\."):
        read(file, content)


def test_a_header_alone_is_a_table_without_rows(file):
    assert read(file, "a,b\n") == (("a", "b"), [])


def test_a_file_of_too_many_columns_is_refused(file):
    with pytest.raises(ValidationError, match="1001 columns; at most 1000"):
        read(file, ",".join(f"c{n}" for n in range(1001)) + "\n")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Anna\r\nEND:VCARD\r\n", "vCard"),
        ("\ufeff\n<html><table><tr><td>Email</td></tr></table></html>", "HTML"),
    ],
)
def test_a_text_that_is_no_table_is_refused_by_its_name(file, text, kind):
    with pytest.raises(ValidationError, match=rf"not a table of cells \({kind}\)"):
        read(file, text)


@pytest.mark.parametrize("start", [b"PK\x03\x04", b"\x1f\x8b", b"%PDF-1.7", b"\xd0\xcf\x11\xe0\xa1\xb1"])
def test_a_file_that_is_no_text_is_refused(file, start):
    with pytest.raises(ValidationError, match="not a text file"):
        read(file, start + bytes(range(256)))


def test_a_file_without_header_has_columns_by_number(file):
    assert read(file, "1,2\n3,4\n", header=False) == (("1", "2"), [(1, ["1", "2"]), (2, ["3", "4"])])


def test_a_file_without_header_may_be_given_names(file):
    assert read(file, "1,2\n3,4,5\n", columns=("a", "b")) == (("a", "b"), [(1, ["1", "2"]), (2, "ragged-row")])


def test_blank_separated_text_is_read(file):
    content = " 00004 0001 19970101  2   29.33\r\n\r\n 00004 0001  1   14.96\r\n"

    assert read(file, content, format="blank", columns=("all", "id", "date", "n", "usd"))[1] == [
        (1, ["00004", "0001", "19970101", "2", "29.33"]),
        (3, "ragged-row"),
    ]


def test_what_an_export_made_harmless_is_read_as_it_was(file):
    assert read(file, "a,b,c\n'=1+1,'+358401234567,'tis\n''-,O'Hara,'\n")[1] == [
        (2, ["=1+1", "+358401234567", "'tis"]),
        (3, ["'-", "O'Hara", "'"]),
    ]


CELL = st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="'\ufffd"), max_size=8)


@given(st.lists(st.lists(CELL | st.sampled_from(['"', ",", "a\nb", ";"]), min_size=3, max_size=3), max_size=8))
def test_what_a_csv_writer_wrote_is_read_back(rows):
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([["a", "b", "c"], *rows])
    table = Table(io.StringIO(text.getvalue(), newline=""), FileSection(delimiter=","), Survey("", 0, "utf-8", True))

    assert [cells for _line, cells in table.rows()] == [row for row in rows if any(row)]


@given(st.binary(max_size=400) | st.text('",;\n\r ab', max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "file"
    path.write_bytes(b"a,b\n" + content)
    found = survey(path)
    lines = []
    with suppress(ValidationError), open_table(path, FileSection(delimiter=","), found) as table:
        lines += [line for line, _row in table.rows()]

    assert lines == sorted(set(lines))
