"""The pictures that watermarks are made of, each opened when a variant first needs it."""

from collections.abc import Sequence

import pyvips

from safelight.contract.messages import Fault, Overlay
from safelight.contract.transformations import Transformation
from safelight.image_process_app.limits import Limits, Rejected
from safelight.image_process_app.picture import Picture
from safelight.image_process_app.steps.colour import to_srgb
from safelight.image_process_app.steps.open import open_picture
from safelight.image_process_app.steps.orient import orient

STILL = Transformation(animated=False)
MISSING = Fault(code="watermark-missing", detail="The image of the watermark is gone.")
DAMAGED = (
    "The image of the watermark is damaged or incomplete, or takes more memory than is allowed."
)
ROOM = 4
"""A part of the pixels of one picture, that may be kept of all."""
UNUSABLE = "watermark-unusable"


class Overlays:
    """Those of one job, each with a descriptor to read its file from."""

    def __init__(self, given: Sequence[tuple[Overlay, int]], limits: Limits) -> None:
        self._given = {overlay.image_id: (fd, overlay.content_type) for overlay, fd in given}
        self._limits = limits
        self._opened: dict[str, Picture | Fault] = {}

    def picture(self, image_id: str) -> Picture:
        """The first frame, upright and in sRGB, in memory.

        Raises `Rejected` when it is gone or can't be opened; what it says is of the watermark.
        """
        if image_id not in self._opened:
            self._make_room()
            self._opened[image_id] = self._open(image_id)
        opened = self._opened[image_id]
        if isinstance(opened, Fault):
            raise Rejected(opened.code, opened.detail)
        return opened

    def _make_room(self) -> None:
        """Let go of those that are large together; they would take the memory of all that follows,
        and one that is needed again is opened again.
        """
        kept = [found.sides for found in self._opened.values() if isinstance(found, Picture)]
        if sum(width * height for width, height in kept) * ROOM > self._limits.max_pixels:
            self._opened.clear()

    def _open(self, image_id: str) -> Picture | Fault:
        if image_id not in self._given:
            return MISSING
        try:
            opened = open_picture(*self._given[image_id], self._limits, [STILL])
            return orient(to_srgb(opened.picture.still()).in_memory()).in_memory()
        except Rejected as refusal:
            words = f"The image of the watermark can't be used. {refusal.detail}"
            return Fault(code=UNUSABLE, detail=words)
        except pyvips.Error:
            return Fault(code=UNUSABLE, detail=DAMAGED)
