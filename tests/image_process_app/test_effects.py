"""Every effect through the whole pipeline, on pictures as programs write them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import pyvips
from PIL import Image

from tests.image_process_app.conftest import Make
from tests.journeys import pictures

EFFECTS: dict[str, dict[str, Any]] = {
    "brightness": {"brightness": 1.5},
    "contrast": {"contrast": 0.5},
    "saturation": {"saturation": 2},
    "hue": {"hue": 90},
    "gamma": {"gamma": 2},
    "grayscale": {"grayscale": True},
    "tint": {"tint": "orange"},
    "blur": {"blur": 3},
    "sharpen": {"sharpen": 2},
    "pixelate": {"pixelate": 7},
    "pad": {"pad": [1, 2, 3, 4]},
    "watermark": {"watermark": {"text": "Проба 東京"}},
}
SOURCES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "JPEG": ("image/jpeg", lambda: pictures.still("JPEG", quality=90)),
    "CMYK JPEG": ("image/jpeg", pictures.cmyk_jpeg),
    "grey JPEG": ("image/jpeg", lambda: pictures.saved(pictures.photograph().convert("L"), "JPEG")),
    "PNG with alpha": ("image/png", pictures.alpha_png),
    "16-bit PNG": ("image/png", pictures.sixteen_bit_png),
    "GIF": ("image/gif", lambda: pictures.animation("GIF")),
    "WebP": ("image/webp", lambda: pictures.animation("WEBP")),
}
COLOURLESS = ("saturation", "hue", "grayscale")
LOSSLESS = {"format": "webp", "lossless": True, "effort": 0, "width": 120}


def colours(content: bytes) -> np.ndarray[Any, Any]:
    return np.asarray(pictures.opened(content).convert("RGB"), dtype=int)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("effect", EFFECTS)
def test_an_effect_shows_in_every_kind_of_picture_and_costs_no_frame_and_no_alpha(
    make: Make, effect: str, source: str
) -> None:
    content_type, content = SOURCES[source]
    plain = make(content(), content_type, **LOSSLESS)
    made = make(content(), content_type, **LOSSLESS, **EFFECTS[effect])
    before, after = pictures.opened(plain.data), pictures.opened(made.data)
    assert after.size == (made.width, made.height)
    assert after.mode == before.mode
    if pictures.delays(content()) == list(pictures.DELAYS):
        assert pictures.delays(made.data) == list(pictures.DELAYS)
    changed = after.size != before.size or bool(np.any(colours(plain.data) != colours(made.data)))
    assert changed != (source == "grey JPEG" and effect in COLOURLESS)


def test_a_margin_is_neither_blurred_nor_coloured_and_a_mark_may_lie_on_it(make: Make) -> None:
    """Effects come before the margin, and the margin before the mark."""
    options = {"format": "png", "width": 200, "blur": 20, "tint": "red", "pad": [0, 0, 40, 0]}
    made = colours(make(pictures.jpeg(), **options).data)
    assert (made[-40:] == 255).all()
    assert (made[-41] != 255).any()
    mark = {"text": "Proof", "gravity": "south", "scale": 0.2}
    marked = colours(make(pictures.jpeg(), **options, watermark=mark).data)
    assert (marked[-40:] != 255).any()
    assert (marked[:100] == made[:100]).all()


def test_a_grey_picture_can_be_tinted_and_takes_colour_for_that_alone(make: Make) -> None:
    options = {"format": "png", "width": 60, "grayscale": True}
    assert pictures.opened(make(pictures.jpeg(), **options).data).mode == "L"
    assert pictures.opened(make(pictures.jpeg(), **options, tint="teal").data).mode == "RGB"
    assert pictures.opened(make(pictures.jpeg(), **options, pad=2).data).mode == "L"


def test_sixteen_bits_are_not_crushed_on_the_way(make: Make) -> None:
    """A dark sixteenth of the range, spread again by the picture's own deeper levels."""
    levels = np.linspace(0, 65535 / 64, 1024).astype(np.uint16).reshape(32, 32)
    image = pyvips.Image.new_from_array(np.stack([levels] * 3, axis=-1), interpretation="rgb16")
    made = make(bytes(image.pngsave_buffer()), "image/png", format="png", brightness=4, blur=0.3)
    seen = pyvips.Image.new_from_buffer(made.data, "").numpy()
    assert seen.dtype == np.uint16
    assert len(np.unique(seen)) > 500


def test_a_clear_background_makes_a_picture_with_alpha_of_one_without(make: Make) -> None:
    made = make(pictures.jpeg(), width=60, pad=5, background="transparent")
    assert made.content_type == "image/webp"
    alpha = np.asarray(pictures.opened(made.data).convert("RGBA"))[..., 3]
    assert alpha[0, 0] == 0
    assert alpha[10, 10] == 255


def test_a_background_is_behind_corners_margins_and_alpha_alike(make: Make) -> None:
    options = {"format": "png", "width": 60, "rotate": 30, "pad": 4, "background": "0000ff80"}
    clear = Image.new("RGBA", (60, 60), (0, 0, 0, 0))
    made = make(pictures.saved(clear, "PNG"), "image/png", **options)
    pixels = np.asarray(pictures.opened(made.data).convert("RGBA")).reshape(-1, 4)
    assert (pixels == (0, 0, 255, 128)).all()
