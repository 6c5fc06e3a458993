"""Open a picture with the loader of its sniffed type, never with one that libvips guesses."""

import os
from collections.abc import Sequence

import pyvips

from safelight.contract.transformations import Transformation
from safelight.image_process_app.limits import Limits, Rejected
from safelight.image_process_app.picture import Picture
from safelight.image_process_app.steps.guard import guard_header, guard_screen
from safelight.image_process_app.steps.resize import Sides, scaled_sides

LOADERS = {
    "image/jpeg": "jpegload_source",
    "image/png": "pngload_source",
    "image/gif": "gifload_source",
    "image/webp": "webpload_source",
    "image/tiff": "tiffload_source",
    "image/avif": "heifload_source",
}
ANIMATED = ("image/gif", "image/webp")
"""Types whose pages are frames. The pages of a TIFF are other pictures, those of an AVIF tiles."""
SHRINKS = (8, 4, 2)
FINE = 2
DEFAULT_DELAY = 100
"""Milliseconds a frame is shown when the file does not say."""


def open_picture(
    fd: int, content_type: str, limits: Limits, wanted: Sequence[Transformation]
) -> Picture:
    """The picture in memory, every pixel decoded once, in its own colours and orientation.

    Headers are judged before any pixel is decoded. Where only small results are wanted, a JPEG
    is decoded at a fraction of its sides. Raises `Rejected`, pyvips.Error.
    """
    if content_type not in LOADERS:
        raise Rejected("unsupported-image", "Pictures of this kind are not taken.")
    if content_type == "image/gif":
        guard_screen(os.pread(fd, 10, 0), limits)
    header = _load(fd, content_type)
    frames = header.get("n-pages") if content_type in ANIMATED and _has(header, "n-pages") else 1
    guard_header(header, frames, limits)
    sides = (header.width, header.height)
    if frames > 1:
        return _frames(_load(fd, content_type, n=-1), frames)
    shrink = _shrink(sides, wanted) if content_type == "image/jpeg" else 1
    image = _load(fd, content_type, **({"shrink": shrink} if shrink > 1 else {}))
    return Picture((image.copy_memory(),), sides=sides)


def _shrink(sides: Sides, wanted: Sequence[Transformation]) -> int:
    """1, 2, 4 or 8: the decoder's own scaling is coarse, so it leaves at least twice the sides
    of the largest result, whichever way the picture will be turned.
    """
    ways = (sides, sides[::-1])
    shares = [
        result / side
        for way in ways
        for transformation in wanted
        for result, side in zip(scaled_sides(way, transformation), way, strict=True)
    ]
    share = max(shares, default=1.0)
    return next((shrink for shrink in SHRINKS if share * shrink <= 1 / FINE), 1)


def _load(fd: int, content_type: str, **options: int) -> pyvips.Image:
    os.lseek(fd, 0, os.SEEK_SET)
    source = pyvips.Source.new_from_descriptor(fd)
    load = getattr(pyvips.Image, LOADERS[content_type])
    return load(source, access="sequential", fail_on="error", **options)


def _frames(roll: pyvips.Image, count: int) -> Picture:
    """Cut the roll of frames, one below the other, into frames."""
    roll = roll.copy_memory()
    height = roll.height // count
    delays = list(roll.get("delay")) if _has(roll, "delay") else []
    delays += [DEFAULT_DELAY] * (count - len(delays))
    # A frame that still has the mark of a roll would be cut once more when it is written.
    roll = roll.copy()
    roll.remove("page-height")
    return Picture(
        frames=tuple(roll.crop(0, i * height, roll.width, height) for i in range(count)),
        sides=(roll.width, height),
        delays=tuple(delays[:count]),
        loop=roll.get("loop") if _has(roll, "loop") else 0,
    )


def _has(image: pyvips.Image, name: str) -> bool:
    return bool(image.get_typeof(name))
