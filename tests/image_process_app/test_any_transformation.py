"""Whatever is asked for together: the sides are those that were promised, or it says why not."""

import pyvips
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from safelight.backends.memory_file import memory_file
from safelight.contract.geometry import result_sides
from safelight.contract.messages import WantedVariant
from safelight.contract.transformations import Transformation
from safelight.image_process_app.limits import Limits, Rejected
from safelight.image_process_app.pipeline import Encoded, Pipeline
from tests.journeys import pictures

COMBINATIONS = 60
KINDS = {
    **pictures.KINDS,
    "turned JPEG": ("image/jpeg", lambda: pictures.turned_jpeg(6)),
    "clear PNG": ("image/png", pictures.alpha_png),
    "film": ("image/webp", lambda: pictures.animation("WEBP")),
    "line": ("image/png", lambda: pictures.saved(pictures.photograph((1, 300)), "PNG")),
}
SIDE = st.sampled_from([1, 3, 17, 60, 99, 300, 701])
OPTIONS = st.fixed_dictionaries(
    {
        "fit": st.sampled_from(["scale-down", "contain", "cover", "crop", "pad", "squeeze"]),
        "format": st.sampled_from(["auto", "jpeg", "png", "webp", "tiff"]),
    },
    optional={
        "width": SIDE,
        "height": SIDE,
        "dpr": st.sampled_from([0.5, 2.0]),
        "gravity": st.sampled_from(["north", "southwest", "entropy", "attention", (0.2, 0.9)]),
        "crop": st.sampled_from([(0, 0, 5, 5), (0.2, 0.2, 0.5, 0.5), (50, 30, 400, 400)]),
        "rotate": st.sampled_from([90.0, 180.0, 270.0, 13.0, -45.5]),
        "flip": st.sampled_from(["h", "v", "hv"]),
        "auto_orient": st.booleans(),
        "grayscale": st.booleans(),
        "background": st.sampled_from(["ff0000", "transparent", "00ff0080", "808080"]),
        "pad": st.sampled_from([3, (1, 2, 3, 4)]),
        "metadata": st.just("copyright"),
        "animated": st.booleans(),
        "max_bytes": st.sampled_from([1024, 20_000]),
        "effort": st.just(0),
    },
)


@settings(max_examples=COMBINATIONS, derandomize=True)
@given(st.sampled_from(sorted(KINDS)), st.lists(OPTIONS, min_size=1, max_size=3), st.booleans())
def test_any_transformation_is_made_as_promised_or_says_why_not(
    kind: str, asked: list[dict[str, object]], describe: bool
) -> None:
    try:
        wanted = [
            WantedVariant(name=str(number), transformation=Transformation.model_validate(options))
            for number, options in enumerate(asked)
        ]
    except ValidationError:
        return
    content_type, content = KINDS[kind]
    with memory_file("it") as fd:
        with open(fd, "wb", closefd=False) as file:
            file.write(content())
        pipeline = Pipeline(fd, content_type, Limits(), wanted, describe=describe)
        for variant, made in pipeline.variants():
            if isinstance(made, Rejected):
                assert made.code in ("crop-outside", "too-many-bytes", "result-too-large")
                continue
            assert isinstance(made, Encoded), made
            out = pyvips.Image.new_from_buffer(made.data, "")
            out.avg()
            stored = (1, 300) if kind == "line" else pictures.SIDES
            turned = kind == "turned JPEG" and not variant.transformation.auto_orient
            sides = stored[::-1] if turned else stored
            assert (out.width, out.height) == (made.width, made.height)
            assert (made.width, made.height) == result_sides(sides, variant.transformation)
        if describe:
            assert pipeline.describe().width > 0
