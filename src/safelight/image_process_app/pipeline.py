"""The list of steps, and the loop that runs it. One decode serves every variant of a job."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyvips

from safelight.contract.messages import Description, Overlay, WantedVariant
from safelight.contract.transformations import Transformation
from safelight.image_process_app.limits import Limits, Rejected
from safelight.image_process_app.picture import Picture
from safelight.image_process_app.steps.colour import to_srgb
from safelight.image_process_app.steps.describe import (
    dominant_color,
    placeholder,
    shrink_to_sample,
    taken_at,
)
from safelight.image_process_app.steps.encode import encode
from safelight.image_process_app.steps.flatten import flatten
from safelight.image_process_app.steps.grayscale import grayscale
from safelight.image_process_app.steps.open import open_picture
from safelight.image_process_app.steps.orient import orient
from safelight.image_process_app.steps.resize import (
    Sides,
    resize,
    result_sides,
    scale,
    scaled_sides,
)

STEPS = (resize, grayscale, flatten)
"""What happens to each variant, in this order, between the shared decode and `encode`."""
FINE = 2
"""A smaller picture may stand for the original where it has this many times the wanted sides:
the result differs by less than a level, and costs a fraction."""


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
    """

    def __init__(
        self,
        fd: int,
        content_type: str,
        limits: Limits,
        wanted: Sequence[WantedVariant],
        overlays: Sequence[tuple[Overlay, int]] = (),
    ) -> None:
        transformations = [variant.transformation for variant in wanted]
        opened = open_picture(fd, content_type, limits, transformations)
        self._taken_at = taken_at(opened.first)
        self._picture = to_srgb(orient(opened))
        self._kept: list[Picture] = []
        self._wanted = wanted
        self._overlays = overlays

    def variants(self) -> Iterator[tuple[WantedVariant, Encoded | Rejected | pyvips.Error]]:
        """Each wanted variant, the largest first, or why it alone could not be made."""

        def area(variant: WantedVariant) -> int:
            width, height = scaled_sides(self._picture.sides, variant.transformation)
            return width * height

        for variant in sorted(self._wanted, key=area, reverse=True):
            try:
                yield variant, self._make(variant.transformation)
            except (Rejected, pyvips.Error) as error:
                yield variant, error

    def describe(self) -> Description:
        """What was seen; cheapest after the variants, from the smallest of their sources."""
        width, height = self._picture.sides
        sample = shrink_to_sample(self._kept[-1] if self._kept else self._picture)
        return Description(
            width=width,
            height=height,
            frames=len(self._picture.frames),
            placeholder=placeholder(sample),
            dominant_color=dominant_color(sample),
            taken_at=self._taken_at,
            has_alpha=self._picture.has_alpha,
        )

    def _make(self, wanted: Transformation) -> Encoded:
        picture = self._source(wanted)
        for step in STEPS:
            picture = step(picture, wanted)
        data, content_type = encode(picture, wanted)
        width, height = result_sides(self._picture.sides, wanted)
        return Encoded(data, content_type, width, height)

    def _source(self, wanted: Transformation) -> Picture:
        """The smallest picture that is fine enough. What is scaled down by much is kept, since
        smaller variants, the placeholder and the dominant colour can be made from it.
        """
        whole = scaled_sides(self._picture.sides, wanted)
        fine = [source for source in self._kept if _is_fine(source, whole)]
        if fine or not _is_fine(self._picture, whole):
            return fine[-1] if fine else self._picture
        self._kept.append(scale(self._picture, whole).in_memory())
        return self._kept[-1]


def _is_fine(source: Picture, sides: Sides) -> bool:
    width, height = source.first.width, source.first.height
    return bool(width >= sides[0] * FINE and height >= sides[1] * FINE)
