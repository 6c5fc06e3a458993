"""How like a result is to what it should be: a Lanczos reduction computed in floating point."""

from pathlib import Path

import numpy as np
from PIL import Image
from skimage.metrics import structural_similarity

LANCZOS = Image.Resampling.LANCZOS
Sides = tuple[int, int]


def likeness(result: Path, reference: np.ndarray) -> float:
    """SSIM of two pictures of the same sides, over all channels; alpha is multiplied in."""
    with Image.open(result) as opened:
        pixels = _premultiplied(np.asarray(opened, dtype=np.float32))
    return float(structural_similarity(pixels, reference, channel_axis=2, data_range=255))


def reduced(source: Path, sides: Sides) -> np.ndarray:
    """The whole picture, or the part in its middle that has the shape of `sides`."""
    with Image.open(source) as opened:
        pixels = _premultiplied(np.asarray(opened, dtype=np.float32))
    height, width = pixels.shape[:2]
    factor = max(sides[0] / width, sides[1] / height)
    across, down = sides[0] / factor, sides[1] / factor
    left, top = (width - across) / 2, (height - down) / 2
    if max(left, top) < 1:  # the sides are those of the whole, but for rounding
        left, top, across, down = 0, 0, width, height
    box = (left, top, left + across, top + down)
    channels = [
        Image.fromarray(np.ascontiguousarray(channel)).resize(sides, LANCZOS, box)
        for channel in np.moveaxis(pixels, 2, 0)
    ]
    together: np.ndarray = np.dstack([np.asarray(channel) for channel in channels])
    return together.clip(0, 255)


def _premultiplied(pixels: np.ndarray) -> np.ndarray:
    if pixels.shape[2] == 4:
        pixels = pixels.copy()
        pixels[:, :, :3] *= pixels[:, :, 3:] / 255
    return pixels
