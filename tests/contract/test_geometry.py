"""What sides a result will have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.contract import geometry
from safelight.contract.transformations import MAX_SIDE, Transformation
from tests.contract.given import plain

ODD = (1021, 677)
any_sides = st.tuples(st.integers(1, 16384), st.integers(1, 3000))


@pytest.mark.parametrize(
    ("fit", "box", "sides"),
    [
        ("scale-down", (300, 300), (300, 199)),
        ("scale-down", (None, 300), (452, 300)),
        ("scale-down", (2000, 2000), ODD),
        ("contain", (2000, 2000), (2000, 1326)),
        ("contain", (2042, None), (2042, 1354)),
        ("cover", (301, 299), (301, 299)),
        ("cover", (2000, 2000), (2000, 2000)),
        ("cover", (300, None), (300, 199)),
        ("crop", (301, 299), (301, 299)),
        ("crop", (2000, 2000), ODD),
        ("crop", (2000, 100), (1021, 100)),
        ("pad", (301, 299), (301, 299)),
        ("pad", (2000, 2000), (2000, 2000)),
        ("pad", (300, None), (300, 199)),
        ("squeeze", (17, 1900), (17, 1900)),
        ("squeeze", (300, None), (300, 199)),
    ],
)
def test_every_fit_has_its_own_sides(
    fit: str, box: tuple[int | None, int | None], sides: tuple[int, int]
) -> None:
    options = {"fit": fit, "width": box[0], "height": box[1]}
    assert geometry.result_sides(ODD, Transformation.model_validate(options)) == sides


def test_dpr_multiplies_both_sides() -> None:
    wanted = Transformation(width=100, height=51, fit="cover", dpr=1.5)
    assert geometry.result_sides(ODD, wanted) == (150, 76)


@given(any_sides, st.integers(1, MAX_SIDE), st.integers(1, MAX_SIDE))
def test_what_never_enlarges_is_never_larger(
    sides: tuple[int, int], width: int, height: int
) -> None:
    for fit in ("scale-down", "crop"):
        options = {"fit": fit, "width": width, "height": height}
        result = geometry.result_sides(sides, Transformation.model_validate(options))
        assert result is not None
        assert result[0] <= min(width, sides[0])
        assert result[1] <= min(height, sides[1])


@given(any_sides, plain)
def test_every_result_has_at_least_one_pixel(
    sides: tuple[int, int], wanted: Transformation
) -> None:
    result = geometry.result_sides(sides, wanted)
    assert result is None or min(result) >= 1


@pytest.mark.parametrize(
    ("crop", "box"),
    [
        ((10, 20, 300, 200), (10, 20, 300, 200)),
        ((0, 0, 1, 1), (0, 0, *ODD)),
        ((0.5, 0.25, 0.5, 0.5), (510, 169, 511, 339)),
        ((1000, 600, 300, 200), (1000, 600, 21, 77)),
        ((0.9999, 0.9999, 0.0001, 0.0001), None),
        ((1021, 0, 10, 10), None),
    ],
)
def test_a_crop_is_what_lies_within_the_picture(
    crop: tuple[float, float, float, float], box: tuple[int, int, int, int] | None
) -> None:
    assert geometry.crop_box(ODD, Transformation(crop=crop)) == box


@pytest.mark.parametrize(
    ("degrees", "sides"),
    [
        (0, (400, 300)),
        (90, (300, 400)),
        (180, (400, 300)),
        (-90, (300, 400)),
        (45, (495, 495)),
        (30, (497, 460)),
        (120, (460, 497)),
    ],
)
def test_a_turned_picture_has_room_in_its_box(degrees: float, sides: tuple[int, int]) -> None:
    assert geometry.turned_sides((400, 300), degrees) == sides


@pytest.mark.parametrize(
    ("sides", "options", "option"),
    [
        ((100, 1000), {"width": 8192, "fit": "contain"}, "width"),
        ((1000, 100), {"height": 8192, "fit": "contain"}, "height"),
        ((4000, 3000), {"width": 8192, "fit": "contain"}, "width"),
        ((8000, 6000), {"rotate": 45}, "rotate"),
        ((8000, 100), {"pad": [0, 100]}, "pad"),
        ((100, 100), {"crop": [100, 0, 10, 10]}, "crop"),
    ],
)
def test_what_would_be_too_large_is_told_by_the_option_that_makes_it_so(
    sides: tuple[int, int], options: dict[str, object], option: str
) -> None:
    found = geometry.fault(sides, Transformation.model_validate(options))
    assert found is not None
    assert found[0] == option


@pytest.mark.parametrize(
    ("sides", "options"),
    [
        ((12000, 4000), {"grayscale": True}),
        ((12000, 4000), {"rotate": 90}),
        ((16384, 3000), {"width": 300}),
        ((100, 100), {"width": 8192, "height": 8192}),
        ((100, 100), {"width": 7000, "fit": "contain"}),
        ((100, 1000), {"trim": True, "width": 8192, "fit": "contain"}),
    ],
)
def test_what_is_no_larger_than_the_limits_or_its_source_passes(
    sides: tuple[int, int], options: dict[str, object]
) -> None:
    assert geometry.fault(sides, Transformation.model_validate(options)) is None
