"""The bare work: the four built-in variants as an expert writes them straight on pyvips, with one
shared decode and nothing around it. What the product is measured against.
"""

import os

os.environ["VIPS_CONCURRENCY"] = "1"

import pyvips

pyvips.cache_set_max(0)


def make_variants(data: bytes) -> dict[str, bytes]:
    """The variants of an upright sRGB JPEG larger than 1440 x 1440."""
    picture = pyvips.Image.jpegload_buffer(data, access="sequential", fail_on="error")
    picture = picture.copy_memory()
    width, height = picture.width, picture.height
    preview = picture.resize(1440 / max(width, height)).copy_memory()
    small = preview.resize(300 / max(preview.width, preview.height))
    thumb = preview.resize(100 / min(preview.width, preview.height))
    thumb = thumb.smartcrop(100, 100, interesting="attention")
    grey = picture.colourspace("b-w")
    return {
        "grayscale": grey.jpegsave_buffer(Q=80, interlace=True, keep="none"),
        "preview": preview.webpsave_buffer(Q=79, effort=2, keep="none"),
        "small": small.webpsave_buffer(Q=79, effort=2, keep="none"),
        "thumb": thumb.webpsave_buffer(Q=79, effort=2, keep="none"),
    }
