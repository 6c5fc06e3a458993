"""Lay another picture, or a line of text, over a picture."""

import pyvips

from safelight.contract.geometry import Sides
from safelight.contract.transformations import Transformation
from safelight.contract.watermarks import Watermark
from safelight.image_process_app.bands import in_kind, with_alpha
from safelight.image_process_app.compositing import over
from safelight.image_process_app.picture import Picture
from safelight.image_process_app.steps.gravity import placed
from safelight.image_process_app.steps.lettering import fitting, lettering
from safelight.image_process_app.steps.overlays import Overlays
from safelight.image_process_app.steps.resize import scale


def watermark(picture: Picture, wanted: Transformation, overlays: Overlays) -> Picture:
    """Over every frame at the same place. Depth, colour space and bands stay those of the
    picture: a mark in colour is grey on a grey one.

    Raises `Rejected` when the mark can't be had.
    """
    mark = wanted.watermark
    if mark is None or not mark.opacity:
        return picture
    sides = picture.frame_sides
    stamp = with_alpha(in_kind(_stamp(mark, sides, overlays), picture.first)).copy_memory()
    place = placed(sides, (stamp.width, stamp.height), mark.gravity)
    if mark.tile:
        sheet = _sheet(stamp, place, sides)
        return picture.map(lambda frame: over(sheet, frame, mark.opacity))
    return picture.map(lambda frame: _laid(stamp, frame, place, mark.opacity))


def _stamp(mark: Watermark, sides: Sides, overlays: Overlays) -> pyvips.Image:
    """The mark as large as it may be: within its part of the width and of the height."""
    width, height = (max(1, round(side * mark.scale)) for side in sides)
    if mark.image_id is None:
        return lettering(mark.text or "", (width, height))
    image = overlays.picture(mark.image_id)
    return scale(image, fitting(image.frame_sides, (width, height))).first


def _laid(
    stamp: pyvips.Image, frame: pyvips.Image, place: tuple[int, int], opacity: float
) -> pyvips.Image:
    part = frame.crop(*place, stamp.width, stamp.height)
    return frame.insert(over(stamp, part, opacity), *place)


def _sheet(stamp: pyvips.Image, place: tuple[int, int], sides: Sides) -> pyvips.Image:
    """The mark again and again, half its sides apart, so that one is at the place."""
    width, height = stamp.width + stamp.width // 2, stamp.height + stamp.height // 2
    across, down = sides[0] // width + 2, sides[1] // height + 2
    left, top = -place[0] % width, -place[1] % height
    cell = stamp.embed(0, 0, width, height, extend="black").copy_memory()
    return cell.replicate(across, down).crop(left, top, *sides)
