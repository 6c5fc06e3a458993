"""Pixels computed another way, in float, to hold results against."""

from typing import Any

import numpy as np
from PIL import Image

from tests.journeys import pictures

Array = np.ndarray[Any, np.dtype[np.float32]]


def pixels(content: bytes, mode: str | None = None) -> Array:
    """The levels of a file, height x width x bands."""
    picture = pictures.opened(content)
    found = np.asarray(picture.convert(mode) if mode else picture, dtype=np.float32)
    return found if found.ndim == 3 else found[..., np.newaxis]


def levels(picture: Image.Image) -> Array:
    found = np.asarray(picture, dtype=np.float32)
    return found if found.ndim == 3 else found[..., np.newaxis]


def lanczos(
    source: Array, sides: tuple[int, int], kernel: Image.Resampling = Image.Resampling.LANCZOS
) -> Array:
    """Scaled by Pillow in float, band by band; alpha, the last of four, premultiplied."""
    if source.shape[2] == 4:
        share = source[..., 3:] / 255
        source = np.concatenate([source[..., :3] * share, source[..., 3:]], axis=2)
    bands = [
        np.asarray(Image.fromarray(source[..., band]).resize(sides, kernel), dtype=np.float32)
        for band in range(source.shape[2])
    ]
    return np.clip(np.stack(bands, axis=2), 0, 255)


def apart(one: Array, other: Array) -> float:
    """Mean distance in levels of 255; of the same shape."""
    assert one.shape == other.shape, (one.shape, other.shape)
    return float(np.abs(one - other).mean())
