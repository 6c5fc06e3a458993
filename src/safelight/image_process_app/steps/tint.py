"""Give a picture the colour of another, its lightness kept."""

import pyvips

from safelight.contract.options import CLEAR, levels
from safelight.contract.transformations import Transformation
from safelight.image_process_app.bands import colour_of, joined, shared
from safelight.image_process_app.picture import GREY, Picture

SHADES = 65536


def tint(picture: Picture, wanted: Transformation) -> Picture:
    """Lightness of each pixel, a and b of the colour, in CIE Lab; a grey picture becomes colour.

    Where the two meet in no colour of sRGB, the nearest level of each band is taken. The alpha of
    the colour does not count, and nothing is the tint of what is transparent.
    """
    if wanted.tint in (None, CLEAR):
        return picture
    table = _table(wanted.tint, picture.first.format).copy_memory()
    picture = picture.map(shared) if picture.has_alpha else picture
    return picture.map(lambda frame: _tinted(frame, table))


def _table(colour: str, depth: str) -> pyvips.Image:
    """The tint of each of 65,536 greys: lightness is all of a pixel that is left."""
    *bands, _ = levels(colour)
    pixel = pyvips.Image.black(1, 1, bands=3) + bands
    _, a, b = pixel.copy(interpretation="srgb").colourspace("lab").getpoint(0, 0)
    greys = pyvips.Image.identity(ushort=True, size=SHADES).copy(interpretation="grey16")
    lab = greys.colourspace("lab")[0].bandjoin([a, b]).copy(interpretation="lab")
    return lab.colourspace("rgb16" if depth == "ushort" else "srgb")


def _tinted(frame: pyvips.Image, table: pyvips.Image) -> pyvips.Image:
    bands = colour_of(frame)
    if bands.interpretation not in GREY or bands.format != "ushort":
        bands = bands.colourspace("grey16")
    return joined(bands.maplut(table).copy(interpretation=table.interpretation), frame)
