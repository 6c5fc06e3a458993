"""Photographs as cameras write them: 12 megapixels, several megabytes, made from those that
scikit-image ships.
"""

from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

SIDES = (4000, 3000)
GRAIN = 4.0
"""Standard deviation of the sensor noise, in levels of 255."""
QUALITY = 90


def write_photographs(folder: Path) -> list[Path]:
    """A few 12 MP JPEGs of different subjects."""
    subjects = {"astronaut": data.astronaut, "cat": data.cat, "coffee": data.coffee}
    return [_write(folder / f"{name}.jpg", load()) for name, load in subjects.items()]


def _write(path: Path, pixels: np.ndarray) -> Path:
    large = Image.fromarray(pixels).resize(SIDES, Image.Resampling.LANCZOS)
    noise = np.random.default_rng(12).normal(0, GRAIN, (SIDES[1], SIDES[0], 1))
    grainy = np.clip(np.asarray(large, dtype=np.float32) + noise, 0, 255).astype(np.uint8)
    Image.fromarray(grainy).save(path, quality=QUALITY)
    return path
