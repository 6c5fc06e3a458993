"""Signed links: who holds one may fetch that one thing until it expires."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from safelight.image_app.links import Links, a_day_after, address, fingerprint_of

links = Links(b"a secret")
IMAGE = "01938a6e-0000-7000-8000-00000000000b"
HOUR_BEGINS = datetime(2026, 11, 23, 8, tzinfo=UTC)
times = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


def parts_of(link: str) -> tuple[str, str, str]:
    """Path, expiry and signature."""
    split = urlsplit(link)
    query = parse_qs(split.query, strict_parsing=True)
    return split.path, query["expires"][0], query["signature"][0]


PATH, EXPIRES, SIGNATURE = parts_of(links.until(a_day_after(HOUR_BEGINS), IMAGE, "thumb", None))


def test_a_link_is_genuine_and_names_the_bytes_that_are_known() -> None:
    link = links.until(a_day_after(HOUR_BEGINS), IMAGE, "thumb", "0123456789abcdef")
    assert link.startswith(f"/i/{IMAGE}/thumb?")
    assert links.genuine(*parts_of(link))
    assert parse_qs(urlsplit(link).query)["v"] == ["0123456789abcdef"]
    assert "v=" not in links.until(a_day_after(HOUR_BEGINS), IMAGE, "thumb", None)


@pytest.mark.parametrize("url", ["https://photos.example.com/base", "https://photos.example.com/"])
def test_the_public_address_stands_before_a_link_and_is_no_part_of_its_signature(
    url: str,
) -> None:
    link = Links(b"a secret", url).until(a_day_after(HOUR_BEGINS), IMAGE, "thumb", None)
    assert link == url.rstrip("/") + links.until(a_day_after(HOUR_BEGINS), IMAGE, "thumb", None)


@given(times)
def test_a_link_holds_for_at_least_1_and_at_most_25_hours(now: datetime) -> None:
    _, expires, _ = parts_of(links.until(a_day_after(now), IMAGE, "thumb", None))
    left = datetime.fromtimestamp(int(expires), UTC) - now
    assert timedelta(hours=1) <= left <= timedelta(hours=25)


@given(times, st.integers(0, 3599), st.integers(0, 3599))
def test_a_link_is_the_same_text_within_an_hour(now: datetime, one: int, other: int) -> None:
    hour = now.replace(minute=0, second=0, microsecond=0)
    texts = {
        links.until(a_day_after(hour + timedelta(seconds=seconds)), IMAGE, "thumb", None)
        for seconds in (one, other)
    }
    assert len(texts) == 1
    assert links.until(a_day_after(hour + timedelta(hours=1)), IMAGE, "thumb", None) not in texts


@given(st.text())
def test_a_link_to_something_else_is_not_genuine(path: str) -> None:
    assume(path != PATH)
    assert not links.genuine(path, EXPIRES, SIGNATURE)


def test_a_link_to_one_thing_opens_no_other_of_the_same_image() -> None:
    for what in ("original", "small", "thumb/", "thumb?", "Thumb"):
        assert not links.genuine(address(IMAGE, what), EXPIRES, SIGNATURE)


@given(st.text() | st.integers().map(str))
def test_a_link_with_another_expiry_is_not_genuine(expires: str) -> None:
    assume(expires != EXPIRES)
    assert not links.genuine(PATH, expires, SIGNATURE)


@pytest.mark.parametrize("spelling", [f" {EXPIRES}", f"+{EXPIRES}", f"{EXPIRES}.0", f"{EXPIRES}_0"])
def test_an_expiry_is_digits_alone(spelling: str) -> None:
    assert not links.genuine(PATH, spelling, SIGNATURE)


def test_an_expiry_has_one_spelling() -> None:
    assert not links.genuine(PATH, f"0{EXPIRES}", SIGNATURE)


@given(st.text())
def test_a_made_up_signature_is_not_genuine(signature: str) -> None:
    assume(signature != SIGNATURE)
    assert not links.genuine(PATH, EXPIRES, signature)


@given(st.integers(0, len(SIGNATURE) - 1), st.characters(codec="utf-8"))
def test_a_signature_with_any_character_changed_is_not_genuine(place: int, other: str) -> None:
    assume(SIGNATURE[place] != other)
    changed = SIGNATURE[:place] + other + SIGNATURE[place + 1 :]
    assert not links.genuine(PATH, EXPIRES, changed)


@pytest.mark.parametrize("signature", ["", SIGNATURE[:-1], SIGNATURE + "=", SIGNATURE + "A"])
def test_a_shorter_or_longer_signature_is_not_genuine(signature: str) -> None:
    assert not links.genuine(PATH, EXPIRES, signature)


def test_a_link_of_another_installation_is_not_genuine() -> None:
    assert not Links(b"another secret").genuine(PATH, EXPIRES, SIGNATURE)


def test_an_original_is_named_by_the_beginning_of_its_hash() -> None:
    assert fingerprint_of("0123456789abcdef" * 4) == "0123456789abcdef"
