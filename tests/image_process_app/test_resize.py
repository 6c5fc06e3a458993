"""The right sides, for every shape."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from safelight.contract.geometry import result_sides
from safelight.contract.messages import WantedVariant
from safelight.contract.presets import BUILT_IN
from safelight.contract.transformations import Transformation
from safelight.image_process_app.limits import Limits
from safelight.image_process_app.pipeline import Encoded, Pipeline
from tests.image_process_app.conftest import Held, Make
from tests.journeys import pictures

SIDES = st.tuples(st.integers(1, 16384), st.integers(1, 16384))


@given(SIDES, st.integers(1, 8192), st.integers(1, 8192))
def test_scale_down_fits_inside_and_never_enlarges(
    sides: tuple[int, int], width: int, height: int
) -> None:
    out = result_sides(sides, Transformation(width=width, height=height))
    assert out is not None
    assert all(
        1 <= o <= max(1, min(s, w)) for o, s, w in zip(out, sides, (width, height), strict=True)
    )
    factor = min(1, width / sides[0], height / sides[1])
    assert all(abs(o - s * factor) <= 1 for o, s in zip(out, sides, strict=True))


@given(SIDES, st.integers(1, 7000), st.integers(1, 7000))
def test_cover_has_exactly_the_wanted_sides(
    sides: tuple[int, int], width: int, height: int
) -> None:
    wanted = Transformation(width=width, height=height, fit="cover")
    assert result_sides(sides, wanted) == (width, height)


@pytest.mark.parametrize(
    "sides", [(1, 2000), (2000, 1), (3, 900), (1, 1), (99, 101), (641, 427), (2725, 2225)]
)
@pytest.mark.parametrize("preset", BUILT_IN)
def test_what_is_encoded_has_the_promised_sides(
    make: Make, sides: tuple[int, int], preset: str
) -> None:
    content = pictures.saved(pictures.photograph().resize(sides), "PNG")
    wanted = BUILT_IN[preset]
    made = make(content, "image/png", **wanted.model_dump(exclude_defaults=True))
    assert pictures.opened(made.data).size == (made.width, made.height)
    assert (made.width, made.height) == result_sides(sides, wanted)


def test_attention_finds_the_subject(make: Make) -> None:
    scene = Image.new("RGB", (1200, 400), (120, 130, 140))
    face = pictures.photograph().crop((150, 0, 350, 200))
    scene.paste(face, (950, 100))
    made = make(
        pictures.saved(scene, "PNG"),
        "image/png",
        width=100,
        height=100,
        fit="cover",
        gravity="attention",
    )
    assert np.asarray(pictures.opened(made.data).convert("L"), float).std() > 20


def test_the_centre_is_the_default_of_cover(make: Make) -> None:
    content = pictures.saved(pictures.photograph((300, 100)), "PNG")
    made = make(content, "image/png", width=100, height=100, fit="cover")
    centre = pictures.photograph((300, 100)).crop((100, 0, 200, 100))
    assert pictures.difference(made.data, centre) < 5


def test_variants_that_share_a_decode_look_as_if_made_alone(make: Make, held: Held) -> None:
    content = pictures.camera_jpeg((2400, 1800))
    wanted = [WantedVariant(name=n, transformation=t) for n, t in BUILT_IN.items()]
    pipeline = Pipeline(held(content), "image/jpeg", Limits(), wanted)
    for variant, shared in pipeline.variants():
        alone = make(content, **variant.transformation.model_dump(exclude_defaults=True))
        assert isinstance(shared, Encoded)
        assert pictures.opened(shared.data).size == pictures.opened(alone.data).size
        if variant.name != "thumb":
            assert pictures.difference(shared.data, pictures.opened(alone.data)) < 3


def test_a_jpeg_decoded_at_a_fraction_of_its_sides_is_still_sharp(make: Make) -> None:
    content = pictures.camera_jpeg((2400, 1800))
    reference = pictures.opened(content).resize((300, 225), Image.Resampling.LANCZOS)
    made = make(content, width=300, format="jpeg")
    assert pictures.difference(made.data, reference) < 4
