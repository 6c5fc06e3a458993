"""What pictures are found by."""

from hypothesis import assume, given
from hypothesis import strategies as st

from safelight.image_app import clock
from safelight.image_app.images import grams
from safelight.image_app.images.grams import document, fold, of_tag, question, text_of

ANN, BOB = clock.new_id(), clock.new_id()
JPEG = "image/jpeg"
typed = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]))
tags = st.lists(typed.filter(str.strip), max_size=4)


def has(words: str, asked: list[str]) -> bool:
    """What the indexes of both databases do."""
    there = words.split(" ")
    return all(
        any(word.startswith(a[:-1]) for word in there) if a.endswith("*") else a in there
        for a in asked
    )


@given(typed, typed, tags, st.data())
def test_whatever_contains_a_text_has_all_its_words(
    name: str, description: str, tags: list[str], data: st.DataObject
) -> None:
    text = text_of(name, description, tags)
    within = fold(data.draw(st.sampled_from([name, description, *tags])))
    begin = data.draw(st.integers(0, len(within)))
    part = within[begin : data.draw(st.integers(begin, len(within)))]
    assert part in text
    assert has(document(ANN, JPEG, text), question(ANN, part, [], JPEG))


@given(tags.filter(bool), st.data())
def test_a_picture_is_found_by_each_of_its_tags_in_any_case(
    tags: list[str], data: st.DataObject
) -> None:
    some = data.draw(st.lists(st.sampled_from(tags)))
    text = text_of("name", "", tags)
    assert all(of_tag(tag) in text for tag in some)
    assert has(document(ANN, JPEG, text), question(ANN, "", [fold(tag) for tag in some], None))


@given(typed.filter(str.strip), typed, tags)
def test_a_picture_is_not_found_by_a_tag_that_its_name_or_part_of_a_tag_is(
    tag: str, description: str, tags: list[str]
) -> None:
    assume(fold(tag) not in map(fold, tags))
    assert of_tag(tag) not in text_of(tag, description, [*tags, f"{tag}s", f"a {tag}"])


def test_what_separates_the_parts_of_a_text_can_not_be_put_into_it() -> None:
    text = text_of("name", "\x1esea\x1e \x1f", ["boats"])
    assert of_tag("sea") not in text
    assert len(text.split("\x1f")) == 3


def test_no_text_runs_from_one_part_into_the_next() -> None:
    text = text_of("harbour", "evening", ["sea", "boats"])
    assert not [part for part in ("rev", "urevening", "seab", "sea boats") if part in text]
    assert not has(document(ANN, JPEG, text), question(ANN, "rev", [], None))


def test_accents_are_found_in_either_of_their_forms() -> None:
    composed, in_parts = "Caf\u00e9 \u0130stanbul", "Cafe\u0301 I\u0307stanbul"
    assert fold(composed) == fold(in_parts)
    assert fold("STRASSE") == fold("Straße")


def test_words_are_an_account_s_own() -> None:
    text = text_of("harbour", "", ["sea"])
    asked = question(BOB, "harb", ["sea"], JPEG)
    others = document(ANN, JPEG, text).split(" ")
    assert not set(asked) & set(others)


@given(typed)
def test_words_are_made_of_what_no_database_takes_for_something_else(text: str) -> None:
    for word in document(ANN, JPEG, text_of(text, text, [])).split(" "):
        assert word.replace("_", "").isalnum()
        assert word.isascii()
    asked = question(ANN, fold(text), [], None)
    assert len(asked) <= grams.MOST
    assert all(word.replace("_", "").removesuffix("*").isalnum() for word in asked)
