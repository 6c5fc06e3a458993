"""Every fit, on shapes that no box suits."""

import pytest
from PIL import Image

from safelight.contract.geometry import fitted_sides, scaled_sides
from safelight.contract.transformations import Transformation
from tests.image_process_app.conftest import Make
from tests.image_process_app.reference import apart, lanczos, levels, pixels
from tests.journeys import pictures

ROUNDING = 0.8
"""Mean levels by which two kernels of the same name differ that round at different times."""
ODD = [(301, 199), (199, 301), (97, 401), (400, 3)]
BOXES = [(101, 67), (67, 101), (150, 150), (33, 7), (613, 405), (350, 100)]


def expected(sides: tuple[int, int], box: tuple[int, int], fit: str) -> tuple[int, int]:
    """The sides that the vocabulary promises, written down once more."""
    across, down = box[0] / sides[0], box[1] / sides[1]
    if fit in ("cover", "pad", "squeeze"):
        return box
    if fit == "crop":
        factor = min(1.0, max(across, down))
        whole = [max(1, round(side * factor)) for side in sides]
        return min(whole[0], box[0]), min(whole[1], box[1])
    factor = min(across, down) if fit == "contain" else min(1.0, across, down)
    return max(1, round(sides[0] * factor)), max(1, round(sides[1] * factor))


@pytest.mark.parametrize("fit", ["scale-down", "contain", "cover", "crop", "pad", "squeeze"])
@pytest.mark.parametrize("sides", ODD)
def test_every_fit_has_exactly_its_sides_on_odd_ratios(
    make: Make, fit: str, sides: tuple[int, int]
) -> None:
    content = pictures.saved(pictures.photograph(sides), "PNG")
    for width, height in BOXES:
        made = make(content, "image/png", width=width, height=height, fit=fit, format="png")
        wanted = expected(sides, (width, height), fit)
        assert pictures.opened(made.data).size == (made.width, made.height) == wanted


@pytest.mark.parametrize("fit", ["scale-down", "contain", "squeeze"])
@pytest.mark.parametrize("box", [(101, 67), (133, 40), (90, 150)])
def test_the_whole_picture_looks_as_a_float_resize_makes_it(
    make: Make, fit: str, box: tuple[int, int]
) -> None:
    picture = pictures.photograph((301, 199))
    content = pictures.saved(picture, "PNG")
    made = make(content, "image/png", width=box[0], height=box[1], fit=fit, format="png")
    wanted = lanczos(levels(picture), (made.width, made.height))
    assert apart(pixels(made.data), wanted) < ROUNDING


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
@pytest.mark.parametrize(("fit", "box"), [("contain", (455, 370)), ("squeeze", (700, 201))])
def test_what_is_enlarged_stays_in_its_place(
    make: Make, mode: str, fit: str, box: tuple[int, int]
) -> None:
    """Half a pixel beside it would be 3 levels here."""
    picture = pictures.photograph((301, 199)).convert(mode)
    content = pictures.saved(picture, "PNG")
    made = make(content, "image/png", width=box[0], height=box[1], fit=fit, format="png")
    wanted = lanczos(levels(picture), (made.width, made.height), Image.Resampling.BICUBIC)
    assert apart(pixels(made.data), wanted) < ROUNDING


def test_one_side_may_grow_while_the_other_shrinks(make: Make) -> None:
    picture = pictures.photograph((301, 199))
    content = pictures.saved(picture, "PNG")
    made = make(content, "image/png", width=100, height=300, fit="squeeze", format="png")
    narrow = lanczos(levels(picture), (100, 199))
    wanted = lanczos(narrow, (100, 300), Image.Resampling.BICUBIC)
    assert apart(pixels(made.data), wanted) < ROUNDING


@pytest.mark.parametrize("fit", ["cover", "crop"])
def test_cover_and_crop_show_the_middle_of_the_scaled_picture(make: Make, fit: str) -> None:
    picture = pictures.photograph((301, 199))
    content = pictures.saved(picture, "PNG")
    made = make(content, "image/png", width=80, height=90, fit=fit, format="png")
    whole = lanczos(levels(picture), (136, 90))
    assert apart(pixels(made.data), whole[:, 28:108]) < ROUNDING


@pytest.mark.parametrize("fit", ["scale-down", "crop"])
@pytest.mark.parametrize("options", [{"width": 900}, {"width": 900, "height": 800}, {"dpr": 4.0}])
def test_scale_down_and_crop_never_enlarge(make: Make, fit: str, options: dict[str, float]) -> None:
    content = pictures.saved(pictures.photograph((301, 199)), "PNG")
    made = make(content, "image/png", fit=fit, format="png", **options)
    assert (made.width, made.height) == (301, 199)
    assert apart(pixels(made.data), levels(pictures.photograph((301, 199)))) == 0


def test_crop_cuts_where_only_one_side_is_large_enough(make: Make) -> None:
    picture = pictures.photograph((301, 199))
    content = pictures.saved(picture, "PNG")
    made = make(content, "image/png", width=100, height=400, fit="crop", format="png")
    assert (made.width, made.height) == (100, 199)
    assert apart(pixels(made.data), levels(picture)[:, 100:200]) == 0


@pytest.mark.parametrize(("dpr", "width"), [(0.5, 60), (2.0, 240), (3.3, 396)])
def test_dpr_multiplies_the_box(make: Make, dpr: float, width: int) -> None:
    content = pictures.saved(pictures.photograph(), "PNG")
    made = make(content, "image/png", width=120, height=80, dpr=dpr)
    assert (made.width, made.height) == (width, round(width * 2 / 3))


def test_pad_puts_the_picture_in_the_middle_of_its_background(make: Make) -> None:
    picture = pictures.photograph((300, 200))
    content = pictures.saved(picture, "PNG")
    made = make(
        content, "image/png", width=150, height=160, fit="pad", background="ff8000", format="png"
    )
    found = pixels(made.data)
    assert apart(found[30:130], lanczos(levels(picture), (150, 100))) < ROUNDING
    assert (found[:30] == (255, 128, 0)).all()
    assert (found[130:] == (255, 128, 0)).all()


@pytest.mark.parametrize(
    ("mode", "background", "seen"),
    [
        ("RGB", None, (255, 255, 255)),
        ("RGBA", None, (0, 0, 0, 0)),
        ("RGB", "transparent", (0, 0, 0, 0)),
        ("RGBA", "0000ff80", (0, 0, 255, 128)),
        ("L", None, (255,)),
        ("L", "808080", (128,)),
        ("L", "ff0000", (255, 0, 0)),
    ],
)
def test_what_pad_adds_is_white_or_clear_or_what_is_asked_for(
    make: Make, mode: str, background: str | None, seen: tuple[int, ...]
) -> None:
    content = pictures.saved(pictures.photograph((60, 40)).convert(mode), "PNG")
    asked = {"background": background} if background else {}
    made = make(content, "image/png", width=60, height=60, fit="pad", format="png", **asked)
    found = pixels(made.data)
    if seen[-1] == 0 and len(seen) == 4:
        assert (found[:10, :, 3] == 0).all()
        return
    assert found.shape[2] == len(seen)
    assert (found[:10] == seen).all()


def test_a_line_is_not_blown_up_before_it_is_cut(make: Make) -> None:
    content = pictures.saved(Image.new("RGB", (1, 9000), (9, 99, 199)), "PNG")
    made = make(content, "image/png", width=500, height=500, fit="cover", format="png")
    assert (pixels(made.data) == (9, 99, 199)).all()


def test_the_geometry_of_both_apps_is_what_is_made(make: Make) -> None:
    sides = (241, 163)
    content = pictures.jpeg(sides)
    for options in ({"width": 31}, {"height": 29, "fit": "contain"}, {"width": 50, "fit": "crop"}):
        wanted = Transformation.model_validate(options)
        made = make(content, **options)
        assert (made.width, made.height) == fitted_sides(sides, wanted)
        assert fitted_sides(sides, wanted) == scaled_sides(sides, wanted)
