"""Times in a question."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.image_app.images.times import first_after, last_before

kept = st.datetimes(timezones=st.just(UTC)).map(
    lambda time: time.replace(microsecond=time.microsecond // 1000 * 1000)
)
NEXT = timedelta(microseconds=1)


@given(kept, kept, st.integers(0, 999_999_999))
def test_a_time_that_is_finer_than_what_is_kept_asks_just_what_it_says(
    time: datetime, other: datetime, nanoseconds: int
) -> None:
    other = other.replace(microsecond=0)
    asked = f"{other:%H:%M:%S}.{nanoseconds:09}Z"
    asked = f"{other.year:04}-{other:%m-%d}T{asked}"
    beyond = (time - other) // timedelta(milliseconds=1) * 1_000_000 - nanoseconds
    if other.year < 9999:
        assert (time > first_after(asked)) == (beyond > 0)
        assert (time < last_before(asked)) == (beyond < 0)


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-11-23T08:00:00Z", 8),
        ("2026-11-23t08:00:00z", 8),
        ("2026-11-23T08:00:00.000000000000Z", 8),
        ("2026-11-23T08:00:00+02:00", 6),
        ("2026-11-23T08:00:00-05:30", 13.5),
    ],
)
def test_a_time_is_read_with_its_offset(text: str, hour: float) -> None:
    time = datetime(2026, 11, 23, tzinfo=UTC) + timedelta(hours=hour)
    assert first_after(text) == last_before(text) == time


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-11-23",
        "2026-11-23T08:00",
        "2026-11-23T08:00:00",
        "2026-11-23 08:00:00Z",
        "2026-11-23T08:00:00 01:00",
        "2026-11-23T08:00:00+1",
        "2026-02-30T08:00:00Z",
        "2026-11-23T24:00:01Z",
        "2026-11-23T08:00:61Z",
        "2026-11-23T08:00:00+99:00",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59.9999-01:00",
        "1795766400",
        "２026-11-23T08:00:00Z",
        "2026-11-23T08:00:00Z\n",
        "2026-11-23T08:00:00." + "9" * 5000,
        1795766400,
    ],
    ids=str,
)
def test_what_is_no_time_with_its_offset_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"must be a time|is no time"):
        first_after(text)
    with pytest.raises(ValueError, match=r"must be a time|is no time"):
        last_before(text)
