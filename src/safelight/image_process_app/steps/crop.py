"""Cut a part out of a picture."""

from safelight.contract.geometry import crop_box
from safelight.contract.transformations import Transformation
from safelight.image_process_app.limits import Rejected
from safelight.image_process_app.picture import Picture


def crop(picture: Picture, wanted: Transformation) -> Picture:
    """What `crop` asks for, as far as it lies within the picture; raises `Rejected` for nothing.

    Frames that are smaller than the picture are cut at the same place of it.
    """
    if wanted.crop is None:
        return picture
    box = crop_box(picture.sides, wanted)
    if box is None:
        width, height = picture.sides
        raise Rejected(
            "crop-outside",
            f"The crop lies outside the picture, which has {width} x {height} pixels here.",
        )
    sides = box.width, box.height
    if sides == picture.sides:
        return picture
    across = _part(box.left, box.width, picture.shrink, picture.frame_sides[0])
    down = _part(box.top, box.height, picture.shrink, picture.frame_sides[1])
    return picture.map(lambda frame: frame.crop(across[0], down[0], across[1], down[1])).with_sides(
        sides
    )


def _part(start: int, length: int, shrink: int, frame_side: int) -> tuple[int, int]:
    """Start and length in a frame of what is given in pixels of the picture."""
    first = min(frame_side - 1, round(start / shrink))
    last = min(frame_side, max(first + 1, round((start + length) / shrink)))
    return first, last - first
