"""Take away a border of one colour."""

from dataclasses import replace

import pyvips

from safelight.contract.geometry import Box
from safelight.contract.transformations import Transformation
from safelight.image_process_app.backdrop import depth
from safelight.image_process_app.picture import Picture

CLEAR = 0


def trim(picture: Picture, wanted: Transformation) -> Picture:
    """Cut to what differs by more than the threshold, in levels of 8 bits, from the pixel at the
    top left; where that is clear, to what is not. An animation in all frames to what any of them
    needs; what is nothing but border stays as it is.
    """
    if wanted.trim is None:
        return picture
    corner = picture.first(0, 0)
    clear = picture.has_alpha and corner[-1] == CLEAR
    boxes = [_content(frame, corner, clear, wanted.trim) for frame in picture.frames]
    box = _around([found for found in boxes if found.width and found.height])
    if box is None or (box.width, box.height) == picture.frame_sides:
        return picture
    trimmed = picture.map(lambda frame: frame.crop(*box))
    return replace(trimmed, sides=(box.width, box.height))


def _content(frame: pyvips.Image, corner: list[float], clear: bool, threshold: int) -> Box:
    """Where a frame differs from its border; of no width or height for nowhere."""
    judged, border = (frame[frame.bands - 1], [CLEAR]) if clear else (frame, corner)
    differs = ((judged - border).abs() > threshold * depth(frame)).bandor()
    # As line art: what else would be smoothed, and a line of one pixel is a border no more.
    return Box(*differs.find_trim(threshold=1, background=[0], line_art=True))


def _around(boxes: list[Box]) -> Box | None:
    """The smallest box around all; None without any."""
    if not boxes:
        return None
    left, top = min(box.left for box in boxes), min(box.top for box in boxes)
    right = max(box.left + box.width for box in boxes)
    bottom = max(box.top + box.height for box in boxes)
    return Box(left, top, right - left, bottom - top)
