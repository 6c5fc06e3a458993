"""The tint, against CIE Lab as scikit-image has it."""

import numpy as np
import pytest
from skimage.color import rgb2lab, xyz_tristimulus_values
from skimage.color.colorconv import rgb_from_xyz

from safelight.image_process_app.steps.tint import tint
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

TABLES = 1.2
"""Levels of 8 bits: half one of rounding; the rest is libvips' tables for the curve of sRGB."""


def reference(colour: Array, of: tuple[int, int, int]) -> Array:
    """Lightness of the pixels, a and b of the colour, without clipping on the way."""
    lightness = rgb2lab(np.broadcast_to(colour, (*colour.shape[:2], 3)))[..., 0]
    _, a, b = rgb2lab(np.array(of) / 255)
    y = (lightness + 16) / 116
    f = np.stack([y + a / 500, y, y - b / 200], axis=-1)
    xyz = np.where(f > 6 / 29, f**3, (f - 16 / 116) / 7.787) * xyz_tristimulus_values(
        illuminant="D65", observer="2"
    )
    light = np.clip(xyz @ rgb_from_xyz.T, 0, 1)
    encoded = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(encoded)


@kinds
@pytest.mark.parametrize("colour", [(255, 120, 0), (40, 90, 200), (128, 128, 128)])
def test_lightness_stays_and_the_rest_is_the_colours(
    kind: Kind, colour: tuple[int, int, int]
) -> None:
    before = values(kind)
    made = tint(picture(kind, before), wanted(tint=bytes(colour).hex()))
    assert made.first.interpretation == ("rgb16" if kind.top > 255 else "srgb")
    after = seen(made)
    assert levels_apart(after[..., :3], reference(before[..., : kind.colours], colour)) <= TABLES
    if kind.alpha:
        assert np.array_equal(before[..., -1], after[..., -1])


def test_the_lightness_of_the_colour_does_not_count() -> None:
    """Ten greys between black and white give the same whether by a light or a dark grey."""
    before = picture(arrays.COLOUR, values(arrays.COLOUR))
    light, dark = (seen(tint(before, wanted(tint=grey))) for grey in ("eeeeee", "222222"))
    assert levels_apart(light, dark) <= 2 * TABLES


def test_transparent_is_no_tint() -> None:
    before = picture(arrays.COLOUR, values(arrays.COLOUR))
    assert tint(before, wanted(tint="transparent")) is before


def test_every_frame_is_tinted() -> None:
    frames = [values(arrays.GREY, seed=seed) for seed in range(3)]
    made = tint(picture(arrays.GREY, *frames), wanted(tint="red"))
    assert [frame.bands for frame in made.frames] == [3, 3, 3]
    assert not np.array_equal(seen(made, 0), seen(made, 2))
