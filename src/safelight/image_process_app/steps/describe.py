"""Say what a picture looks like: a tiny preview and the colour that there is most of."""

import base64
from datetime import UTC, datetime

import pyvips

from safelight.image_process_app.picture import Picture
from safelight.image_process_app.steps.resize import scale

PLACEHOLDER_SIDE = 16
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
    """A WebP of about 16 pixels as a data URI, for the time until the picture is there."""
    image = _within(sample, PLACEHOLDER_SIDE)
    data = image.webpsave_buffer(Q=30, effort=4, alpha_q=30, keep="none")
    return f"data:image/webp;base64,{base64.b64encode(data).decode()}"


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
    """When the photograph was taken, by its EXIF; without an offset taken as UTC."""
    text = _exif(image, "exif-ifd2-DateTimeOriginal")
    offset = _exif(image, "exif-ifd2-OffsetTimeOriginal")
    try:
        time = datetime.strptime(text[:19], EXIF_TIME).replace(tzinfo=UTC)
        if offset:
            time = datetime.strptime(text[:19] + offset[:6], EXIF_TIME + "%z")
        return time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _exif(image: pyvips.Image, name: str) -> str:
    """Libvips writes `value (value, type, ...)`."""
    return str(image.get(name)) if image.get_typeof(name) else ""
