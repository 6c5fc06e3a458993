"""Write a picture as a file, with nothing of the original's metadata."""

from collections.abc import Callable
from typing import Any

import pyvips

from safelight.contract.transformations import LOWEST_QUALITY, Transformation
from safelight.image_process_app.copyright import with_copyright
from safelight.image_process_app.limits import Rejected
from safelight.image_process_app.picture import GREY, Picture

CONTENT_TYPES = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "avif": "image/avif",
    "gif": "image/gif",
    "tiff": "image/tiff",
}
SAVERS = {"avif": "heif"}
MOVING = ("webp", "gif")
DEEP = ("png", "tiff")
"""Formats that keep 16 bits."""
STEPS = 257
"""Levels of 16 bits for each of 8."""
QUALITY = {"jpeg": 80, "webp": 79, "avif": 60}
WEBP_SIDE = 16383
EFFORT = {"webp": 2, "avif": 3, "png": 3, "gif": 3}
"""WebP effort 2 costs half of effort 4 for 5 % more bytes, AVIF 3 a fifth of 4 for 6 %."""


def chosen_format(picture: Picture, wanted: Transformation) -> str:
    """`auto` is WebP where there is alpha or animation to keep, or nothing may be lost; else
    JPEG.
    """
    if wanted.format != "auto":
        return wanted.format
    return "webp" if picture.has_alpha or picture.animated or wanted.lossless else "jpeg"


def animates(wanted: Transformation) -> bool:
    """Whether an animation may go on moving in the result."""
    return wanted.animated and wanted.format in ("auto", *MOVING)


def saver(form: str) -> str:
    """The operation of libvips that writes a format."""
    return f"{SAVERS.get(form, form)}save_buffer"


def encode(picture: Picture, wanted: Transformation) -> tuple[bytes, str]:
    """The file and its media type.

    `max_bytes` is kept by the highest quality that allows it; raises `Rejected` where none does
    that is worth looking at, or where the format has no quality to lower.
    """
    form = chosen_format(picture, wanted)
    if form == "webp" and max(picture.frame_sides) > WEBP_SIDE:
        raise Rejected(
            "result-too-large",
            f"A WebP has at most {WEBP_SIDE} pixels a side, this would have "
            f"{max(picture.frame_sides)}: choose another format.",
        )
    if form not in DEEP:
        picture = picture.map(_eight_bits)
    line = picture.copyright if wanted.metadata == "copyright" else ""
    image, keep = with_copyright(_roll(picture), line, form)
    if wanted.max_bytes is not None:
        image = image.copy_memory()  # it may be written many times
    save = getattr(image, saver(form))
    options = _options(form, wanted)
    lowered = form in QUALITY and not wanted.lossless
    quality = (wanted.quality or QUALITY[form]) if lowered else None

    def write(quality: int | None) -> bytes:
        return bytes(save(keep=keep, **options, **({"Q": quality} if quality else {})))

    data = write(quality)
    if wanted.max_bytes is not None and len(data) > wanted.max_bytes:
        data = _lowered(quality, wanted.max_bytes, len(data), write)
    return data, CONTENT_TYPES[form]


def _lowered(quality: int | None, most: int, size: int, write: Callable[[int], bytes]) -> bytes:
    """What has at most so many bytes, at the best quality below that at which it had `size`."""
    found = None
    low, high = LOWEST_QUALITY, (quality or 0) - 1
    while low <= high:
        middle = (low + high) // 2
        data = write(middle)
        if len(data) <= most:
            found, low = data, middle + 1
        else:
            size, high = len(data), middle - 1
    if found is None:
        at = f" at quality {min(LOWEST_QUALITY, quality)}" if quality else ""
        raise Rejected(
            "too-many-bytes",
            f"The result has {size} bytes{at}; max_bytes allows {most}.",
        )
    return found


def _options(form: str, wanted: Transformation) -> dict[str, Any]:
    """What a saver is told, beside the quality. Effort is from 0, fastest, to 9:

    JPEG: 0 writes baseline with ready-made tables, whatever `progressive` says; anything above
    computes its own tables, which progressive needs anyway. WebP: up to its highest, 6. AVIF: as
    it is. PNG: zlib's level, at least 1. GIF: one more, since it counts from 1. TIFF has none.

    `progressive` is for JPEG alone: an interlaced PNG is a third larger and slower, for a preview
    that its pages do without.
    """
    effort = EFFORT.get(form, 1) if wanted.effort is None else wanted.effort
    match form:
        case "jpeg":
            return {"interlace": wanted.progressive and effort > 0, "optimize_coding": effort > 0}
        case "webp":
            return {"effort": min(effort, 6), "lossless": wanted.lossless}
        case "avif":
            return {"compression": "av1", "effort": effort, "lossless": wanted.lossless}
        case "png":
            return {"compression": max(1, effort), "filter": "up"}
        case "gif":
            return {"effort": effort + 1, "keep_duplicate_frames": True}
    return {"compression": "lzw", "predictor": "horizontal"}


def _eight_bits(image: pyvips.Image) -> pyvips.Image:
    wanted = "b-w" if image.interpretation in GREY else "srgb"
    if image.format != "ushort":
        return image if image.interpretation == wanted else image.colourspace(wanted)
    # Rounded; libvips' own way would cut off, and darken every picture by half a level.
    return image.linear(1 / STEPS, 0.5, uchar=True).copy(interpretation=wanted)


def _roll(picture: Picture) -> pyvips.Image:
    """Frames one below the other, with their timing, as libvips takes an animation."""
    if not picture.animated:
        return picture.first
    roll = pyvips.Image.arrayjoin(list(picture.frames), across=1).copy()
    roll.set_type(pyvips.GValue.gint_type, "page-height", picture.first.height)
    roll.set_type(pyvips.GValue.array_int_type, "delay", list(picture.delays))
    roll.set_type(pyvips.GValue.gint_type, "loop", picture.loop)
    return roll
