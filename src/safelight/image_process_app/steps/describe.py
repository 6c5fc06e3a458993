"""Say what a picture looks like: a tiny preview and the colour that there is most of."""

import base64
from datetime import UTC, datetime

import pyvips

from safelight.image_process_app.picture import Picture
from safelight.image_process_app.steps.resize import scale

PLACEHOLDER_SIDES = (16, 12, 8)
PLACEHOLDER_LENGTH = 250
SAMPLE_SIDE = 64
BINS = 8
STEP = 256 // BINS
OPAQUE = 255
EXIF_TIME = "%Y:%m:%d %H:%M:%S"


def shrink_to_sample(picture: Picture) -> pyvips.Image:
    """The first frame within 64 pixels, in 8-bit sRGB, with its alpha: enough for the rest."""
    image = _within(picture.first, SAMPLE_SIDE)
    return (image if image.interpretation == "srgb" else image.colourspace("srgb")).copy_memory()


def placeholder(sample: pyvips.Image) -> str:
    """A WebP of 16 pixels as a data URI, for the time until the picture is there; smaller where
    alpha, which costs most of the bytes, would make it longer than 250 characters.
    """
    text = ""
    for side in PLACEHOLDER_SIDES:
        data = _within(sample, side).webpsave_buffer(Q=30, effort=4, alpha_q=5, keep="none")
        text = f"data:image/webp;base64,{base64.b64encode(data).decode()}"
        if len(text) <= PLACEHOLDER_LENGTH:
            break
    return text


def dominant_color(sample: pyvips.Image) -> str:
    """`#rrggbb`, the mean of the most frequent of 512 coarse colours; transparency counts less."""
    bands = [iter(bytes(sample.write_to_memory()))] * sample.bands
    bins: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for pixel in zip(*bands, strict=True):
        bins.setdefault(tuple(level // STEP for level in pixel[:3]), []).append(pixel)
    most = max(bins.values(), key=lambda found: sum(_weight(pixel) for pixel in found))
    return "#" + "".join(f"{round(sum(p[i] for p in most) / len(most)):02x}" for i in range(3))


def _weight(pixel: tuple[int, ...]) -> int:
    return pixel[3] if len(pixel) > 3 else OPAQUE


def _within(image: pyvips.Image, side: int) -> pyvips.Image:
    factor = min(1.0, side / max(image.width, image.height))
    sides = max(1, round(image.width * factor)), max(1, round(image.height * factor))
    return scale(Picture((image,), sides), sides).first


def taken_at(image: pyvips.Image) -> datetime | None:
    """When the photograph was taken, by its EXIF. Without an offset, or with the blank one that
    EXIF has for an unknown, it is taken as UTC.
    """
    text = _exif(image, "exif-ifd2-DateTimeOriginal")
    offset = _exif(image, "exif-ifd2-OffsetTimeOriginal")[:6]
    if not offset.strip(" :"):
        offset = "+00:00"
    try:
        return datetime.strptime(text[:19] + offset, EXIF_TIME + "%z").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _exif(image: pyvips.Image, name: str) -> str:
    """Libvips writes `value (value, type, ...)`."""
    return str(image.get(name)) if image.get_typeof(name) else ""
