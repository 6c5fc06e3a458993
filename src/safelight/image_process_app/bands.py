"""The bands of a frame: colour apart from alpha, and the way back from floats to levels."""

from collections.abc import Callable

import pyvips

from safelight.contract.options import levels
from safelight.image_process_app.picture import GREY

TOP = {"uchar": 255, "ushort": 65535}
"""The highest level of each depth."""
EIGHT_BITS = 255
TILE = 128
ROWS = 4


def shared(frame: pyvips.Image) -> pyvips.Image:
    """The same frame for a step that reads it more than once, at about the same place.

    Libvips computes what came before once for every time that it is read, which doubles with each
    such step. A few rows of tiles are kept against it, and never the whole picture.
    """
    across = -(-frame.width // TILE)
    return frame.tilecache(tile_width=TILE, tile_height=TILE, max_tiles=ROWS * across)


def top(frame: pyvips.Image) -> int:
    """The highest level of a frame of 8 or 16 bits."""
    return TOP[frame.format]


def colour_of(frame: pyvips.Image) -> pyvips.Image:
    """The bands without alpha."""
    return frame[0 : frame.bands - 1] if frame.hasalpha() else frame


def whole(bands: pyvips.Image, like: pyvips.Image) -> pyvips.Image:
    """Rounded and clipped once, to the depth and the colour space of a frame."""
    # A cast cuts the fraction off, which would darken every picture by half a level.
    return bands.rint().cast(like.format).copy(interpretation=like.interpretation)


def joined(bands: pyvips.Image, frame: pyvips.Image) -> pyvips.Image:
    """Colour bands with the alpha of a frame behind them, where it has one, exactly as it is."""
    if not frame.hasalpha():
        return bands
    return bands.bandjoin(frame[frame.bands - 1]).copy(interpretation=bands.interpretation)


def recolour(frame: pyvips.Image, change: Callable[[pyvips.Image], pyvips.Image]) -> pyvips.Image:
    """`change` gets the colour bands and returns as many, in levels; alpha stays as it is. Where
    there is alpha, the frame is read twice.
    """
    return joined(whole(change(colour_of(frame)), frame), frame)


def with_alpha(frame: pyvips.Image) -> pyvips.Image:
    """The frame, opaque where it had no alpha."""
    if frame.hasalpha():
        return frame
    return frame.bandjoin(top(frame)).copy(interpretation=frame.interpretation)


def in_colour(frame: pyvips.Image) -> pyvips.Image:
    """Grey as three equal bands, everything else as it is."""
    if frame.interpretation not in GREY:
        return frame
    space = "rgb16" if frame.format == "ushort" else "srgb"
    grey = frame[0]
    return joined(grey.bandjoin([grey, grey]).copy(interpretation=space), frame)


def is_grey(canonical: str) -> bool:
    """Whether a colour, as the contract writes it, can be had in a grey picture."""
    red, green, blue, _ = levels(canonical)
    return red == green == blue


def in_levels(canonical: str, frame: pyvips.Image) -> list[int]:
    """The colour bands of a colour in a frame of this kind, without alpha."""
    red, green, blue, _ = levels(canonical)
    bands = [red] if frame.interpretation in GREY else [red, green, blue]
    return [level * top(frame) // EIGHT_BITS for level in bands]


def in_kind(image: pyvips.Image, frame: pyvips.Image) -> pyvips.Image:
    """Another image in the depth and the colour space of a frame; whether it has alpha stays."""
    if frame.interpretation in GREY and image.interpretation not in GREY:
        grey = "grey16" if image.format == "ushort" else "b-w"
        image = joined(colour_of(image).colourspace(grey), image)
    elif frame.interpretation not in GREY:
        image = in_colour(image)
    if image.format == frame.format:
        return image
    factor = top(frame) / top(image)
    return whole(image * factor, frame)
