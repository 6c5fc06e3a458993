"""Blocks with their means, against numpy's."""

import numpy as np
import pytest

from safelight.image_process_app.steps.pixelate import pixelate
from tests.image_process_app import arrays
from tests.image_process_app.arrays import (
    ROUNDED,
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


def blocks(before: Array, kind: Kind, size: int) -> Array:
    """Block by block; transparency weighs nothing, and so does what lies beyond the edge."""
    colour, alpha = split(before, kind)
    made = np.empty_like(before)
    for top in range(0, before.shape[0], size):
        for left in range(0, before.shape[1], size):
            here = np.s_[top : top + size, left : left + size]
            weight = alpha[here].mean()
            mean = (colour[here] * alpha[here]).mean(axis=(0, 1)) / (weight or 1)
            made[here] = np.append(mean, weight) if kind.alpha else mean
    return made


@kinds
@pytest.mark.parametrize("size", [2, 5, 16, 256])
def test_a_block_is_the_mean_of_its_pixels_also_at_ragged_edges(kind: Kind, size: int) -> None:
    before = values(kind)
    after = seen(pixelate(picture(kind, before), wanted(pixelate=size)))
    assert levels_apart(after, blocks(before, kind, size)) <= ROUNDED


def test_blocks_that_fill_the_picture_are_the_means_of_theirs() -> None:
    before = values(arrays.COLOUR, (32, 16))
    after = seen(pixelate(picture(arrays.COLOUR, before), wanted(pixelate=8)))
    assert levels_apart(after, blocks(before, arrays.COLOUR, 8)) <= ROUNDED


def test_a_hidden_colour_has_no_part_in_the_mean() -> None:
    before = np.zeros((4, 4, 4))
    before[:2] = (1, 0.6, 0.2, 1)
    after = seen(pixelate(picture(arrays.CLEAR_COLOUR, before), wanted(pixelate=4)))
    assert np.allclose(after, (1, 0.6, 0.2, 128 / 255))


def test_every_frame_is_pixelated() -> None:
    frames = [values(arrays.GREY, seed=seed) for seed in range(3)]
    after = pixelate(picture(arrays.GREY, *frames), wanted(pixelate=6))
    for number, frame in enumerate(frames):
        assert levels_apart(seen(after, number), blocks(frame, arrays.GREY, 6)) <= ROUNDED


def test_what_is_not_asked_for_is_not_done() -> None:
    before = picture(arrays.COLOUR, values(arrays.COLOUR))
    assert pixelate(before, wanted()) is before
