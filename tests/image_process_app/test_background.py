"""Margins, backgrounds and what is lost with the alpha, against numpy."""

import numpy as np
import pytest

from safelight.image_process_app.steps.background import background
from safelight.image_process_app.steps.flatten import flatten
from safelight.image_process_app.steps.pad import pad
from tests.image_process_app import arrays
from tests.image_process_app.arrays import (
    ROUNDED,
    Kind,
    kinds,
    levels_apart,
    over,
    picture,
    seen,
    split,
    values,
    wanted,
)

CLEAR = [kind for kind in arrays.KINDS if kind.alpha]
clear_kinds = pytest.mark.parametrize("kind", CLEAR, ids=lambda kind: kind.name)
ORANGE = (255, 136, 0)


@kinds
@pytest.mark.parametrize(
    ("css", "margins"),
    [
        ([3], (3, 3, 3, 3)),
        ([3, 5], (3, 5, 3, 5)),
        ([1, 2, 4], (1, 2, 4, 2)),
        ([1, 2, 4, 8], (1, 2, 4, 8)),
    ],
)
def test_margins_come_in_the_order_of_css_white_or_transparent(
    kind: Kind, css: list[int], margins: tuple[int, ...]
) -> None:
    above, right, below, left = margins
    before = values(kind)
    after = seen(pad(picture(kind, before), wanted(pad=css)))
    height, width = before.shape[:2]
    assert after.shape[:2] == (height + above + below, width + left + right)
    inner = np.s_[above : above + height, left : left + width]
    assert np.array_equal(after[inner], before)
    after[inner] = 0 if kind.alpha else 1
    assert (after == (0 if kind.alpha else 1)).all()


def test_margins_of_an_opaque_picture_have_the_colour_of_the_background() -> None:
    before = values(arrays.DEEP_COLOUR)
    after = seen(pad(picture(arrays.DEEP_COLOUR, before), wanted(pad=2, background="ff8800")))
    assert np.array_equal(after[0, 0], np.array(ORANGE) / 255)
    assert np.array_equal(after[2:-2, 2:-2], before)


def test_a_grey_picture_gets_colour_for_a_margin_in_colour_and_stays_grey_for_a_grey_one() -> None:
    before = values(arrays.GREY)
    coloured = seen(pad(picture(arrays.GREY, before), wanted(pad=1, background="orange")))
    assert np.array_equal(coloured[1:-1, 1:-1], np.repeat(before, 3, axis=-1))
    assert np.array_equal(np.round(coloured[0, 0] * 255), (255, 165, 0))
    grey = seen(pad(picture(arrays.GREY, before), wanted(pad=1, background="808080")))
    assert grey.shape[-1] == 1
    assert grey[0, 0] == 128 / 255


@pytest.mark.parametrize("colour", ["transparent", "ff880080"])
def test_margins_to_be_seen_through_give_an_opaque_picture_alpha(colour: str) -> None:
    """The margin is as transparent as was asked, not twice composited; the picture is opaque."""
    change = wanted(pad=[2, 3], background=colour)
    before = values(arrays.COLOUR)
    after = seen(background(pad(picture(arrays.COLOUR, before), change), change))
    assert np.array_equal(after[2:-2, 3:-3, :3], before)
    assert (after[2:-2, 3:-3, 3] == 1).all()
    corner = (0, 0, 0, 0) if colour == "transparent" else (255, 136, 0, 128)
    assert np.array_equal(np.round(after[0, 0] * 255), corner)


@clear_kinds
@pytest.mark.parametrize("colour", [ORANGE, (90, 90, 90)])
def test_an_opaque_colour_behind_a_picture_takes_its_alpha(
    kind: Kind, colour: tuple[int, int, int]
) -> None:
    before = values(kind)
    change = wanted(background=bytes(colour).hex())
    after = seen(background(picture(kind, before), change))
    bands, alpha = split(before, kind)
    coloured = colour == ORANGE or kind.colours == 3
    behind = np.array(colour if coloured else colour[:1]) / 255
    assert after.shape[-1] == len(behind)
    assert levels_apart(after, np.asarray(bands * alpha + behind * (1 - alpha))) <= ROUNDED


@clear_kinds
@pytest.mark.parametrize("colour", [(*ORANGE, 128), (90, 90, 90, 1)])
def test_a_half_transparent_colour_is_composited_and_alpha_stays(
    kind: Kind, colour: tuple[int, int, int, int]
) -> None:
    before = values(kind)
    after = seen(background(picture(kind, before), wanted(background=bytes(colour).hex())))
    bands, alpha = split(before, kind)
    behind = np.array(colour[:-1]) / 255
    if colour[:3] != ORANGE:
        behind = behind[: kind.colours]
    lower = np.broadcast_to(behind, (*bands.shape[:2], len(behind)))
    reference, opacity = over(bands, alpha, lower, np.full_like(alpha, colour[-1] / 255))
    assert levels_apart(after[..., -1:], opacity) <= ROUNDED
    assert levels_apart(after[..., :-1], reference) <= ROUNDED


@kinds
@pytest.mark.parametrize("options", [{}, {"background": "transparent"}])
def test_without_a_background_all_stays_as_it_is(kind: Kind, options: dict[str, str]) -> None:
    before = picture(kind, values(kind))
    assert background(before, wanted(**options)) is before


def test_an_opaque_picture_hides_its_background() -> None:
    before = picture(arrays.COLOUR, values(arrays.COLOUR))
    assert background(before, wanted(background="red")) is before


@clear_kinds
def test_white_is_behind_what_a_jpeg_can_not_keep_transparent(kind: Kind) -> None:
    before = values(kind)
    after = seen(flatten(picture(kind, before), wanted(format="jpeg")))
    bands, alpha = split(before, kind)
    assert levels_apart(after, bands * alpha + 1 - alpha) <= ROUNDED
    assert flatten(kept := picture(kind, before), wanted(format="webp")) is kept


def test_every_frame_gets_margin_and_background() -> None:
    frames = [values(arrays.CLEAR_COLOUR, seed=seed) for seed in range(3)]
    change = wanted(pad=1, background="navy")
    after = background(pad(picture(arrays.CLEAR_COLOUR, *frames), change), change)
    for number, frame in enumerate(frames):
        made = seen(after, number)
        assert np.array_equal(np.round(made[0, 0] * 255), (0, 0, 128))
        alpha = frame[..., 3:]
        reference = frame[..., :3] * alpha + np.array((0, 0, 128)) / 255 * (1 - alpha)
        assert levels_apart(made[1:-1, 1:-1], reference) <= ROUNDED
