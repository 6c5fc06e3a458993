"""What is cut away before anything else is done."""

from io import BytesIO

import numpy as np
import pytest
import pyvips
from PIL import Image

from safelight.contract.messages import WantedVariant
from safelight.contract.transformations import Transformation
from safelight.image_process_app.limits import Limits, Rejected
from safelight.image_process_app.pipeline import Encoded, Pipeline
from tests.image_process_app.conftest import Held, Make
from tests.image_process_app.reference import apart, lanczos, levels, pixels
from tests.journeys import pictures

ROUNDING = 0.8
"""Mean levels by which two kernels of the same name differ that round at different times."""
SHRUNK = 2.5
"""The same where a JPEG was decoded at a fraction of its sides, and the box fell between pixels."""
SIDES = (301, 199)


def photograph() -> bytes:
    return pictures.saved(pictures.photograph(SIDES), "PNG")


@pytest.mark.parametrize(
    ("crop", "box"),
    [
        ([10, 20, 101, 67], (10, 20, 111, 87)),
        ([250, 150, 999, 999], (250, 150, 301, 199)),  # as far as there is a picture
        ([0.1, 0.5, 0.25, 0.5], (30, 100, 105, 199)),
        ([0, 0, 1, 1], (0, 0, 301, 199)),
        ([300, 198, 1, 1], (300, 198, 301, 199)),
    ],
)
def test_crop_cuts_by_pixels_and_by_parts(
    make: Make, crop: list[float], box: tuple[int, int, int, int]
) -> None:
    made = make(photograph(), "image/png", crop=crop, format="png")
    wanted = levels(pictures.photograph(SIDES).crop(box))
    assert apart(pixels(made.data), wanted) == 0


def test_a_crop_outside_the_picture_fails_that_variant_alone(held: Held) -> None:
    wanted = [
        WantedVariant(name="out", transformation=Transformation(crop=(301, 0, 10, 10))),
        WantedVariant(name="in", transformation=Transformation(width=50)),
    ]
    pipeline = Pipeline(held(photograph()), "image/png", Limits(), wanted)
    made = {variant.name: result for variant, result in pipeline.variants()}
    assert isinstance(made["in"], Encoded)
    failure = made["out"]
    assert isinstance(failure, Rejected)
    assert failure.code == "crop-outside"
    assert "301 x 199" in failure.detail


def test_crop_comes_before_resize(make: Make) -> None:
    options = {"crop": [100, 50, 120, 90], "width": 60, "format": "png"}
    made = make(photograph(), "image/png", **options)
    part = levels(pictures.photograph(SIDES).crop((100, 50, 220, 140)))
    assert apart(pixels(made.data), lanczos(part, (60, 45))) < ROUNDING


def test_a_crop_means_pixels_of_the_original_however_a_jpeg_was_decoded(make: Make) -> None:
    content = pictures.jpeg((1601, 1201))
    made = make(content, crop=[401, 203, 1001, 701], width=125, format="png")
    assert (made.width, made.height) == (125, 88)
    part = levels(pictures.opened(content).crop((401, 203, 1402, 904)))
    assert apart(pixels(made.data), lanczos(part, (125, 88))) < SHRUNK


def test_a_crop_is_of_the_upright_picture_or_of_the_stored_one(make: Make) -> None:
    content = pictures.turned_jpeg(6)
    stored = pictures.opened(content)
    upright = stored.transpose(Image.Transpose.ROTATE_270)
    for auto_orient, picture in ((True, upright), (False, stored)):
        made = make(content, crop=[30, 10, 200, 150], auto_orient=auto_orient, format="png")
        assert apart(pixels(made.data), levels(picture.crop((30, 10, 230, 160)))) < ROUNDING


def bordered(
    mode: str, colour: object, box: tuple[int, int, int, int] = (7, 11, 200, 140)
) -> Image.Image:
    """A photograph within a border; `box` is where it is in 230 x 160."""
    whole = Image.new(mode, (230, 160), colour)  # type: ignore[arg-type]
    inner = pictures.photograph((box[2] - box[0], box[3] - box[1])).convert(mode)
    whole.paste(inner, box[:2])
    return whole


@pytest.mark.parametrize(
    ("mode", "colour"),
    [("RGB", (255, 255, 255)), ("RGB", (255, 0, 255)), ("L", 255), ("RGBA", (0, 0, 255, 255))],
)
def test_a_border_of_one_colour_is_taken_away(make: Make, mode: str, colour: object) -> None:
    picture = bordered(mode, colour)
    made = make(pictures.saved(picture, "PNG"), "image/png", trim=True, format="png")
    assert apart(pixels(made.data), levels(picture.crop((7, 11, 200, 140)))) == 0


def test_a_clear_border_is_taken_away_whatever_colour_it_hides(make: Make) -> None:
    pixels_in = np.zeros((60, 80, 4), dtype=np.uint8)
    pixels_in[..., 0] = np.arange(80)  # what nobody sees
    pixels_in[20:30, 33:70] = (9, 200, 30, 255)
    content = pictures.saved(Image.fromarray(pixels_in), "PNG")
    made = make(content, "image/png", trim=True, format="png")
    assert (pixels(made.data) == (9, 200, 30, 255)).all()
    assert (made.width, made.height) == (37, 10)


def test_a_line_of_one_pixel_is_no_border(make: Make) -> None:
    drawing = Image.new("RGB", (90, 70), "white")
    drawing.paste("black", (20, 30, 60, 31))
    made = make(pictures.saved(drawing, "PNG"), "image/png", trim=True, format="png")
    assert (made.width, made.height) == (40, 1)


@pytest.mark.parametrize(("threshold", "width"), [(5, 40), (20, 30)])
@pytest.mark.parametrize("deep", [False, True])
def test_the_threshold_is_in_levels_of_8_bits(
    make: Make, threshold: int, width: int, deep: bool
) -> None:
    drawing = np.full((50, 60, 3), 200, dtype=np.uint16)
    drawing[10:40, 10:50] = 190  # 10 levels beside the border
    drawing[10:40, 15:45] = 100
    array = drawing * 257 if deep else drawing.astype(np.uint8)
    image = pyvips.Image.new_from_array(array, interpretation="rgb16" if deep else "srgb")
    made = make(bytes(image.pngsave_buffer()), "image/png", trim=threshold, format="png")
    assert (made.width, made.height) == (width, 30)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_a_picture_that_is_all_border_is_left_as_it_is(make: Make, mode: str) -> None:
    content = pictures.saved(Image.new(mode, (31, 17)), "PNG")
    made = make(content, "image/png", trim=True, format="png")
    assert (made.width, made.height) == (31, 17)


def test_a_picture_without_a_border_is_left_as_it_is(make: Make) -> None:
    made = make(photograph(), "image/png", trim=1, format="png")
    assert apart(pixels(made.data), levels(pictures.photograph(SIDES))) == 0


def test_an_animation_is_trimmed_to_what_any_frame_needs(make: Make) -> None:
    film = []
    for place in ((10, 20), (40, 30), (25, 44)):
        frame = Image.new("RGB", (90, 80), "white")
        frame.paste((10, 80, 160), (*place, place[0] + 12, place[1] + 9))
        film.append(frame)
    file = BytesIO()
    film[0].save(file, "WEBP", save_all=True, append_images=film[1:], lossless=True, duration=100)
    made = make(file.getvalue(), "image/webp", trim=True, lossless=True)
    picture = pictures.opened(made.data)
    assert (made.width, made.height, getattr(picture, "n_frames", 1)) == (42, 33, 3)
    for number, frame in enumerate(film):
        picture.seek(number)
        assert apart(levels(picture.convert("RGB")), levels(frame.crop((10, 20, 52, 53)))) == 0


def test_crop_counts_from_what_is_left_of_the_border(make: Make) -> None:
    picture = bordered("RGB", (255, 255, 255))
    content = pictures.saved(picture, "PNG")
    made = make(content, "image/png", trim=True, crop=[5, 6, 40, 30], format="png")
    assert apart(pixels(made.data), levels(picture.crop((12, 17, 52, 47)))) == 0
