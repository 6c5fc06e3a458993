"""What is said of pictures that are out of the ordinary."""

import base64
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image

from safelight.contract.messages import Description
from safelight.image_process_app.limits import Limits
from safelight.image_process_app.pipeline import Pipeline
from tests.image_process_app.conftest import Held
from tests.journeys import pictures

ORIENTATION, EXIF_IFD, TAKEN, OFFSET = 0x0112, 0x8769, 0x9003, 0x9011


def _describe(fd: int, content_type: str) -> Description:
    return Pipeline(fd, content_type, Limits(), []).describe()


def _noise(sides: tuple[int, int], seed: int, bands: int = 3) -> Image.Image:
    levels = np.random.default_rng(seed).integers(0, 256, (sides[1], sides[0], bands))
    return Image.fromarray(levels.astype(np.uint8))


def test_a_placeholder_stays_short_whatever_the_alpha(held: Held) -> None:
    """Noise in every channel is what compresses worst."""
    seen = _describe(held(pictures.saved(_noise((64, 64), 1, bands=4), "PNG")), "image/png")
    assert len(seen.placeholder) <= 300
    alpha = _describe(held(pictures.alpha_png()), "image/png")
    assert len(alpha.placeholder) <= 250
    tiny = pictures.opened(base64.b64decode(alpha.placeholder.partition(",")[2]))
    assert tiny.mode == "RGBA"


@pytest.mark.parametrize("sides", [(12, 4), (48, 16), (60, 20)])
def test_the_placeholder_of_a_turned_animation_is_one_upright_frame(
    held: Held, sides: tuple[int, int]
) -> None:
    first, *rest = (_noise(sides, seed) for seed in range(3))
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    content = pictures.saved(
        first, "WEBP", save_all=True, append_images=rest, duration=100, lossless=True, exif=exif
    )
    seen = _describe(held(content), "image/webp")
    assert (seen.width, seen.height, seen.frames) == (sides[1], sides[0], 3)
    tiny = pictures.opened(base64.b64decode(seen.placeholder.partition(",")[2]))
    assert getattr(tiny, "n_frames", 1) == 1
    assert tiny.width < tiny.height


@pytest.mark.parametrize("offset", ["   :  ", "      "])
def test_a_blank_offset_is_an_unknown_one(held: Held, offset: str) -> None:
    exif = Image.Exif()
    exif.get_ifd(EXIF_IFD)[TAKEN] = "2024:05:17 18:30:00"
    exif.get_ifd(EXIF_IFD)[OFFSET] = offset
    seen = _describe(held(pictures.still("JPEG", exif=exif)), "image/jpeg")
    assert seen.taken_at == datetime(2024, 5, 17, 18, 30, tzinfo=UTC)
