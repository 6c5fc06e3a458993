"""Change brightness, contrast, saturation, hue and gamma, in one pass that is clipped once."""

import math

import pyvips

from safelight.contract.transformations import Transformation
from safelight.image_process_app.bands import recolour, shared, top
from safelight.image_process_app.picture import GREY, Picture

Matrix = list[list[float]]
LUMINANCE = (0.213, 0.715, 0.072)
"""What red, green and blue weigh in the matrices of saturate() and hue-rotate() of the W3C's
Filter Effects; the third part of `_hue` has numbers of its own there."""
MIDDLE = 0.5


def adjust(picture: Picture, wanted: Transformation) -> Picture:
    """On sRGB values, in this order: brightness and gamma are a factor and a power of them,
    contrast spreads them around the middle. Saturation and hue leave grey as it is.
    """
    grey = picture.first.interpretation in GREY
    turned = not grey and (wanted.saturation != 1 or wanted.hue != 0)
    if not turned and (wanted.brightness, wanted.contrast, wanted.gamma) == (1, 1, 1):
        return picture
    picture = picture.map(shared) if picture.has_alpha else picture
    if turned:
        return picture.map(lambda frame: recolour(frame, lambda bands: _all(bands, wanted)))
    # Every level becomes another one, wherever it is: the pass is made over a table of them.
    deep = picture.first.format == "ushort"
    table = recolour(pyvips.Image.identity(ushort=deep), lambda bands: _tones(bands, wanted))
    table = table.copy_memory()
    return picture.map(lambda frame: recolour(frame, lambda bands: bands.maplut(table)))


def _all(bands: pyvips.Image, wanted: Transformation) -> pyvips.Image:
    matrix = pyvips.Image.new_from_array(_product(_hue(wanted.hue), _saturate(wanted.saturation)))
    linear = _linear(bands, wanted).recomb(matrix)
    return _gamma(linear, wanted.gamma, top(bands))


def _tones(bands: pyvips.Image, wanted: Transformation) -> pyvips.Image:
    return _gamma(_linear(bands, wanted), wanted.gamma, top(bands))


def _linear(bands: pyvips.Image, wanted: Transformation) -> pyvips.Image:
    offset = MIDDLE * (1 - wanted.contrast) * top(bands)
    return bands.linear(wanted.brightness * wanted.contrast, offset)


def _gamma(bands: pyvips.Image, gamma: float, highest: int) -> pyvips.Image:
    """Above 1 brightens. What lies outside can be clipped first: 0 and 1 stay where they are."""
    if gamma == 1:
        return bands
    return (bands / highest).clamp(min=0, max=1) ** (1 / gamma) * highest


def _saturate(factor: float) -> Matrix:
    return [
        [weight + ((row == column) - weight) * factor for column, weight in enumerate(LUMINANCE)]
        for row in range(3)
    ]


def _hue(degrees: float) -> Matrix:
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    sines = [[-0.213, -0.715, 0.928], [0.143, 0.140, -0.283], [-0.787, 0.715, 0.072]]
    return [
        [
            weight + ((row == column) - weight) * cos + sines[row][column] * sin
            for column, weight in enumerate(LUMINANCE)
        ]
        for row in range(3)
    ]


def _product(left: Matrix, right: Matrix) -> Matrix:
    return [
        [sum(a * b for a, b in zip(row, c, strict=True)) for c in zip(*right, strict=True)]
        for row in left
    ]
