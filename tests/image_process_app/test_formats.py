"""What is written: formats and their options."""

import numpy as np
import pytest
import pyvips
from PIL import Image

from safelight.contract.messages import WantedVariant
from safelight.contract.transformations import LOWEST_QUALITY, Transformation
from safelight.image_process_app.limits import Limits, Rejected
from safelight.image_process_app.pipeline import Pipeline
from tests.image_process_app.conftest import Held, Make
from tests.image_process_app.reference import apart, levels, pixels
from tests.journeys import pictures

FORMATS = ["jpeg", "png", "webp", "avif", "gif", "tiff"]
LOSSLESS = ["png", "webp", "avif", "tiff"]
LOSSY = 4.0
"""Mean levels that a codec may lose at its default quality."""
PALETTE = 9.0
"""The same for 256 colours, dithered."""


def failure(held: Held, content: bytes, **options: object) -> Rejected:
    """Why the one variant could not be made."""
    wanted = WantedVariant(name="it", transformation=Transformation.model_validate(options))
    [(_, made)] = Pipeline(held(content), "image/png", Limits(), [wanted]).variants()
    assert isinstance(made, Rejected), made
    return made


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_written_as_what_it_says(make: Make, form: str) -> None:
    made = make(pictures.still("PNG"), "image/png", format=form, width=240)
    assert made.content_type == f"image/{form}"
    assert Image.MIME[pictures.opened(made.data).format or ""] == made.content_type
    assert pictures.opened(made.data).size == (made.width, made.height) == (240, 160)
    small = pictures.photograph().resize((240, 160), Image.Resampling.LANCZOS)
    tolerance = PALETTE if form == "gif" else LOSSY
    assert apart(pixels(made.data, "RGB"), levels(small)) < tolerance


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("mode", ["RGBA", "L", "LA", "P", "1"])
def test_every_format_takes_every_mode(make: Make, form: str, mode: str) -> None:
    content = pictures.saved(pictures.photograph((60, 40)).convert(mode), "PNG")
    made = make(content, "image/png", format=form)
    dithered = mode in ("P", "1")
    tolerance = 2 * PALETTE if dithered else PALETTE  # small pictures lose more
    wanted = levels(pictures.photograph((60, 40)).convert(mode).convert("RGB"))
    assert apart(pixels(made.data, "RGB"), wanted) < tolerance


@pytest.mark.parametrize("form", FORMATS)
def test_grey_stays_grey_in_every_format(make: Make, form: str) -> None:
    content = pictures.saved(pictures.photograph((90, 60)).convert("L"), "PNG")
    found = pixels(make(content, "image/png", format=form, width=45).data, "RGB")
    assert np.ptp(found, axis=2).max() <= 2  # what a codec of colours rounds to


@pytest.mark.parametrize("form", LOSSLESS)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_lossless_loses_nothing(make: Make, form: str, mode: str) -> None:
    content = pictures.alpha_png() if mode == "RGBA" else pictures.still("PNG")
    made = make(content, "image/png", format=form, lossless=True, effort=1)
    found, wanted = pixels(made.data), levels(pictures.opened(content))
    if mode == "RGBA":  # what is wholly clear has no colour that anyone could see
        found, wanted = found[wanted[..., 3] > 0], wanted[wanted[..., 3] > 0]
    assert np.array_equal(found, wanted)


@pytest.mark.parametrize(
    ("content", "options", "expected"),
    [
        (pictures.still("PNG"), {}, "image/jpeg"),
        (pictures.still("PNG"), {"lossless": True}, "image/webp"),
        (pictures.alpha_png(), {}, "image/webp"),
        (pictures.still("PNG"), {"rotate": 20, "background": "transparent"}, "image/webp"),
    ],
)
def test_auto_is_webp_where_jpeg_would_lose_something(
    make: Make, content: bytes, options: dict[str, object], expected: str
) -> None:
    assert make(content, "image/png", width=60, **options).content_type == expected


@pytest.mark.parametrize("form", ["jpeg", "webp", "avif"])
def test_quality_is_obeyed_and_has_a_default(make: Make, form: str) -> None:
    low, default, high = (
        make(pictures.still("PNG"), "image/png", format=form, quality=quality)
        for quality in (20, None, 95)
    )
    assert len(low.data) < len(default.data) < len(high.data)
    wanted = levels(pictures.photograph())
    distances = [apart(pixels(made.data), wanted) for made in (low, default, high)]
    assert distances == sorted(distances, reverse=True)


@pytest.mark.parametrize("form", FORMATS)
def test_every_effort_is_taken(make: Make, form: str) -> None:
    content = pictures.saved(pictures.photograph((90, 60)), "PNG")
    for effort in range(10):
        made = make(content, "image/png", format=form, effort=effort)
        assert pictures.opened(made.data).size == (90, 60)


@pytest.mark.parametrize("form", ["png", "webp"])
def test_more_effort_makes_fewer_bytes(make: Make, form: str) -> None:
    least, most = (
        make(pictures.still("PNG"), "image/png", format=form, effort=effort) for effort in (0, 9)
    )
    assert len(most.data) < len(least.data)


def test_a_jpeg_is_progressive_unless_that_is_not_wanted_or_it_must_be_fast(make: Make) -> None:
    content = pictures.still("PNG")
    for options, progressive in (
        ({}, True),
        ({"progressive": False}, False),
        ({"effort": 0}, False),
        ({"effort": 1}, True),
    ):
        made = pictures.opened(make(content, "image/png", format="jpeg", **options).data)
        assert bool(made.info.get("progressive")) == progressive


def test_the_least_effort_is_still_sharp_at_half_size_and_less(make: Make) -> None:
    """The decoder may leave the result's own sides: a third of a level more than with reserve."""
    content = pictures.camera_jpeg((1200, 900))
    wanted = levels(pictures.opened(content).resize((310, 233), Image.Resampling.LANCZOS))
    fast, fine = (
        apart(pixels(make(content, width=310, format="jpeg", quality=95, **o).data), wanted)
        for o in ({"effort": 0}, {})
    )
    assert fine < fast < LOSSY / 2


@pytest.mark.parametrize("form", ["jpeg", "webp", "avif"])
def test_max_bytes_is_kept_by_the_best_quality_that_can(make: Make, form: str) -> None:
    content = pictures.saved(pictures.photograph((150, 100)), "PNG")
    free = make(content, "image/png", format=form)
    most = len(free.data) * 2 // 3
    made = make(content, "image/png", format=form, max_bytes=most)
    assert most * 0.75 < len(made.data) <= most
    loose = make(content, "image/png", format=form, max_bytes=len(free.data))
    assert loose.data == free.data


def test_what_can_not_be_made_so_small_says_how_small_it_can_be(held: Held) -> None:
    told = failure(held, pictures.still("PNG"), format="jpeg", max_bytes=1024)
    assert told.code == "too-many-bytes"
    lowest = pyvips.Image.new_from_buffer(pictures.still("PNG"), "")
    size = len(lowest.jpegsave_buffer(Q=LOWEST_QUALITY, interlace=True, keep="none"))
    assert f"{size} bytes at quality {LOWEST_QUALITY}" in told.detail


@pytest.mark.parametrize(
    "options",
    [
        {"format": "png"},
        {"format": "gif"},
        {"format": "tiff"},
        {"format": "webp", "lossless": True},
        {"format": "jpeg", "quality": 8},
    ],
)
def test_what_has_no_quality_to_lower_is_refused_as_it_is(
    held: Held, options: dict[str, object]
) -> None:
    told = failure(held, pictures.still("PNG"), max_bytes=1024, **options)
    assert told.code == "too-many-bytes"


@pytest.mark.parametrize(
    ("background", "seen"),
    [(None, 255), ("transparent", 255), ("000000", 0), ("00000080", 255)],
)
def test_a_jpeg_has_the_background_behind_what_was_clear(
    make: Make, background: str | None, seen: int
) -> None:
    content = pictures.saved(Image.new("RGBA", (32, 32), (255, 0, 0, 0)), "PNG")
    made = make(content, "image/png", format="jpeg", background=background)
    found = pixels(made.data)
    assert found.shape[2] == 3
    if background != "00000080":
        assert np.abs(found - seen).max() <= 1


def test_a_gif_is_clear_or_opaque(make: Make) -> None:
    source = np.zeros((40, 40, 4), dtype=np.uint8)
    source[..., :3] = (200, 40, 40)
    source[..., 3] = np.linspace(0, 255, 40).astype(np.uint8)
    content = pictures.saved(Image.fromarray(source), "PNG")
    found = pixels(make(content, "image/png", format="gif").data, "RGBA")
    assert (found[:, :20, 3] == 0).all()
    assert (found[:, 20:, 3] == 255).all()
    assert np.abs(found[:, 20:, :3] - (200, 40, 40)).max() < 12


@pytest.mark.parametrize("form", ["png", "tiff"])
def test_sixteen_bits_stay_where_the_format_has_them(make: Make, form: str) -> None:
    made = make(pictures.sixteen_bit_png(), "image/png", format=form, width=100)
    assert pyvips.Image.new_from_buffer(made.data, "").format == "ushort"


def test_a_result_that_is_too_large_fails_alone_and_names_its_step(held: Held) -> None:
    content = pictures.saved(pictures.photograph((30, 900)), "PNG")
    for options, step in (
        ({"width": 8000, "fit": "contain"}, "resize"),
        ({"width": 4900, "height": 8190, "fit": "squeeze", "rotate": 45}, "rotate"),
    ):
        told = failure(held, content, **options)
        assert told.code == "result-too-large"
        assert told.detail.startswith(step)
        assert "8192" in told.detail


def test_a_line_that_would_be_endless_is_refused_and_no_error(held: Held) -> None:
    content = pictures.saved(Image.new("L", (1, 16_000)), "PNG")
    told = failure(held, content, width=8192, fit="contain")
    assert told.code == "result-too-large"
