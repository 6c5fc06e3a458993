"""Transformations as they stand in a URL."""

from typing import Any

import pytest
from hypothesis import given
from pydantic import ValidationError

from safelight.contract import transformation_text as texts
from safelight.contract.presets import BUILT_IN
from safelight.contract.transformations import Transformation
from tests.contract.given import plain


def read(text: str) -> Transformation:
    preset, options = texts.read(text)
    return texts.transformation(options, BUILT_IN[preset] if preset else None)


@given(plain.filter(lambda wanted: wanted != Transformation()))
def test_what_is_written_is_read_as_what_it_was(wanted: Transformation) -> None:
    assert read(texts.write(wanted)) == wanted


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("w=300,h=200,q=50,f=webp,g=north", "width=300,height=200,quality=50,format=webp,g=north"),
        ("width=300,fit=cover,crop=10:20:300:200", "crop=10:20:300:200,fit=cover,width=300"),
        ("pad=10:20", "pad=10:20:10:20"),
        ("gravity=0.3:0.7", "gravity=0.30:0.70"),
        ("trim=true", "trim=10"),
        ("rotate=-45.5", "rotate=314.5"),
        ("background=rebeccapurple", "background=663399"),
        ("background=000", "background=000000"),
        ("tint=#f00", "tint=ff0000"),
        ("w=300, h=200", "width=300,height=200"),
    ],
)
def test_short_forms_and_other_spellings_mean_the_same(text: str, options: str) -> None:
    assert read(text).fingerprint() == read(options).fingerprint()


def test_a_preset_is_where_other_options_begin() -> None:
    assert read("p=thumb") == BUILT_IN["thumb"]
    assert read("p=thumb,w=50,f=auto") == Transformation(
        width=50, height=100, fit="cover", gravity="attention"
    )


@pytest.mark.parametrize(
    ("text", "option", "words"),
    [
        ("width=abc", "width", "must be a whole number from 1 to 8192 pixels"),
        ("width=3e2", "width", "must be a whole number"),
        ("width=+3", "width", "must be a whole number"),
        ("width=1_000", "width", "must be a whole number"),
        ("width=٣", "width", "must be a whole number"),
        ("width=", "width", "must be a whole number"),
        ("width=true", "width", "must be a whole number"),
        ("grayscale=1", "grayscale", "must be true or false"),
        ("crop=1:2:3", "crop", "must be"),
        ("crop=1:2:3:x", "crop", "must be"),
        ("fit=fill", "fit", "two opposite things"),
        ("w=1,width=2", "width", "is given more than once"),
        ("width=1,", "transformation", "must be written as option=value"),
        ("w", "width", "must be written as option=value"),
        ("=1", "transformation", "must be written as option=value"),
        ("zoom=1", "zoom", "not permitted"),
        ("watermark=1", "watermark", "use a preset, or a link"),
        ("gravity=1:2", "gravity", "from 0 to 1"),
    ],
)
def test_a_text_that_can_not_be_read_names_its_option(text: str, option: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words) as refusal:
        read(text)
    assert [error["loc"] for error in refusal.value.errors()] == [(option,)]


@pytest.mark.parametrize(("what", "is_one"), [("thumb", False), ("w=1", True), ("original", False)])
def test_names_and_transformations_are_told_apart(what: Any, is_one: bool) -> None:
    assert texts.is_text(what) == is_one
