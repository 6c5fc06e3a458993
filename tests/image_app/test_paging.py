"""Cursors: where a page ended, in a form that only we can write."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from safelight.image_app import errors
from safelight.image_app.paging import Cursors

cursors = Cursors(b"a secret")
POSITION = ["2026-11-23T08:00:00.123000+00:00", "01938a6e-0000-7000-8000-00000000000b"]
QUESTION = "list:ann"
CURSOR = cursors.pack(QUESTION, POSITION)


def refused(question: str, cursor: str, by: Cursors = cursors) -> bool:
    with pytest.raises(errors.Problem) as refusal:
        by.open(question, cursor)
    return refusal.value.kind is errors.BAD_CURSOR


@given(st.text(), st.lists(st.text(), min_size=1, max_size=3))
def test_a_cursor_gives_back_the_position_it_was_made_of(
    question: str, position: list[str]
) -> None:
    assert cursors.open(question, cursors.pack(question, position)) == position


@given(st.text(), st.text())
def test_a_cursor_of_another_question_is_refused(one: str, other: str) -> None:
    assume(one != other)
    assert refused(other, cursors.pack(one, POSITION))


@given(st.integers(0, len(CURSOR) - 1), st.characters(codec="utf-8"))
def test_a_cursor_with_any_character_changed_is_refused(place: int, character: str) -> None:
    assume(CURSOR[place] != character)
    assert refused(QUESTION, CURSOR[:place] + character + CURSOR[place + 1 :])


@given(st.integers(0, len(CURSOR)), st.text(min_size=1))
def test_a_cursor_with_anything_put_in_is_refused(place: int, text: str) -> None:
    assert refused(QUESTION, CURSOR[:place] + text + CURSOR[place:])


@given(st.integers(0, len(CURSOR) - 1), st.integers(1, len(CURSOR)))
def test_a_cursor_with_anything_left_out_is_refused(place: int, count: int) -> None:
    assert refused(QUESTION, CURSOR[:place] + CURSOR[place + count :])


@given(st.text())
def test_what_never_was_a_cursor_is_refused(cursor: str) -> None:
    assert refused(QUESTION, cursor)


def test_a_cursor_of_another_installation_is_refused() -> None:
    assert refused(QUESTION, CURSOR, by=Cursors(b"another secret"))


def test_a_cursor_needs_no_quoting_in_an_address() -> None:
    assert CURSOR.replace("-", "").replace("_", "").isalnum()
    assert CURSOR.isascii()
