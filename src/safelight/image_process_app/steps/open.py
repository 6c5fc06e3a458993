"""Open a picture with the loader of its sniffed type, never with one that libvips guesses."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import pyvips

from safelight.contract.geometry import Sides, crop_box, scaled_sides
from safelight.contract.transformations import Transformation
from safelight.image_process_app.copyright import copyright_of
from safelight.image_process_app.limits import Limits, Rejected
from safelight.image_process_app.picture import Picture
from safelight.image_process_app.steps.encode import animates
from safelight.image_process_app.steps.guard import guard_frames, guard_header, guard_screen
from safelight.image_process_app.steps.orient import is_sideways

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
FINE, FAST = 2, 1
"""How many times the sides of the result the decoder leaves, which scales coarsely itself."""
DEFAULT_DELAY = 100
"""Milliseconds a frame is shown when the file does not say."""


@dataclass(frozen=True)
class Opened:
    """A picture as it is stored, in its own colours and orientation. Its pixels can be read once
    and from the top, unless it is animated; `frames` is how many its file has.
    """

    picture: Picture
    frames: int


def open_picture(
    fd: int, content_type: str, limits: Limits, wanted: Sequence[Transformation]
) -> Opened:
    """The picture, no more of it than is needed for what is wanted.

    Headers are judged before any pixel is decoded. Where only small results are wanted, a JPEG
    is decoded at a fraction of its sides; where none moves, an animation's first frame alone.
    Raises `Rejected`, pyvips.Error.
    """
    if content_type not in LOADERS:
        raise Rejected("unsupported-image", "Pictures of this kind are not taken.")
    if content_type == "image/gif":
        guard_screen(os.pread(fd, 10, 0), limits)
    header = _load(fd, content_type)
    frames = header.get("n-pages") if content_type in ANIMATED and _has(header, "n-pages") else 1
    guard_header(header, frames, limits)
    if frames > 1 and content_type == "image/gif":
        guard_frames(fd)
    line = copyright_of(header) if any(w.metadata == "copyright" for w in wanted) else ""
    if frames > 1 and any(animates(w) for w in wanted):
        picture = _frames(_decoded(_load(fd, content_type, n=-1), content_type), frames, line)
        return Opened(picture, frames)
    shrink = _shrink(header, wanted) if content_type == "image/jpeg" else 1
    image = _load(fd, content_type, shrink=shrink) if shrink > 1 else header
    sides = header.width, header.height
    return Opened(Picture((image,), sides, shrink, copyright=line), frames)


def _shrink(header: pyvips.Image, wanted: Sequence[Transformation]) -> int:
    """1, 2, 4 or 8: as much as the most demanding of the results allows."""
    return min((_shrink_for(header, transformation) for transformation in wanted), default=1)


def _shrink_for(header: pyvips.Image, wanted: Transformation) -> int:
    sides = header.width, header.height
    if wanted.auto_orient and is_sideways(header):
        sides = sides[::-1]
    box = crop_box(sides, wanted)
    if wanted.trim is not None or box is None:
        return 1  # a border is found on the picture as it is
    part: Sides = box.width, box.height
    share = max(
        result / side for result, side in zip(scaled_sides(part, wanted), part, strict=True)
    )
    reserve = FAST if wanted.effort == 0 and wanted.format in ("auto", "jpeg") else FINE
    return next((shrink for shrink in SHRINKS if share * shrink <= 1 / reserve), 1)


def _load(fd: int, content_type: str, **options: int) -> pyvips.Image:
    os.lseek(fd, 0, os.SEEK_SET)
    source = pyvips.Source.new_from_descriptor(fd)
    load = getattr(pyvips.Image, LOADERS[content_type])
    return load(source, access="sequential", fail_on="error", **options)


def _decoded(roll: pyvips.Image, content_type: str) -> pyvips.Image:
    """A roll whose pixels can be read in any order. Of a WebP the first pixel decodes all of it
    into memory, of which a copy would be twice as much.
    """
    if content_type != "image/webp":
        return roll.copy_memory()
    roll.getpoint(0, 0)
    return roll


def _frames(roll: pyvips.Image, count: int, line: str) -> Picture:
    """Cut the roll of frames, one below the other, into frames."""
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
        copyright=line,
    )


def _has(image: pyvips.Image, name: str) -> bool:
    return bool(image.get_typeof(name))
