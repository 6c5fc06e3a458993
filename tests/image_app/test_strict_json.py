"""What is JSON here: less than what parsers take."""

import json
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safelight.image_app import errors, strict_json
from safelight.image_app.bodies import MAX_BYTES
from safelight.image_app.errors import Problem

MUCH_WORSE = 30
"""Times the cost of an ordinary body; most are cheaper, the worst is five times as dear."""
NONE = [
    b"",
    b" ",
    b"{",
    b"{} {}",
    b"{'a': 1}",
    b"[1,]",
    b'{"a": 1,}',
    b"01",
    b"+1",
    b".5",
    b"0x10",
    b"1e400",
    b"-1e400",
    b"NaN",
    b"[Infinity]",
    b"[-Infinity]",
    b"9" * 5000,
    b"// a comment\n{}",
    b"\xef\xbb\xbf{}",
    b"\xff",
    b'"\xc0\xaf"',
    b'"\xed\xa0\x80"',
    "{}".encode("utf-16"),
    "{}".encode("utf-32"),
    b'"\x01"',
    b'"\n"',
    b'"\\x41"',
    b'"\\ud800"',
    b'"\\udc00\\ud800"',
    b'{"\\ud800": 1}',
    b'[[{"a": ["\\ud83d"]}]]',
    b'{"a": 1, "a": 1}',
    b'{"a": 1, "\\u0061": 2}',
    b'{"b": {"a": 1, "a": 2}}',
    b"[" * 10_000 + b"]" * 10_000,
    b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
]


@pytest.mark.parametrize("body", NONE, ids=range(len(NONE)))
def test_what_is_no_json_or_can_be_read_in_two_ways_is_refused(body: bytes) -> None:
    with pytest.raises(Problem) as refusal:
        strict_json.check(body)
    assert refusal.value.kind is errors.MALFORMED_JSON


@pytest.mark.parametrize(
    "body", [b"null", b"0", b" [1.5e3, true] ", b'{"a": {"a": 1}, "b": "\\ud83d\\ude00 \xc3\xa9"}']
)
def test_json_is_taken(body: bytes) -> None:
    strict_json.check(body)


def test_the_worst_that_fits_into_a_body_costs_hardly_more_than_an_ordinary_one() -> None:
    ordinary = json.dumps([{"name": "a picture", "tags": ["a"]}] * (MAX_BYTES // 40)).encode()
    at_most = MUCH_WORSE * _cost(ordinary)
    for worst in (
        b'["\\u0041",' + b"[" * 700 + b'"\\u0041"' + b"]" * 700 + b"]",
        b"[" + b"{}," * (MAX_BYTES // 3 - 2) + b"{}]",
        b'"' + b"\\u0041" * (MAX_BYTES // 6 - 1) + b'"',
        b"[" + b"1," * (MAX_BYTES // 2 - 2) + b"1]",
        b"9" * 4000,
        b"1e" + b"9" * (MAX_BYTES - 2),
    ):
        assert _cost(worst) < at_most


def _cost(body: bytes) -> float:
    """Seconds of the processor, at best."""
    costs = []
    for _ in range(3):
        started = time.thread_time()
        with suppress(Problem):
            strict_json.check(body)
        costs.append(time.thread_time() - started)
    return min(costs)


JSON: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
)


@settings(max_examples=30)
@given(JSON, st.booleans())
def test_whatever_is_json_is_taken(value: Any, ascii_only: bool) -> None:
    strict_json.check(json.dumps(value, ensure_ascii=ascii_only).encode())
