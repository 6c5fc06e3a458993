"""Brightness, contrast, saturation, hue and gamma, against the formulas in numpy."""

from math import cos, radians, sin

import numpy as np
import pytest

from safelight.image_process_app.steps.adjust import adjust
from safelight.image_process_app.steps.grayscale import grayscale
from tests.image_process_app import arrays
from tests.image_process_app.arrays import (
    Array,
    Kind,
    kinds,
    levels_apart,
    picture,
    seen,
    values,
    wanted,
)

ROUNDED = {255: 0.51, 65535: 0.004}
"""Levels of 8 bits: half a level of the depth at hand, and what floats of 32 bits lose."""
TABLES = 1.2
"""Levels of 8 bits: half one of rounding; the rest is libvips' tables for the curve of sRGB."""
COLOURS = [kind for kind in arrays.KINDS if kind.colours == 3]
colours = pytest.mark.parametrize("kind", COLOURS, ids=lambda kind: kind.name)


def saturate(s: float) -> Array:
    """The matrix of the W3C's Filter Effects as its text has it."""
    return np.array(
        [
            [0.213 + 0.787 * s, 0.715 - 0.715 * s, 0.072 - 0.072 * s],
            [0.213 - 0.213 * s, 0.715 + 0.285 * s, 0.072 - 0.072 * s],
            [0.213 - 0.213 * s, 0.715 - 0.715 * s, 0.072 + 0.928 * s],
        ]
    )


def hue_rotate(degrees: float) -> Array:
    c, s = cos(radians(degrees)), sin(radians(degrees))
    return np.array(
        [
            [
                0.213 + c * 0.787 - s * 0.213,
                0.715 - c * 0.715 - s * 0.715,
                0.072 - c * 0.072 + s * 0.928,
            ],
            [
                0.213 - c * 0.213 + s * 0.143,
                0.715 + c * 0.285 + s * 0.140,
                0.072 - c * 0.072 - s * 0.283,
            ],
            [
                0.213 - c * 0.213 - s * 0.787,
                0.715 - c * 0.715 + s * 0.715,
                0.072 + c * 0.928 + s * 0.072,
            ],
        ]
    )


def changed(kind: Kind, **options: float) -> tuple[Array, Array]:
    """The colours before and after a step that must not have touched the alpha."""
    before = values(kind)
    after = seen(adjust(picture(kind, before), wanted(**options)))
    if kind.alpha:
        assert np.array_equal(before[..., -1], after[..., -1])
    return before[..., : kind.colours], after[..., : kind.colours]


@kinds
@pytest.mark.parametrize("factor", [0.0, 0.4, 1.7, 4.0])
def test_brightness_is_a_factor(kind: Kind, factor: float) -> None:
    before, after = changed(kind, brightness=factor)
    assert levels_apart(after, before * factor) <= ROUNDED[kind.top]


@kinds
@pytest.mark.parametrize("factor", [0.0, 0.5, 2.5])
def test_contrast_spreads_levels_around_the_middle(kind: Kind, factor: float) -> None:
    before, after = changed(kind, contrast=factor)
    assert levels_apart(after, (before - 0.5) * factor + 0.5) <= ROUNDED[kind.top]


@kinds
@pytest.mark.parametrize("gamma", [0.1, 0.6, 2.2, 3.0])
def test_gamma_is_a_power_and_brightens_above_one(kind: Kind, gamma: float) -> None:
    before, after = changed(kind, gamma=gamma)
    assert levels_apart(after, before ** (1 / gamma)) <= ROUNDED[kind.top]


@colours
@pytest.mark.parametrize("factor", [0.0, 0.5, 1.8, 4.0])
def test_saturation_is_the_one_of_filter_effects(kind: Kind, factor: float) -> None:
    before, after = changed(kind, saturation=factor)
    assert levels_apart(after, before @ saturate(factor).T) <= ROUNDED[kind.top]


@colours
@pytest.mark.parametrize("degrees", [1, 90, 180, 275])
def test_hue_is_the_one_of_filter_effects(kind: Kind, degrees: float) -> None:
    before, after = changed(kind, hue=degrees)
    assert levels_apart(after, before @ hue_rotate(degrees).T) <= ROUNDED[kind.top]


@colours
def test_what_one_change_drives_beyond_the_edge_another_brings_back(kind: Kind) -> None:
    """Clipped once at the end: twice as bright, then half the contrast, loses no light."""
    options = {"brightness": 2.0, "contrast": 0.5, "saturation": 1.5, "hue": 40, "gamma": 1.4}
    before, after = changed(kind, **options)
    linear = (before * 2.0 - 0.5) * 0.5 + 0.5
    matrix = hue_rotate(40) @ saturate(1.5)
    reference = np.clip(linear @ matrix.T, 0, None) ** (1 / 1.4)
    assert levels_apart(after, reference) <= ROUNDED[kind.top]


@pytest.mark.parametrize("kind", [arrays.GREY, arrays.DEEP_CLEAR_GREY], ids=lambda kind: kind.name)
def test_grey_has_no_saturation_and_no_hue(kind: Kind) -> None:
    before = picture(kind, values(kind))
    assert adjust(before, wanted(saturation=3, hue=90)) is before


def test_a_picture_that_is_to_stay_as_it_is_is_not_computed() -> None:
    before = picture(arrays.COLOUR, values(arrays.COLOUR))
    assert adjust(before, wanted(width=10)) is before


def test_every_frame_is_changed_and_keeps_its_time() -> None:
    frames = [values(arrays.COLOUR, seed=seed) for seed in range(3)]
    after = adjust(picture(arrays.COLOUR, *frames), wanted(brightness=0.5))
    assert after.delays == (40, 40, 40)
    for number, frame in enumerate(frames):
        assert levels_apart(seen(after, number), frame * 0.5) <= ROUNDED[255]


@colours
def test_grayscale_is_the_luminance_of_light(kind: Kind) -> None:
    """Linear light by Rec. 709, as a grey of the same light."""
    before = values(kind)
    after = seen(grayscale(picture(kind, before), wanted(grayscale=True)))
    colour = before[..., :3]
    light = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    grey = light @ np.array([[0.2126], [0.7152], [0.0722]])
    encoded = np.where(grey <= 0.0031308, grey * 12.92, 1.055 * grey ** (1 / 2.4) - 0.055)
    assert levels_apart(after[..., :1], encoded) <= TABLES
    assert after.shape[-1] == 1 + kind.alpha
    if kind.alpha:
        assert np.array_equal(before[..., -1], after[..., -1])
