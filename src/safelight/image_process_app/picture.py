"""A picture between steps."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pyvips

from safelight.contract.geometry import Sides

SRGB = ("srgb", "rgb16")
GREY = ("b-w", "grey16")


@dataclass(frozen=True)
class Picture:
    """Frames of the same sides, one for a still.

    `sides` are width and height in pixels of the original, or of what was cut out of it: frames
    that were decoded or kept at a fraction of their sides are smaller, until `resize` has made
    them what is wanted. From then on both are the same. `shrink` is by how much the decoder has
    divided the sides, which leaves out what is less than a whole pixel.

    `delays` are milliseconds; `loop` counts how often all is shown, 0 for ever; `copyright` is
    the line that the original has, "" for none.
    """

    frames: tuple[pyvips.Image, ...]
    sides: Sides
    shrink: int = 1
    delays: tuple[int, ...] = ()
    loop: int = 0
    copyright: str = ""

    @property
    def first(self) -> pyvips.Image:
        return self.frames[0]

    @property
    def frame_sides(self) -> Sides:
        """Width and height of each frame as it is."""
        return self.first.width, self.first.height

    @property
    def animated(self) -> bool:
        return len(self.frames) > 1

    @property
    def has_alpha(self) -> bool:
        return bool(self.first.hasalpha())

    def map(self, step: Callable[[pyvips.Image], pyvips.Image]) -> "Picture":
        """The same change made to every frame."""
        return replace(self, frames=tuple(step(frame) for frame in self.frames))

    def with_sides(self, sides: Sides) -> "Picture":
        return replace(self, sides=sides)

    def still(self) -> "Picture":
        """Its first frame."""
        return replace(self, frames=self.frames[:1], delays=())

    def in_memory(self) -> "Picture":
        """With every pixel computed, for use more than once, and in any order."""
        return self.map(lambda frame: frame.copy_memory())
