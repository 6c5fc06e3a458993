"""Byte ranges, as RFC 9110 has them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.image_app import errors
from safelight.image_app.delivered.ranges import part_of
from safelight.image_app.errors import Problem

ETAG = '"abc"'
SIZE = 10_000


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-499", range(500)),  # the examples of RFC 9110, 14.1.2
        ("bytes=500-999", range(500, 1000)),
        ("bytes=-500", range(9500, 10_000)),
        ("bytes=9500-", range(9500, 10_000)),
        ("bytes=0-0", range(1)),
        ("bytes=-1", range(9999, 10_000)),
        ("bytes=0-", range(10_000)),
        ("bytes=9999-9999", range(9999, 10_000)),
        ("bytes=9999-123456", range(9999, 10_000)),
        ("bytes=-123456", range(10_000)),
        (" bytes=1-2 ", range(1, 3)),
    ],
)
def test_one_range_is_its_part(header: str, part: range) -> None:
    assert part_of(SIZE, header, None, ETAG) == part


@pytest.mark.parametrize("header", ["bytes=10000-", "bytes=10000-20000", "bytes=-0"])
def test_a_range_outside_the_file_is_refused_with_the_size(header: str) -> None:
    with pytest.raises(Problem) as refusal:
        part_of(SIZE, header, None, ETAG)
    assert refusal.value.kind is errors.RANGE_NOT_SATISFIABLE
    assert refusal.value.headers == {"Content-Range": "bytes */10000"}


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=5-4",
        "bytes=a-b",
        "bytes=1-2,4-5",
        "bytes=0-0,-1",
        "bytes=1 - 2",
        "bytes=--1",
        "bytes=1-2x",
        "items=1-2",
        "bytes=0x1-2",
        f"bytes=0-{'9' * 4000}",
    ],
)
def test_what_is_no_single_range_of_bytes_is_answered_with_the_whole(header: str | None) -> None:
    assert part_of(SIZE, header, None, ETAG) is None


@pytest.mark.parametrize(
    ("if_range", "part"),
    [
        (ETAG, range(1, 3)),
        (f" {ETAG} ", range(1, 3)),
        ('"other"', None),
        ('W/"abc"', None),
        ("abc", None),
        ("*", None),
        ("Mon, 23 Nov 2026 08:00:00 GMT", None),
    ],
)
def test_a_range_of_something_that_may_have_changed_is_answered_with_the_whole(
    if_range: str, part: range | None
) -> None:
    assert part_of(SIZE, "bytes=1-2", if_range, ETAG) == part


def test_a_range_outside_of_something_that_has_changed_is_no_failure() -> None:
    assert part_of(SIZE, "bytes=10000-", '"other"', ETAG) is None


@given(st.integers(1, 10**12), st.integers(0, 10**13), st.integers(0, 10**13))
def test_every_part_lies_within_the_file_and_is_not_empty(size: int, one: int, two: int) -> None:
    for header in (f"bytes={one}-{two}", f"bytes={one}-", f"bytes=-{two}"):
        with suppress(Problem):
            part = part_of(size, header, None, ETAG)
            assert part is None or 0 <= part.start < part.stop <= size


@given(st.text())
def test_no_header_raises_anything_but_a_problem(header: str) -> None:
    for text in (header, f"bytes={header}"):
        with suppress(Problem):
            part_of(SIZE, text, None, ETAG)
