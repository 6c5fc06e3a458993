"""Any transformation, for tests that hold for all of them."""

from typing import get_args

from hypothesis import strategies as st

from safelight.contract.options import Compass
from safelight.contract.transformations import MAX_MARGIN, MAX_SIDE, Transformation
from safelight.contract.watermarks import Watermark

IMAGE = "01938a6e-0000-7000-8000-00000000000b"

compass = st.sampled_from(get_args(Compass))
parts = st.floats(0, 1, allow_nan=False)
points = st.tuples(parts, parts)
colours = st.none() | st.sampled_from(
    ["#f00", "0f08", "teal", "#12345678", "transparent", "CCDDEE"]
)
margins = st.integers(0, MAX_MARGIN)
pixels = st.tuples(*[st.integers(2, 9000).map(float)] * 4)
fractions = st.tuples(*[st.integers(1, 50).map(lambda part: part / 100)] * 4)


def number(least: float, most: float) -> st.SearchStrategy[float]:
    return st.floats(least, most, allow_nan=False) | st.sampled_from([least, most])


watermarks = st.builds(
    Watermark,
    text=st.text("aЖ東 <&", min_size=1).filter(str.strip),
    gravity=compass | points,
    scale=number(0.01, 1),
    opacity=number(0, 1),
    tile=st.booleans(),
) | st.just(Watermark(image_id=IMAGE))

plain = st.fixed_dictionaries(
    {},
    optional={
        "width": st.integers(1, MAX_SIDE),
        "height": st.integers(1, MAX_SIDE // 2),
        "fit": st.sampled_from(["scale-down", "contain", "crop"]),
        "gravity": compass | st.sampled_from(["entropy", "attention"]) | points,
        "crop": pixels | fractions,
        "trim": st.booleans() | st.integers(1, 255),
        "rotate": number(-360, 360),
        "flip": st.sampled_from(["h", "v", "hv"]),
        "auto_orient": st.booleans(),
        "grayscale": st.booleans(),
        "tint": colours,
        "brightness": number(0, 4),
        "contrast": number(0, 4),
        "saturation": number(0, 4),
        "hue": number(0, 360),
        "gamma": number(0.1, 3),
        "blur": number(0.3, 250),
        "sharpen": number(0, 10),
        "pixelate": st.integers(2, 256),
        "pad": margins | st.lists(margins, min_size=1, max_size=4),
        "background": colours,
        "format": st.sampled_from(["auto", "png", "webp", "avif", "gif", "tiff"]),
        "quality": st.integers(1, 100),
        "lossless": st.booleans(),
        "progressive": st.booleans(),
        "effort": st.integers(0, 9),
        "animated": st.booleans(),
        "metadata": st.sampled_from(["none", "copyright"]),
        "max_bytes": st.integers(1024, 52_428_800),
    },
).map(Transformation.model_validate)
"""Whatever can be written in a URL."""

transformations = plain | st.builds(
    lambda wanted, watermark: Transformation(**(dict(wanted) | {"watermark": watermark})),
    plain,
    watermarks,
)
