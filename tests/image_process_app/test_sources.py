"""What variants are made from: alone or together, they look the same."""

import numpy as np
import pytest
import pyvips

from safelight.contract.messages import WantedVariant
from safelight.contract.transformations import Transformation
from safelight.image_process_app.limits import Limits
from safelight.image_process_app.pipeline import Encoded, Pipeline
from safelight.image_process_app.sources import Sources
from safelight.image_process_app.steps.open import open_picture
from tests.image_process_app.conftest import Held, Make
from tests.image_process_app.reference import apart, levels, pixels
from tests.journeys import pictures

SHARED = 1.5
"""Mean levels that a second scaling, or the decoder's own, makes; a codec makes more."""
ASKED: dict[str, dict[str, object]] = {
    "whole": {"rotate": 90},
    "large": {"width": 400},
    "mid": {"width": 190, "height": 190, "fit": "cover"},
    "small": {"width": 60},
    "as stored": {"width": 150, "auto_orient": False},
    "part": {"crop": [0.25, 0.25, 0.5, 0.5], "width": 100},
    "trimmed": {"trim": True, "width": 100},
    "enlarged": {"width": 700, "fit": "contain"},
}


def asked(*names: str) -> list[WantedVariant]:
    return [
        WantedVariant(
            name=name,
            transformation=Transformation.model_validate({**ASKED[name], "format": "png"}),
        )
        for name in names or ASKED
    ]


def made(fd: int, content_type: str, wanted: list[WantedVariant]) -> dict[str, Encoded]:
    found = {}
    for variant, result in Pipeline(fd, content_type, Limits(), wanted).variants():
        assert isinstance(result, Encoded), result
        found[variant.name] = result
    return found


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_variant_looks_the_same_made_alone_or_with_others(held: Held, orientation: int) -> None:
    fd = held(pictures.turned_jpeg(orientation))
    together = made(fd, "image/jpeg", asked())
    assert set(together) == set(ASKED)
    for name, one in together.items():
        alone = made(fd, "image/jpeg", asked(name))[name]
        assert (one.width, one.height) == (alone.width, alone.height), name
        assert apart(pixels(one.data), pixels(alone.data)) < SHARED, name


@pytest.mark.parametrize(
    ("names", "describe", "streams"),
    [
        (["small"], False, True),
        (["small"], True, True),
        (["large", "mid", "small"], True, False),  # mid is more than half of large
        (["large", "small"], True, True),
        (["part"], False, False),
        (["whole"], False, False),
        ([], True, False),
    ],
)
def test_the_picture_is_held_in_memory_only_where_it_is_read_again(
    held: Held, names: list[str], describe: bool, streams: bool
) -> None:
    wanted = [variant.transformation for variant in (asked(*names) if names else [])]
    opened = open_picture(held(pictures.jpeg()), "image/jpeg", Limits(), wanted)
    assert Sources(opened.picture, wanted, describe).streams == streams


@pytest.mark.parametrize("names", [["small"], ["large", "small"], ["whole"], ["whole", "small"]])
@pytest.mark.parametrize("end", [0.5, 0.95])
def test_a_picture_that_ends_early_is_no_failure_of_its_variants(
    held: Held, names: list[str], end: float
) -> None:
    content = pictures.jpeg()
    fd = held(content[: int(len(content) * end)])
    with pytest.raises(pyvips.Error):
        list(Pipeline(fd, "image/jpeg", Limits(), asked(*names)).variants())


def test_every_kind_of_still_is_scaled_while_it_is_decoded(make: Make) -> None:
    for content_type, content in pictures.KINDS.values():
        result = make(content(), content_type, width=120, format="png")
        assert pictures.difference(result.data, pictures.photograph()) < 8


@pytest.mark.parametrize("kind", ["sides", "alpha"])
def test_a_description_tells_sides_and_alpha(held: Held, kind: str) -> None:
    for content, alpha in ((pictures.alpha_png(), True), (pictures.still("PNG"), False)):
        pipeline = Pipeline(held(content), "image/png", Limits(), asked("small"))
        list(pipeline.variants())
        seen = pipeline.describe()
        assert (seen.width, seen.height, seen.has_alpha) == (*pictures.SIDES, alpha)


def test_alpha_is_kept_right_through_two_scalings(held: Held) -> None:
    """What is seen on black: half a level for each rounding of premultiplied colours."""
    content = pictures.alpha_png()
    found = made(held(content), "image/png", asked("large", "small"))["small"]
    source = levels(pictures.opened(content))
    seen = pixels(found.data)
    shown = seen[..., :3] * seen[..., 3:] / 255
    premultiplied = (source[..., :3] * source[..., 3:] / 255).reshape(40, 8, 60, 8, 3)
    assert np.abs(shown - premultiplied.mean(axis=(1, 3))).mean() < 3  # a box, not a Lanczos


@pytest.mark.parametrize("options", [{"width": 60}, {"rotate": 30}, {"width": 99, "fit": "pad"}])
def test_bands_beyond_colour_and_alpha_are_left_out(make: Make, options: dict[str, object]) -> None:
    photograph = pyvips.Image.new_from_array(np.asarray(pictures.photograph((120, 80))))
    many = photograph.bandjoin([255, 7, 99]).copy(interpretation="srgb")
    result = make(bytes(many.tiffsave_buffer()), "image/tiff", format="png", **options)
    assert pictures.opened(result.data).mode == "RGBA"
