"""Rotation, flip and orientation, against Pillow and scikit-image in float."""

import numpy as np
import pytest
from PIL import Image, ImageOps
from skimage.transform import AffineTransform, warp

from safelight.contract.geometry import turned_sides
from tests.image_process_app.conftest import Make
from tests.image_process_app.reference import Array, apart, levels, pixels
from tests.journeys import pictures

BICUBIC = 1.0
"""Mean levels between two bicubic kernels that differ in their parameter, inside the picture."""
SIDES = (121, 87)
TURNS = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180,
         270: Image.Transpose.ROTATE_90}  # fmt: skip
ANGLES = [5, 33.3, 45, 101, 200.5, 315]


@pytest.mark.parametrize("degrees", [90, 180, 270, -90, 360])
def test_a_quarter_of_a_turn_is_clockwise_and_changes_no_pixel(make: Make, degrees: int) -> None:
    picture = pictures.photograph(SIDES)
    made = make(pictures.saved(picture, "PNG"), "image/png", rotate=degrees, format="png")
    turn = TURNS.get(degrees % 360)
    wanted = picture if turn is None else picture.transpose(turn)
    assert apart(pixels(made.data), levels(wanted)) == 0


@pytest.mark.parametrize("degrees", ANGLES)
def test_any_angle_is_as_a_float_rotation_about_the_middle_makes_it(
    make: Make, degrees: float
) -> None:
    picture = pictures.photograph(SIDES)
    content = pictures.saved(picture, "PNG")
    made = make(content, "image/png", rotate=degrees, background="0a64c8", format="png")
    assert (made.width, made.height) == turned_sides(SIDES, degrees)
    wanted, inside = _turned(levels(picture), degrees, (made.width, made.height))
    found = pixels(made.data)
    assert apart(found[inside > 0.999], wanted[inside > 0.999]) < BICUBIC
    assert (found[inside < 0.001] == (10, 100, 200)).all()


def _turned(source: Array, degrees: float, sides: tuple[int, int]) -> tuple[Array, Array]:
    """By scikit-image: the picture, and how much of each pixel is within it, well off its edge."""
    width, height = sides
    angle = np.deg2rad(degrees)
    there = (
        AffineTransform(translation=(0.5 - source.shape[1] / 2, 0.5 - source.shape[0] / 2))
        + AffineTransform(rotation=angle)
        + AffineTransform(translation=(width / 2 - 0.5, height / 2 - 0.5))
    )
    turned = warp(
        source.astype(float),
        there.inverse,
        output_shape=(height, width),
        order=3,
        cval=0,
        preserve_range=True,
    )
    near = warp(
        np.pad(np.ones(source.shape[:2]), 3, constant_values=0),
        (AffineTransform(translation=(-3, -3)) + there).inverse,
        output_shape=(height, width),
        order=1,
        cval=0,
    )
    # Pixels of which any neighbour is half outside are neither one nor the other.
    low = np.minimum.reduce([np.roll(near, (y, x), (0, 1)) for y in (-3, 0, 3) for x in (-3, 0, 3)])
    high = np.maximum.reduce(
        [np.roll(near, (y, x), (0, 1)) for y in (-3, 0, 3) for x in (-3, 0, 3)]
    )
    return turned.astype(np.float32), np.where(low > 0.999, 1.0, np.where(high < 0.001, 0.0, 0.5))


@pytest.mark.parametrize(
    ("mode", "background", "corner"),
    [
        ("RGB", None, (255, 255, 255)),
        ("L", None, (255,)),
        ("RGB", "transparent", (0, 0, 0, 0)),
        ("RGBA", None, (0, 0, 0, 0)),
        ("RGBA", "ff000080", (255, 0, 0, 128)),
        ("L", "00ff00", (0, 255, 0)),
    ],
)
def test_the_corners_are_white_or_clear_or_what_is_asked_for(
    make: Make, mode: str, background: str | None, corner: tuple[int, ...]
) -> None:
    content = pictures.saved(pictures.photograph(SIDES).convert(mode), "PNG")
    asked = {"background": background} if background else {}
    made = make(content, "image/png", rotate=30, format="png", **asked)
    found = pixels(made.data)
    assert found.shape[2] == len(corner)
    assert tuple(found[0, 0]) == corner


def test_no_hidden_colour_shows_where_a_clear_picture_is_turned(make: Make) -> None:
    source = np.zeros((80, 80, 4), dtype=np.uint8)
    source[20:60, 20:60] = (255, 255, 255, 255)  # white amid black that nobody sees
    content = pictures.saved(Image.fromarray(source), "PNG")
    found = pixels(make(content, "image/png", rotate=37, format="png").data)
    seen = found[found[..., 3] > 64]
    assert seen[:, :3].min() > 250
    assert (found[..., 3] > 0).sum() > 1600


def test_sixteen_bits_are_turned_as_they_are(make: Make) -> None:
    made = make(pictures.sixteen_bit_png(), "image/png", rotate=10, width=120, lossless=True)
    eight = make(pictures.still("PNG"), "image/png", rotate=10, width=120, lossless=True)
    assert apart(pixels(made.data), pixels(eight.data)) < 0.5


@pytest.mark.parametrize("flip", ["h", "v", "hv"])
def test_flip_mirrors(make: Make, flip: str) -> None:
    picture = pictures.photograph(SIDES)
    wanted = levels(picture)
    wanted = wanted[:, ::-1] if "h" in flip else wanted
    wanted = wanted[::-1] if "v" in flip else wanted
    made = make(pictures.saved(picture, "PNG"), "image/png", flip=flip, format="png")
    assert apart(pixels(made.data), wanted) == 0


def test_rotation_comes_after_resize_and_before_flip(make: Make) -> None:
    picture = pictures.photograph((300, 200))
    content = pictures.saved(picture, "PNG")
    made = make(content, "image/png", width=150, rotate=90, flip="h", format="png")
    assert (made.width, made.height) == (100, 150)
    small = make(content, "image/png", width=150, format="png")
    wanted = pictures.opened(small.data).transpose(TURNS[90])
    assert apart(pixels(made.data), levels(wanted)[:, ::-1]) == 0


@pytest.mark.parametrize("orientation", [2, 3, 6, 8])
@pytest.mark.parametrize("width", [None, 120])
def test_without_auto_orient_pixels_stay_as_stored_and_the_tag_goes(
    make: Make, orientation: int, width: int | None
) -> None:
    content = pictures.turned_jpeg(orientation)
    made = make(content, auto_orient=False, width=width, format="png")
    stored = pictures.opened(content)
    assert made.width == (width or stored.width)
    assert pictures.difference(made.data, stored) < 4
    assert not pictures.opened(made.data).getexif()


@pytest.mark.parametrize("form", ["jpeg", "png", "webp", "avif", "gif", "tiff"])
@pytest.mark.parametrize("auto_orient", [True, False])
def test_no_format_turns_a_picture_once_more(make: Make, form: str, auto_orient: bool) -> None:
    content = pictures.turned_jpeg(6)
    made = make(content, auto_orient=auto_orient, width=60, format=form)
    shown = ImageOps.exif_transpose(pictures.opened(made.data))
    assert shown.size == (made.width, made.height) == ((60, 40) if auto_orient else (60, 90))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_upright_also_where_it_is_scaled_while_decoded(
    make: Make, orientation: int
) -> None:
    made = make(pictures.turned_jpeg(orientation), width=111, format="png")
    assert (made.width, made.height) == (111, 74)
    assert pictures.difference(made.data, pictures.photograph()) < 4


def test_every_frame_is_turned(make: Make) -> None:
    made = make(pictures.animation("WEBP"), "image/webp", rotate=90, width=120)
    picture = pictures.opened(made.data)
    assert picture.size == (80, 120)
    for number, frame in enumerate(pictures.frames()):
        picture.seek(number)
        wanted = levels(frame.resize((120, 80), Image.Resampling.LANCZOS).transpose(TURNS[90]))
        assert apart(levels(picture.convert("RGB")), wanted) < 6
