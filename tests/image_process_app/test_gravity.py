"""Where a picture is cut."""

import numpy as np
import pytest
from PIL import Image
from skimage import data

from safelight.image_process_app.steps.gravity import Gravity, placed
from tests.image_process_app.conftest import Make
from tests.image_process_app.reference import Array, apart, lanczos, levels, pixels
from tests.journeys import pictures

ROUNDING = 0.8
"""Mean levels by which two Lanczos differ that round at different times."""
SIDES = (300, 200)
COMPASS = {
    "center": (0.5, 0.5),
    "north": (0.5, 0),
    "northeast": (1, 0),
    "east": (1, 0.5),
    "southeast": (1, 1),
    "south": (0.5, 1),
    "southwest": (0, 1),
    "west": (0, 0.5),
    "northwest": (0, 0),
}

PLACES: tuple[Gravity, ...] = (*COMPASS, (0.0, 1.0), (0.33, 0.77))


@pytest.mark.parametrize("fit", ["cover", "crop"])
@pytest.mark.parametrize("gravity", COMPASS)
@pytest.mark.parametrize("box", [(60, 80), (120, 40)])
def test_every_word_of_the_compass_keeps_its_side(
    make: Make, fit: str, gravity: str, box: tuple[int, int]
) -> None:
    picture = pictures.photograph(SIDES)
    made = make(
        pictures.saved(picture, "PNG"),
        "image/png",
        width=box[0],
        height=box[1],
        fit=fit,
        gravity=gravity,
        format="png",
    )
    factor = max(box[0] / SIDES[0], box[1] / SIDES[1])
    whole = round(SIDES[0] * factor), round(SIDES[1] * factor)
    left, top = (
        int((w - b) * part) for w, b, part in zip(whole, box, COMPASS[gravity], strict=True)
    )
    wanted = lanczos(levels(picture), whole)[top : top + box[1], left : left + box[0]]
    assert apart(pixels(made.data), wanted) < ROUNDING


@pytest.mark.parametrize(
    ("point", "left"),
    [((0.5, 0.5), 30), ((0.3, 0.9), 6), ((0, 0), 0), ((1, 1), 60), ((0.9, 0), 60)],
)
def test_a_focal_point_is_as_near_to_the_middle_as_the_box_allows(
    make: Make, point: tuple[float, float], left: int
) -> None:
    picture = pictures.photograph(SIDES)
    made = make(
        pictures.saved(picture, "PNG"),
        "image/png",
        width=60,
        height=80,
        fit="cover",
        gravity=point,
        format="png",
    )
    wanted = lanczos(levels(picture), (120, 80))[:, left : left + 60]
    assert apart(pixels(made.data), wanted) < ROUNDING


def test_a_focal_point_is_a_place_of_the_picture_also_where_it_is_enlarged(make: Make) -> None:
    picture = Image.new("RGB", (90, 30), (0, 0, 0))
    picture.paste((255, 255, 255), (60, 0, 90, 30))
    content = pictures.saved(picture, "PNG")
    made = make(
        content, "image/png", width=100, height=100, fit="cover", gravity=[0.83, 0.5], format="png"
    )
    assert pixels(made.data).mean() > 250


def test_an_odd_rest_never_leaves_the_picture() -> None:
    for whole in range(1, 12):
        for part in range(1, whole + 1):
            for gravity in PLACES:
                left, top = placed((whole, whole), (part, part), gravity)
                assert 0 <= left <= whole - part
                assert 0 <= top <= whole - part


SUBJECTS = {
    "astronaut": (data.astronaut, (165, 60, 290, 220)),  # her face, in 512 x 512
    "rocket": (data.rocket, (290, 60, 350, 330)),  # on its pad at night, in 640 x 427
    "coffee": (data.coffee, (170, 60, 440, 330)),  # the cup, in 600 x 400
}
"""Photographs with what anyone would say they show: left, top, right, bottom in pixels."""
SEEN = 0.5
"""Of what a box can show of the subject, it shows at least so much."""


@pytest.mark.parametrize("name", SUBJECTS)
@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (1, 2), (3, 1), (2, 1)])
def test_attention_finds_the_subject_of_a_photograph(
    make: Make, name: str, shape: tuple[int, int]
) -> None:
    load, (left, top, right, bottom) = SUBJECTS[name]
    photograph = load()
    height, width = photograph.shape[:2]
    factor = max(shape[0] / width, shape[1] / height)
    box = round(shape[0] / factor), round(shape[1] / factor)
    content = pictures.saved(Image.fromarray(photograph), "PNG")
    options = {"width": box[0], "height": box[1], "fit": "cover", "format": "png"}
    made = make(content, "image/png", gravity="attention", **options)
    x, y = _where(pixels(made.data), photograph.astype(np.float32))
    across = max(0, min(right, x + box[0]) - max(left, x))
    down = max(0, min(bottom, y + box[1]) - max(top, y))
    could = min(right - left, box[0]) * min(bottom - top, box[1])
    assert across * down / could > SEEN, (x, y, box)


def _where(part: Array, whole: Array) -> tuple[int, int]:
    """At which place a part lies that was cut out and not scaled."""
    height, width = part.shape[:2]
    for y in range(whole.shape[0] - height + 1):
        for x in range(whole.shape[1] - width + 1):
            if np.array_equal(whole[y : y + height : 37, x : x + width : 37], part[::37, ::37]):
                return x, y
    raise AssertionError("it is no part of the picture")


def test_entropy_prefers_what_has_detail(make: Make) -> None:
    scene = Image.new("RGB", (900, 300), (90, 90, 90))
    scene.paste(pictures.photograph((300, 300)), (600, 0))
    content = pictures.saved(scene, "PNG")
    made = make(
        content, "image/png", width=100, height=100, fit="cover", gravity="entropy", format="png"
    )
    assert pixels(made.data).std() > 30
