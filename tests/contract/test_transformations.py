"""The vocabulary of what can be done to pixels."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from safelight.contract.transformations import MAX_SIDE, Transformation

sides = st.none() | st.integers(1, MAX_SIDE)
transformations = st.builds(
    Transformation,
    width=sides,
    height=sides,
    fit=st.sampled_from(["scale-down", "cover"]),
    gravity=st.sampled_from(["center", "attention"]),
    grayscale=st.booleans(),
    format=st.sampled_from(["auto", "jpeg", "webp"]),
)


def test_the_canonical_text_has_sorted_options_and_no_defaults() -> None:
    wanted = Transformation(width=300, height=200, fit="cover", grayscale=True, format="auto")
    assert wanted.canonical() == "fit=cover,grayscale=true,height=200,width=300"


def test_doing_nothing_has_an_empty_canonical_text() -> None:
    assert Transformation().canonical() == ""


def test_the_order_in_which_options_are_given_means_nothing() -> None:
    one = Transformation.model_validate_json('{"width": 10, "height": 20}')
    other = Transformation.model_validate_json('{"height": 20, "width": 10}')
    assert one == other
    assert one.fingerprint() == other.fingerprint()


def test_the_fingerprint_is_part_of_published_object_keys_and_never_changes() -> None:
    assert Transformation().fingerprint() == "e3b0c44298fc1c14"
    thumb = Transformation(width=100, height=100, fit="cover", gravity="attention", format="webp")
    assert thumb.fingerprint() == "6efcb56e69218760"


@given(transformations, transformations)
def test_texts_and_fingerprints_are_equal_if_and_only_if_transformations_are(
    one: Transformation, other: Transformation
) -> None:
    assert (one.canonical() == other.canonical()) == (one == other)
    assert (one.fingerprint() == other.fingerprint()) == (one == other)


@given(transformations)
def test_a_transformation_survives_json(wanted: Transformation) -> None:
    assert Transformation.model_validate_json(wanted.model_dump_json()) == wanted
    short = wanted.model_dump_json(exclude_defaults=True)
    assert Transformation.model_validate_json(short).fingerprint() == wanted.fingerprint()


@given(transformations)
def test_a_fingerprint_is_16_lower_case_hexadecimal_digits(wanted: Transformation) -> None:
    fingerprint = wanted.fingerprint()
    assert len(fingerprint) == 16
    assert set(fingerprint) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("width", 0),
        ("width", -1),
        ("width", MAX_SIDE + 1),
        ("width", "100"),
        ("width", 100.5),
        ("width", True),
        ("height", 0),
        ("height", []),
        ("fit", "stretch"),
        ("fit", None),
        ("gravity", "north"),
        ("grayscale", 1),
        ("grayscale", "true"),
        ("format", "gif"),
        ("format", "WEBP"),
    ],
)
def test_a_bad_value_is_refused_and_its_option_is_named(option: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refusal:
        Transformation.model_validate_json(json.dumps({option: value}))
    assert {error["loc"] for error in refusal.value.errors()} == {(option,)}


@pytest.mark.parametrize("option", ["sharpen", "Width", "", "__class__"])
def test_an_unknown_option_is_refused_and_named(option: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Transformation.model_validate_json(json.dumps({option: 1}))
    assert [error["loc"] for error in refusal.value.errors()] == [(option,)]
    assert refusal.value.errors()[0]["type"] == "extra_forbidden"


def test_a_transformation_can_not_be_changed_once_it_is_made() -> None:
    wanted = Transformation(width=10)
    with pytest.raises(ValidationError):
        wanted.width = 20  # type: ignore[misc] # it is what must not be done
