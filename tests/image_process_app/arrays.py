"""Pictures of every kind as arrays of numbers, and back."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import pyvips

from safelight.contract.transformations import Transformation
from safelight.image_process_app.picture import Picture

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Kind:
    """How many bands of colour, whether alpha is behind them, and the highest level."""

    name: str
    space: str
    colours: int
    alpha: bool
    top: int

    @property
    def bands(self) -> int:
        return self.colours + self.alpha


COLOUR = Kind("colour", "srgb", 3, False, 255)
CLEAR_COLOUR = Kind("colour with alpha", "srgb", 3, True, 255)
DEEP_COLOUR = Kind("deep colour", "rgb16", 3, False, 65535)
DEEP_CLEAR_COLOUR = Kind("deep colour with alpha", "rgb16", 3, True, 65535)
GREY = Kind("grey", "b-w", 1, False, 255)
CLEAR_GREY = Kind("grey with alpha", "b-w", 1, True, 255)
DEEP_GREY = Kind("deep grey", "grey16", 1, False, 65535)
DEEP_CLEAR_GREY = Kind("deep grey with alpha", "grey16", 1, True, 65535)
KINDS = (
    COLOUR,
    CLEAR_COLOUR,
    DEEP_COLOUR,
    DEEP_CLEAR_COLOUR,
    GREY,
    CLEAR_GREY,
    DEEP_GREY,
    DEEP_CLEAR_GREY,
)
kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
ROUNDED = 0.51
"""Half a level of 8 bits, and what floats of 32 bits lose."""


def values(kind: Kind, sides: tuple[int, int] = (37, 23), seed: int = 1) -> Array:
    """Waves and noise from 0 to 1 in rows of pixels, and alpha with holes behind them."""
    width, height = sides
    rows, columns = np.mgrid[0:height, 0:width]
    random = np.random.default_rng(seed)
    bands = [
        0.5 + 0.5 * np.sin(columns / (3.0 + band) + seed) * np.cos(rows / (4.0 - band) + band)
        for band in range(kind.colours)
    ]
    picture = np.stack(bands, axis=-1) * 0.8 + random.random((height, width, kind.colours)) * 0.2
    if kind.alpha:
        alpha = np.clip(random.random((height, width, 1)) * 1.6 - 0.3, 0, 1)
        picture = np.concatenate([picture, alpha], axis=-1)
    return np.asarray(np.round(picture * kind.top) / kind.top)


def picture(kind: Kind, *frames: Array) -> Picture:
    """A picture with these values from 0 to 1, an animation of several."""
    images = []
    for frame in frames:
        whole = np.round(frame * kind.top).astype(np.uint8 if kind.top == 255 else np.uint16)
        image = pyvips.Image.new_from_array(np.ascontiguousarray(whole))
        images.append(image.copy(interpretation=kind.space))
    sides = (images[0].width, images[0].height)
    made = Picture(tuple(images), sides)
    return replace(made, delays=(40,) * len(images)) if len(images) > 1 else made


def seen(picture: Picture, frame: int = 0) -> Array:
    """Values from 0 to 1 of a frame, always with an axis for the bands."""
    image = picture.frames[frame]
    array = np.asarray(image.numpy(), dtype=float)
    top = 65535 if image.format == "ushort" else 255
    return array.reshape(image.height, image.width, image.bands) / top


def wanted(**options: object) -> Transformation:
    return Transformation.model_validate(options)


def split(values: Array, kind: Kind) -> tuple[Array, Array]:
    """Colour, and alpha with an axis of its own, ones where there is none."""
    if kind.alpha:
        return values[..., :-1], values[..., -1:]
    return values, np.ones((*values.shape[:2], 1))


def levels_apart(made: Array, reference: Array) -> float:
    """The largest difference, in levels of 8 bits; what is clipped in a picture is so here too."""
    assert made.shape == reference.shape
    return float(np.abs(made - np.clip(reference, 0, 1)).max() * 255)


def over(upper: Array, covered: Array, lower: Array, behind: Array) -> tuple[Array, Array]:
    """Colour and alpha of one over the other, by the formula of Porter and Duff."""
    alpha = covered + behind * (1 - covered)
    colour = upper * covered + lower * behind * (1 - covered)
    return np.divide(colour, alpha, out=np.zeros_like(colour), where=alpha > 0), alpha
