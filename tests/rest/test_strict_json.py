import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rest.strict_json import DEEPEST, Fault, MalformedJson, _read_clean, _read_slowly, fault_in, read

text = st.text(st.characters(codec="utf-8"))
values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        text,
    ),
    lambda part: st.one_of(st.lists(part, max_size=4), st.dictionaries(text, part, max_size=4)),
    max_leaves=30,
)


@given(value=values)
@example(value={"a:b": "c:d"})
def test_what_is_written_is_read(value):
    for written in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
        assert read(written.encode()).value == value


@given(value=values)
def test_the_fast_way_and_the_slow_way_agree(value):
    body = json.dumps(value, ensure_ascii=False).encode()
    reading = read(body)

    assert _read_slowly(body) == reading.value
    assert not reading.is_clean or fault_in(reading.value) is None


def read_or_offset(body):
    try:
        return read(body).value, None
    except MalformedJson as error:
        return None, error.offset


@given(body=st.binary(max_size=40))
def test_any_bytes_are_read_as_python_reads_them_or_malformed(body):
    found, offset = read_or_offset(body)

    if offset is None:
        assert repr(found) == repr(json.loads(body))
    else:
        assert 0 <= offset <= len(body)


@pytest.mark.parametrize(
    ("body", "offset", "reason"),
    [
        (b"", 0, "expecting value"),
        (b'{"a": }', 6, "expecting value"),
        ('{"ä": }'.encode(), 7, "expecting value"),
        (b'["a\nb"]', 3, "invalid control character at"),
        (b"\xef\xbb\xbf", 0, "a byte order mark; send UTF-8 without one"),
        (b"\xff\xfe[\x00]\x00", 0, "a byte order mark; send UTF-8 without one"),
        (b'"\xe4"', 1, "not UTF-8"),
        (b'{"a": 1, "a": 2}', 9, 'the key "a" comes twice in one object'),
        (b'{"a": 1, "\\u0061": 2}', 9, 'the key "\\u0061" comes twice in one object'),
        (b'[{"b": ":"}, {"x": {"b": [], "b": []}}]', 29, 'the key "b" comes twice in one object'),
        (b'"\\ud800"', 1, "half a surrogate pair"),
        (b'"\\ud800\\ud800\\udc00"', 1, "half a surrogate pair"),
        (b'"\\udc00"', 1, "half a surrogate pair"),
        (b"[" * 100_000, 0, "nested far too deeply"),
    ],
)
def test_what_spoils_a_whole_body_is_named_with_its_byte(body, offset, reason):
    with pytest.raises(MalformedJson) as refusal:
        read(body)

    assert (refusal.value.offset, refusal.value.reason) == (offset, reason)


@pytest.mark.parametrize("body", [b'"\\ud83d\\ude00"', b'"\\\\ud800"', '"😀"'.encode(), b'{"a": {"a": [{"a": 1}]}}'])
def test_what_only_looks_spoilt_is_read(body):
    assert read(body).value == json.loads(body)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"[1, NaN]", ("/1", "not-a-number")),
        (b'{"a": -Infinity}', ("/a", "not-a-number")),
        (b"1e999", ("", "not-a-number")),
        (b"9223372036854775808", ("", "number-too-large")),
        (b"-9223372036854775809", ("", "number-too-large")),
        (b"9" * 5000, ("", "number-too-large")),
        (b'{"a/b": {"~": "\\u0000"}}', ("/a~1b/~0", "invalid-character")),
        (b'{"a\\u0000": 1}', ("", "invalid-character")),
        (b'"\\b"', ("", "invalid-character")),
        (b"[" * 17 + b"]" * 17, ("/0" * 16, "too-deep")),
        (b"{" + b",".join(b'"%d":0' % n for n in range(256)) + b"}", ("", "too-many-keys")),
    ],
)
def test_what_is_wrong_with_one_value_is_pointed_at(body, fault):
    reading = read(body)
    found = fault_in(reading.value)

    assert not reading.is_clean
    assert isinstance(found, Fault)
    assert found[:2] == fault


@pytest.mark.parametrize(
    "body",
    [
        b"9223372036854775807",
        b"-9223372036854775808",
        b'"line\\nbreak and\\ttab\\r"',
        b"[" * 6 + b"]" * 6,
        b"{" + b",".join(b'"%d":0' % n for n in range(255)) + b"}",
        b"1e-999",
    ],
)
def test_what_is_just_within_bounds_is_clean(body):
    reading = read(body)

    assert fault_in(reading.value) is None
    assert reading.is_clean


def test_what_lies_as_deep_as_it_may_has_no_fault():
    assert fault_in(read(b"[" * DEEPEST + b"]" * DEEPEST).value) is None


def test_a_value_may_lie_deeper_in_a_batch():
    value = read(b"[" * DEEPEST + b"]" * DEEPEST).value

    assert fault_in(value, "/3", depth=1) is None
    assert fault_in(value, "/3", depth=2) == Fault(
        "/3" + "/0" * 15, "too-deep", "Values may lie %(most)d levels deep.", {"most": 16}
    )


def test_only_a_clean_body_takes_the_fast_way():
    assert _read_clean(b'{"a": 1}') == {"a": 1}
    assert _read_clean(b'{"a": 1, "a": 1}') is _read_clean(b"NaN") is _read_clean(b'"\\u0001"')
