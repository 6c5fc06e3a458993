"""Another picture laid over one: where, how large, how it shows; pixel by pixel."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

from safelight.contract.messages import Overlay
from safelight.image_process_app.limits import Limits, Rejected
from safelight.image_process_app.picture import Picture
from safelight.image_process_app.steps.overlays import Overlays
from safelight.image_process_app.steps.watermark import watermark
from tests.image_process_app import arrays
from tests.image_process_app.arrays import (
    ROUNDED,
    Array,
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
from tests.image_process_app.conftest import Held
from tests.journeys import pictures

MARK = "0190aaaa-0000-7000-8000-00000000000a"
SIDES = (80, 60)
STAMP = (20, 15)


def png(stamp: Array) -> bytes:
    return pictures.saved(Image.fromarray(np.round(stamp * 255).astype(np.uint8).squeeze()), "PNG")


def overlays(held: Held, content: bytes, content_type: str = "image/png") -> Overlays:
    return Overlays([(Overlay(image_id=MARK, content_type=content_type), held(content))], Limits())


def marked(before: Picture, given: Overlays, **options: Any) -> Picture:
    return watermark(before, wanted(watermark={"image_id": MARK, **options}), given)


@pytest.mark.parametrize(
    ("gravity", "place"),
    [
        ("northwest", (0, 0)),
        ("north", (30, 0)),
        ("northeast", (60, 0)),
        ("west", (0, 22)),
        ("center", (30, 22)),
        ("east", (60, 22)),
        ("southwest", (0, 45)),
        ("south", (30, 45)),
        ("southeast", (60, 45)),
        ([0.5, 0.5], (30, 22)),
        ([0.25, 0.75], (10, 38)),
        ([0, 1], (0, 45)),
    ],
)
def test_the_mark_is_where_gravity_says_and_nothing_else_changes(
    held: Held, gravity: object, place: tuple[int, int]
) -> None:
    before, stamp = values(arrays.COLOUR, SIDES), values(arrays.COLOUR, STAMP, seed=2)
    after = seen(
        marked(picture(arrays.COLOUR, before), overlays(held, png(stamp)), gravity=gravity)
    )
    expected = before.copy()
    left, top = place
    expected[top : top + STAMP[1], left : left + STAMP[0]] = stamp
    assert np.array_equal(after, expected)


@kinds
def test_a_clear_mark_is_composited_and_the_picture_keeps_its_bands(held: Held, kind: Kind) -> None:
    before = values(kind, SIDES)
    stamp = values(arrays.CLEAR_COLOUR if kind.colours == 3 else arrays.CLEAR_GREY, STAMP, seed=2)
    given = overlays(held, png(stamp))
    made = marked(picture(kind, before), given, gravity="northwest", opacity=0.6)
    after = seen(made)
    assert (made.first.interpretation, made.first.bands) == (kind.space, kind.bands)
    here = np.s_[: STAMP[1], : STAMP[0]]
    colour, alpha = split(before[here], kind)
    reference, opacity = over(stamp[..., :-1], stamp[..., -1:] * 0.6, colour, alpha)
    assert levels_apart(after[here][..., : kind.colours], reference) <= ROUNDED
    if kind.alpha:
        assert levels_apart(after[here][..., -1:], opacity) <= ROUNDED
    assert np.array_equal(after[STAMP[1] :], before[STAMP[1] :])


@pytest.mark.parametrize(
    ("stamp", "scale", "sides"),
    [
        ((20, 10), 0.5, (40, 20)),
        ((20, 10), 1, (80, 40)),
        ((10, 40), 0.5, (8, 30)),
        ((400, 100), 0.25, (20, 5)),
        ((1, 200), 0.01, (1, 1)),
    ],
)
def test_the_mark_fits_into_its_part_of_width_and_height(
    held: Held, stamp: tuple[int, int], scale: float, sides: tuple[int, int]
) -> None:
    black = np.zeros((SIDES[1], SIDES[0], 3))
    given = overlays(held, png(np.ones((stamp[1], stamp[0], 3))))
    after = seen(marked(picture(arrays.COLOUR, black), given, scale=scale, gravity="northwest"))
    assert (after[: sides[1], : sides[0]] == 1).all()
    assert after.sum() == sides[0] * sides[1] * 3


@pytest.mark.parametrize(("gravity", "first"), [("southeast", (0, 1)), ("northwest", (0, 0))])
def test_tiles_are_half_their_sides_apart_and_cover_all_from_the_gravity_on(
    held: Held, gravity: str, first: tuple[int, int]
) -> None:
    before, stamp = values(arrays.COLOUR, SIDES), values(arrays.COLOUR, STAMP, seed=2)
    given = overlays(held, png(stamp))
    after = seen(marked(picture(arrays.COLOUR, before), given, gravity=gravity, tile=True))
    expected = before.copy()
    # 20 + 10 across, 15 + 7 down.
    origin = (60 % 30, 45 % 22) if gravity == "southeast" else (0, 0)
    assert origin == first
    for y in range(SIDES[1]):
        for x in range(SIDES[0]):
            column, row = (x - origin[0]) % 30, (y - origin[1]) % 22
            if column < STAMP[0] and row < STAMP[1]:
                expected[y, x] = stamp[row, column]
    assert np.array_equal(after, expected)


def test_every_frame_gets_the_mark_and_keeps_its_time(held: Held) -> None:
    frames = [values(arrays.CLEAR_COLOUR, SIDES, seed) for seed in range(3)]
    stamp = values(arrays.COLOUR, STAMP, seed=9)
    given = overlays(held, png(stamp))
    for tile in (False, True):
        after = marked(picture(arrays.CLEAR_COLOUR, *frames), given, gravity="north", tile=tile)
        assert after.delays == (40, 40, 40)
        for number in range(3):
            assert np.array_equal(seen(after, number)[:15, 30:50, :3], stamp)
            assert (seen(after, number)[:15, 30:50, 3] == 1).all()


def test_a_mark_in_colour_is_grey_on_a_grey_picture(held: Held) -> None:
    given = overlays(held, png(np.ones((15, 20, 3)) * (1, 0, 0)))
    before = picture(arrays.DEEP_GREY, values(arrays.DEEP_GREY, SIDES))
    after = marked(before, given, gravity="northwest")
    assert after.first.interpretation == "grey16"
    # The grey of sRGB's red: 0.2126 of the light.
    assert seen(after)[:15, :20] == pytest.approx(0.498, abs=0.005)


def test_white_is_white_in_either_depth(held: Held) -> None:
    before = picture(arrays.DEEP_COLOUR, values(arrays.DEEP_COLOUR, SIDES))
    after = marked(before, overlays(held, png(np.ones((15, 20, 3)))), gravity="northwest")
    assert (seen(after)[:15, :20] == 1).all()
    deep = pictures.sixteen_bit_png()
    on_eight = picture(arrays.COLOUR, values(arrays.COLOUR, SIDES))
    assert marked(on_eight, overlays(held, deep)).first.format == "uchar"


def test_the_mark_is_upright_and_the_first_frame_of_an_animation(held: Held) -> None:
    turned = overlays(held, pictures.turned_jpeg(6), "image/jpeg").picture(MARK)
    upright = overlays(held, pictures.turned_jpeg(1), "image/jpeg").picture(MARK)
    assert turned.frame_sides == upright.frame_sides
    moving = overlays(held, pictures.animation("GIF"), "image/gif").picture(MARK)
    assert not moving.animated


def test_a_mark_is_opened_once_however_many_variants_want_it(held: Held) -> None:
    given = overlays(held, png(np.ones((15, 20, 3))))
    assert given.picture(MARK) is given.picture(MARK)


def test_no_mark_and_one_that_can_not_be_seen_leave_the_picture_as_it_is(held: Held) -> None:
    before = picture(arrays.COLOUR, values(arrays.COLOUR))
    nothing = Overlays([], Limits())
    assert watermark(before, wanted(), nothing) is before
    assert marked(before, nothing, opacity=0) is before


@pytest.mark.parametrize(
    ("content", "content_type", "words"),
    [
        (b"no picture", "image/png", "damaged or incomplete"),
        (pictures.jpeg()[:5000], "image/jpeg", "damaged or incomplete"),
        (png(np.ones((3, 20000, 1))), "image/png", "20000 x 3 pixels"),
        (b"<svg/>", "image/svg+xml", "can't be used"),
    ],
    ids=["nonsense", "cut off", "too long", "of a kind that is not taken"],
)
def test_a_mark_that_can_not_be_opened_is_told_of_as_such(
    held: Held, content: bytes, content_type: str, words: str
) -> None:
    before = picture(arrays.COLOUR, values(arrays.COLOUR))
    given = overlays(held, content, content_type)
    for _ in range(2):
        with pytest.raises(Rejected) as refusal:
            marked(before, given)
        assert refusal.value.code == "watermark-unusable"
        assert words in refusal.value.detail


def test_a_mark_that_is_gone_is_told_of_as_such() -> None:
    with pytest.raises(Rejected) as refusal:
        marked(picture(arrays.COLOUR, values(arrays.COLOUR)), Overlays([], Limits()))
    assert refusal.value.code == "watermark-missing"
