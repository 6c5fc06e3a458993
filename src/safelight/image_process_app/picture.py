"""A picture between steps."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pyvips

SRGB = ("srgb", "rgb16")
GREY = ("b-w", "grey16")


@dataclass(frozen=True)
class Picture:
    """Frames of the same sides, one for a still.

    `sides` are width and height of the original in pixels, whatever the frames have become;
    `delays` are milliseconds; `loop` counts, 0 for ever.
    """

    frames: tuple[pyvips.Image, ...]
    sides: tuple[int, int]
    delays: tuple[int, ...] = ()
    loop: int = 0

    @property
    def first(self) -> pyvips.Image:
        return self.frames[0]

    @property
    def animated(self) -> bool:
        return len(self.frames) > 1

    @property
    def has_alpha(self) -> bool:
        return bool(self.first.hasalpha())

    def map(self, step: Callable[[pyvips.Image], pyvips.Image]) -> "Picture":
        """The same change made to every frame."""
        return replace(self, frames=tuple(step(frame) for frame in self.frames))

    def in_memory(self) -> "Picture":
        """With every pixel computed, for use more than once."""
        return self.map(lambda frame: frame.copy_memory())
