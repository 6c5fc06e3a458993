"""The vocabulary of what can be done to pixels."""

import json
from typing import Any

import pytest
from hypothesis import given
from pydantic import ValidationError

from safelight.contract.transformations import MAX_SIDE, Transformation
from tests.contract.given import transformations


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
    assert Transformation.model_validate(wanted.model_dump()) == wanted


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
        ("dpr", 0.4),
        ("dpr", 4.1),
        ("fit", "stretch"),
        ("fit", None),
        ("gravity", "up"),
        ("gravity", [0.5]),
        ("gravity", [0.5, 1.1]),
        ("crop", [0, 0, 10]),
        ("crop", [-1, 0, 10, 10]),
        ("crop", [0, 0, 0, 10]),
        ("crop", [0.5, 0.5, 0.6, 0.5]),
        ("crop", [0, 0, 10.5, 10]),
        ("crop", [0, 0, 1e9, 10]),
        ("crop", "10:10:10:10"),
        ("trim", 0),
        ("trim", 256),
        ("trim", "yes"),
        ("rotate", 361),
        ("flip", "x"),
        ("grayscale", 1),
        ("grayscale", "true"),
        ("auto_orient", None),
        ("tint", "bluish"),
        ("brightness", -0.1),
        ("contrast", 4.1),
        ("saturation", "1"),
        ("hue", 361),
        ("gamma", 0),
        ("blur", 0.2),
        ("blur", 251),
        ("sharpen", 11),
        ("pixelate", 1),
        ("pixelate", 257),
        ("pad", []),
        ("pad", [1, 2, 3, 4, 5]),
        ("pad", 4097),
        ("pad", [0.5]),
        ("background", "#12345"),
        ("background", 0),
        ("background", "x" * 100),
        ("format", "bmp"),
        ("format", "WEBP"),
        ("quality", 0),
        ("quality", 101),
        ("lossless", "no"),
        ("effort", 10),
        ("metadata", "all"),
        ("max_bytes", 1023),
        ("max_bytes", 52_428_801),
    ],
)
def test_a_bad_value_is_refused_and_its_option_is_named(option: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refusal:
        Transformation.model_validate_json(json.dumps({option: value}))
    assert {error["loc"] for error in refusal.value.errors()} == {(option,)}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
@pytest.mark.parametrize(
    "option", ["dpr", "rotate", "hue", "blur", "gravity", "crop", "width", "gamma"]
)
def test_what_is_no_number_is_refused_and_its_option_is_named(option: str, number: str) -> None:
    value = {"gravity": f"[{number}, 0]", "crop": f"[0, 0, {number}, 5]"}.get(option, number)
    with pytest.raises(ValidationError) as refusal:
        Transformation.model_validate_json(f'{{"{option}": {value}}}')
    assert {error["loc"] for error in refusal.value.errors()} == {(option,)}


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("others", ["1", "0.2"])
def test_a_crop_is_made_of_numbers_alone(place: int, others: str) -> None:
    parts = [others] * 4
    parts[place] = "NaN"
    with pytest.raises(ValidationError):
        Transformation.model_validate_json(f'{{"crop": [{", ".join(parts)}]}}')


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("width", 9000, "must be a whole number from 1 to 8192 pixels"),
        ("blur", 0.1, "must be a number from 0.3 to 250 pixels, a sigma"),
        ("fit", "contains", "must be one of scale-down, contain, cover, crop, pad, squeeze"),
        ("pad", 5000, "must be one to four whole numbers from 0 to 4096 pixels"),
        ("crop", [0, 0, 10.5, 10], "must be whole pixels, or parts of the picture"),
        ("background", "none", "must be a colour"),
        ("fit", "fill", "two opposite things"),
    ],
)
def test_a_refusal_says_what_is_allowed(option: str, value: Any, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Transformation.model_validate_json(json.dumps({option: value}))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"width": 5000, "dpr": 2}, "dpr"),
        ({"width": 8000, "height": 8000, "fit": "cover"}, "fit"),
        ({"width": 4000, "height": 4000, "dpr": 2, "fit": "squeeze"}, "fit"),
        ({"format": "jpeg", "lossless": True}, "lossless"),
    ],
)
def test_options_that_can_not_be_had_together_are_refused(
    options: dict[str, Any], named: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        Transformation.model_validate_json(json.dumps(options))
    assert {error["loc"] for error in refusal.value.errors()} == {(named,)}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"rotate": -90}, {"rotate": 270}),
        ({"rotate": 360}, {}),
        ({"hue": 360}, {}),
        ({"trim": True}, {"trim": 10}),
        ({"trim": False}, {}),
        ({"pad": 5}, {"pad": [5, 5, 5, 5]}),
        ({"pad": [1, 2]}, {"pad": [1, 2, 1, 2]}),
        ({"pad": [1, 2, 3]}, {"pad": [1, 2, 3, 2]}),
        ({"pad": 0}, {}),
        ({"background": "#F00"}, {"background": "red"}),
        ({"background": "ff0000ff"}, {"background": "red"}),
        ({"background": "#12345600"}, {"background": "transparent"}),
        ({"brightness": 1.00001}, {}),
        ({"width": None}, {}),
        ({"dpr": 2}, {"dpr": 2.0}),
    ],
)
def test_two_ways_to_say_the_same_are_one_transformation(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    first, second = (Transformation.model_validate_json(json.dumps(x)) for x in (one, other))
    assert first == second
    assert first.fingerprint() == second.fingerprint()


@pytest.mark.parametrize(
    ("watermark", "named"),
    [
        ({}, ()),
        ({"text": "a", "image_id": "01938a6e-0000-7000-8000-00000000000b"}, ()),
        ({"text": ""}, ("text",)),
        ({"text": "  "}, ("text",)),
        ({"text": "a\nb"}, ("text",)),
        ({"text": "x" * 201}, ("text",)),
        ({"image_id": "../secret"}, ("image_id",)),
        ({"text": "a", "gravity": "attention"}, ("gravity",)),
        ({"text": "a", "scale": 0}, ("scale",)),
        ({"text": "a", "opacity": 2}, ("opacity",)),
        ({"text": "a", "size": 2}, ("size",)),
    ],
)
def test_a_bad_watermark_is_refused_and_what_is_wrong_with_it_named(
    watermark: dict[str, Any], named: tuple[str, ...]
) -> None:
    with pytest.raises(ValidationError) as refusal:
        Transformation.model_validate_json(json.dumps({"watermark": watermark}))
    assert {error["loc"] for error in refusal.value.errors()} == {("watermark", *named)}


@pytest.mark.parametrize("option", ["zoom", "Width", "", "__class__", "preset"])
def test_an_unknown_option_is_refused_and_named(option: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Transformation.model_validate_json(json.dumps({option: 1}))
    assert [error["loc"] for error in refusal.value.errors()] == [(option,)]
    assert refusal.value.errors()[0]["type"] == "extra_forbidden"


def test_a_transformation_can_not_be_changed_once_it_is_made() -> None:
    wanted = Transformation(width=10)
    with pytest.raises(ValidationError):
        wanted.width = 20  # type: ignore[misc] # it is what must not be done
