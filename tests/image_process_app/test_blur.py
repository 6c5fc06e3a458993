"""Blur and sharpen, against scikit-image's Gaussian in floats of 64 bits."""

import numpy as np
import pytest
from skimage.filters import gaussian

from safelight.image_process_app.steps.blur import blur
from safelight.image_process_app.steps.sharpen import sharpen
from tests.image_process_app import arrays
from tests.image_process_app.arrays import (
    Array,
    Kind,
    kinds,
    levels_apart,
    picture,
    seen,
    split,
    values,
    wanted,
)

SMOOTH = 1.3
"""Levels of 8 bits: half a level of rounding, 0.8 where a large sigma is drawn on a smaller
picture."""


def soft(bands: Array, sigma: float) -> Array:
    return np.asarray(gaussian(bands, sigma=sigma, mode="nearest", truncate=5, channel_axis=-1))


def edge(kind: Kind, sides: tuple[int, int]) -> Array:
    """The hardest edges there are, opaque."""
    width, height = sides
    bands = np.zeros((height, width, kind.bands))
    bands[:, width // 2 :] = 1
    bands[height // 2 :] = 1 - bands[height // 2 :]
    if kind.alpha:
        bands[..., -1] = 1
    return bands


@kinds
@pytest.mark.parametrize("sigma", [0.3, 1.5, 4.0, 9.0])
def test_a_blur_is_the_gaussian_of_its_sigma(kind: Kind, sigma: float) -> None:
    before = values(kind, (83, 61))
    after = seen(blur(picture(kind, before), wanted(blur=sigma)))
    colour, alpha = split(before, kind)
    weight = soft(alpha, sigma)
    reference = soft(colour * alpha, sigma) / weight
    visible = weight[..., 0] > 0.1 / 255
    made = after[..., : kind.colours]
    assert levels_apart(made[visible], reference[visible]) <= SMOOTH
    if kind.alpha:
        assert levels_apart(after[..., -1:], weight) <= SMOOTH


@pytest.mark.parametrize("sigma", [5.9, 17.0, 40.0, 250.0])
def test_a_large_blur_is_the_gaussian_of_its_sigma_at_hard_edges_too(sigma: float) -> None:
    before = edge(arrays.COLOUR, (301, 203))
    after = seen(blur(picture(arrays.COLOUR, before), wanted(blur=sigma)))
    assert levels_apart(after, soft(before, sigma)) <= SMOOTH


@pytest.mark.parametrize("sigma", [0.5, 3.0, 30.0, 250.0])
@pytest.mark.parametrize("sides", [(1, 1), (1, 50), (7, 3)])
def test_one_level_stays_what_it_is_however_small_the_picture(
    sides: tuple[int, int], sigma: float
) -> None:
    """Whole numbers in libvips' Gaussian would move it by up to four levels."""
    before = np.full((sides[1], sides[0], 3), 201 / 255)
    after = seen(blur(picture(arrays.COLOUR, before), wanted(blur=sigma)))
    assert np.array_equal(np.round(after * 255), np.round(before * 255))


def test_a_hidden_colour_does_not_show_at_the_edge_of_what_is_seen() -> None:
    before = np.zeros((20, 40, 4))
    before[:, :20] = (1, 1, 1, 1)
    for change in (wanted(blur=2), wanted(blur=12)):
        after = seen(blur(picture(arrays.CLEAR_COLOUR, before), change))
        visible = after[..., 3] > 0.02
        assert (after[..., :3][visible] == 1).all()


@kinds
@pytest.mark.parametrize("sigma", [0.5, 2.0, 10.0])
def test_sharpening_doubles_what_a_pixel_differs_from_those_around(
    kind: Kind, sigma: float
) -> None:
    before = values(kind, (83, 61))
    after = seen(sharpen(picture(kind, before), wanted(sharpen=sigma)))
    colour, alpha = split(before, kind)
    weight = soft(alpha, sigma)
    around = np.divide(
        soft(colour * alpha, sigma), weight, out=np.zeros_like(colour), where=weight > 1e-9
    )
    visible = alpha[..., 0] > 0
    made, reference = after[..., : kind.colours], colour + (colour - around)
    assert levels_apart(made[visible], reference[visible]) <= SMOOTH
    if kind.alpha:
        assert np.array_equal(before[..., -1], after[..., -1])


def test_what_is_not_asked_for_is_not_done() -> None:
    before = picture(arrays.COLOUR, values(arrays.COLOUR))
    assert blur(before, wanted()) is before
    assert sharpen(before, wanted()) is before


def test_every_frame_is_blurred_and_sharpened_by_itself() -> None:
    frames = [values(arrays.COLOUR, seed=seed) for seed in range(3)]
    soft_frames = blur(picture(arrays.COLOUR, *frames), wanted(blur=2))
    sharp_frames = sharpen(picture(arrays.COLOUR, *frames), wanted(sharpen=2))
    for number, frame in enumerate(frames):
        around = soft(frame, 2)
        assert levels_apart(seen(soft_frames, number), around) <= SMOOTH
        assert levels_apart(seen(sharp_frames, number), frame * 2 - around) <= SMOOTH
