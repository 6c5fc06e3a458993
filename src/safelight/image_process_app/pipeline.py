"""The list of steps, and the loop that runs it. One decode serves every variant of a job."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyvips

from safelight.contract import geometry
from safelight.contract.geometry import Sides
from safelight.contract.messages import Description, Overlay, WantedVariant
from safelight.contract.transformations import MAX_PIXELS, MAX_SIDE, Transformation
from safelight.image_process_app.limits import Limits, Rejected
from safelight.image_process_app.picture import Picture
from safelight.image_process_app.sources import Sources
from safelight.image_process_app.steps.adjust import adjust
from safelight.image_process_app.steps.background import background
from safelight.image_process_app.steps.blur import blur
from safelight.image_process_app.steps.crop import crop
from safelight.image_process_app.steps.describe import (
    dominant_color,
    placeholder,
    shrink_to_sample,
    taken_at,
)
from safelight.image_process_app.steps.encode import encode
from safelight.image_process_app.steps.flatten import flatten
from safelight.image_process_app.steps.flip import flip
from safelight.image_process_app.steps.grayscale import grayscale
from safelight.image_process_app.steps.open import open_picture
from safelight.image_process_app.steps.overlays import Overlays
from safelight.image_process_app.steps.pad import pad
from safelight.image_process_app.steps.pixelate import pixelate
from safelight.image_process_app.steps.resize import resize
from safelight.image_process_app.steps.rotate import rotate
from safelight.image_process_app.steps.sharpen import sharpen
from safelight.image_process_app.steps.tint import tint
from safelight.image_process_app.steps.trim import trim
from safelight.image_process_app.steps.watermark import watermark

STEPS = (
    trim,
    crop,
    resize,
    rotate,
    flip,
    adjust,
    grayscale,
    tint,
    blur,
    sharpen,
    pixelate,
    pad,
    background,
)
"""What happens to each variant, in this order, between the shared decode and what has need of
more than the picture: `watermark`, then `flatten` and `encode`.
"""


@dataclass(frozen=True, slots=True)
class Encoded:
    """One finished variant."""

    data: bytes
    content_type: str
    width: int
    height: int


class Pipeline:
    """One picture, opened once. Raises `Rejected` and pyvips.Error when it can't be.

    `overlays` are the other pictures that watermarks may lay over it, each with its descriptor.
    Without `describe` nothing is kept to describe it by.
    """

    def __init__(
        self,
        fd: int,
        content_type: str,
        limits: Limits,
        wanted: Sequence[WantedVariant],
        overlays: Sequence[tuple[Overlay, int]] = (),
        describe: bool = True,
    ) -> None:
        transformations = [variant.transformation for variant in wanted]
        opened = open_picture(fd, content_type, limits, transformations)
        self._frames = opened.frames
        self._taken_at = taken_at(opened.picture.first) if describe else None
        self._has_alpha = opened.picture.has_alpha
        self._sources = Sources(opened.picture, transformations, describe)
        self._wanted = wanted
        self._limits = limits
        self._overlays = Overlays(overlays, limits)

    def variants(
        self, begin: Callable[[str], None] | None = None
    ) -> Iterator[tuple[WantedVariant, Encoded | Rejected | pyvips.Error | MemoryError]]:
        """Each wanted variant, the largest first, or why it alone could not be made. Raises
        pyvips.Error when it is the picture that can't be read. Calls `begin` with the name of each
        once what it is made from is read.
        """

        def area(variant: WantedVariant) -> int:
            return self._sources.area(variant.transformation)

        for variant in sorted(self._wanted, key=area, reverse=True):
            try:
                source = self._sources.source(variant.transformation)
            except pyvips.Error as error:
                if self._sources.streams:
                    raise
                yield variant, error
                continue
            if begin:
                begin(variant.name)
            try:
                yield variant, self._make(source, variant.transformation)
            except (Rejected, pyvips.Error, MemoryError) as error:
                yield variant, error

    def describe(self) -> Description:
        """What was seen; cheapest after the variants, from the smallest of their sources."""
        width, height = self._sources.sides()
        sample = shrink_to_sample(self._sources.smallest())
        return Description(
            width=width,
            height=height,
            frames=self._frames,
            placeholder=placeholder(sample),
            dominant_color=dominant_color(sample),
            taken_at=self._taken_at,
            has_alpha=self._has_alpha,
        )

    def _make(self, picture: Picture, wanted: Transformation) -> Encoded:
        original = self._sources.sides(wanted)
        for step in STEPS:
            picture = step(picture, wanted)
            _check(step.__name__, picture.sides, original)
            self._check_frames(step.__name__, picture, original)
        marked = watermark(picture, wanted, self._overlays)
        data, content_type = encode(flatten(marked, wanted), wanted)
        return Encoded(data, content_type, *picture.frame_sides)

    def _check_frames(self, step: str, picture: Picture, original: Sides) -> None:
        """Raise `Rejected` for an animation that was made larger than any that is taken."""
        (width, height), frames = picture.sides, len(picture.frames)
        most = self._limits.max_total_pixels
        larger = width * height > original[0] * original[1]
        if frames > 1 and larger and width * height * frames > most:
            raise Rejected(
                "result-too-large",
                f"{step} makes {frames} frames of {width} x {height} pixels; at most {most} "
                f"pixels over all frames are made.",
            )


def _check(step: str, sides: Sides, original: Sides) -> None:
    """Raise `Rejected` for a result that is too large; no pixel of it has been computed yet."""
    if geometry.too_large(sides, original):
        raise Rejected(
            "result-too-large",
            f"{step} makes a result of {sides[0]} x {sides[1]} pixels; at most {MAX_SIDE} a side "
            f"and {MAX_PIXELS} in all are made.",
        )
