"""The right pixels, against references that Pillow and numpy compute."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.image_process_app.conftest import Make
from tests.journeys import pictures

CLOSE = 3.5
"""Mean distance in levels of 255 that two encoders and two resizers may make."""
PALETTE_CLOSE = 12.0
"""The same for a GIF, which has 256 colours."""
WHOLE = {"format": "webp"}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_out_upright(make: Make, orientation: int) -> None:
    made = make(pictures.turned_jpeg(orientation))
    assert (made.width, made.height) == pictures.SIDES
    assert pictures.difference(made.data, pictures.photograph()) < CLOSE
    assert not pictures.opened(made.data).getexif()


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_counts_as_upright(make: Make, orientation: int) -> None:
    made = make(pictures.turned_jpeg(orientation))
    assert pictures.difference(made.data, pictures.photograph()) < CLOSE


@pytest.mark.parametrize("kind", pictures.KINDS)
def test_every_kind_of_still_looks_like_its_photograph(make: Make, kind: str) -> None:
    content_type, content = pictures.KINDS[kind]
    made = make(content(), content_type, **WHOLE)
    # Ink has fewer colours than a screen: what lies outside is moved to the nearest.
    tolerance = 2 * CLOSE if kind == "CMYK JPEG" else CLOSE
    assert pictures.difference(made.data, pictures.photograph()) < tolerance
    assert "icc_profile" not in pictures.opened(made.data).info


def test_ink_is_converted_as_another_colour_engine_does(make: Make) -> None:
    content = pictures.cmyk_jpeg()
    source = pictures.opened(content)
    wanted = ImageCms.profileToProfile(
        source,
        BytesIO(source.info["icc_profile"]),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert wanted is not None
    assert pictures.difference(make(content, **WHOLE).data, wanted) < CLOSE


@pytest.mark.parametrize("colour", [(255, 40, 30), (30, 200, 40), (40, 60, 230), (250, 180, 20)])
def test_a_wide_gamut_is_converted_and_not_just_relabelled(
    make: Make, colour: tuple[int, int, int]
) -> None:
    patch = Image.new("RGB", (64, 64), colour)
    content = pictures.wide_gamut_png(patch)
    seen = np.asarray(pictures.opened(make(content, "image/png", format="jpeg").data), int)
    stored = np.asarray(pictures.opened(content), int)
    assert np.abs(seen - colour).max() <= 4
    assert np.abs(stored - colour).max() > 8


def test_a_broken_profile_does_not_cost_the_picture(make: Make) -> None:
    content = pictures.still("JPEG", quality=90, icc_profile=b"no profile at all" * 20)
    assert pictures.difference(make(content).data, pictures.photograph()) < CLOSE


def test_alpha_is_kept_where_the_format_can(make: Make) -> None:
    made = make(pictures.alpha_png(), "image/png", width=240, height=160)
    assert made.content_type == "image/webp"
    alpha = np.asarray(pictures.opened(made.data).getchannel("A"), dtype=float)
    wanted = pictures.opened(pictures.alpha_png()).getchannel("A").resize((240, 160))
    assert np.abs(alpha - np.asarray(wanted, dtype=float)).mean() < CLOSE


def test_alpha_becomes_white_where_the_format_can_not(make: Make) -> None:
    made = make(pictures.alpha_png(), "image/png", format="jpeg")
    source = pictures.opened(pictures.alpha_png())
    white = Image.new("RGBA", source.size, (255, 255, 255, 255))
    assert pictures.difference(made.data, Image.alpha_composite(white, source)) < CLOSE


def test_no_hidden_colour_shows_at_the_edge_of_what_is_clear(make: Make) -> None:
    pixels = np.zeros((200, 200, 4), dtype=np.uint8)
    pixels[:, :100] = (255, 255, 255, 255)  # white beside black that nobody sees
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    made = make(file.getvalue(), "image/png", width=66, height=66)
    small = np.asarray(pictures.opened(made.data).convert("RGBA"))
    seen = small[small[..., 3] > 64]
    assert seen[..., :3].min() > 200


def test_sixteen_bits_are_kept_until_the_end(make: Make) -> None:
    levels = np.tile(np.linspace(30_000, 31_000, 256, dtype=np.uint16), (64, 1))
    file = BytesIO()
    Image.fromarray(levels).save(file, "PNG")
    made = make(file.getvalue(), "image/png")
    out = np.asarray(pictures.opened(made.data), dtype=float)
    assert np.abs(out - levels / 257).mean() < 1


def test_grey_is_one_band_and_as_bright_as_the_colours_were(make: Make) -> None:
    made = make(pictures.still("PNG"), "image/png", grayscale=True)
    grey = pictures.opened(made.data)
    assert grey.mode == "L"
    linear = _linear(np.asarray(pictures.photograph(), dtype=float) / 255)
    luminance = _gamma(linear @ np.array([0.2126, 0.7152, 0.0722])) * 255  # Rec. 709
    assert np.abs(np.asarray(grey, dtype=float) - luminance).mean() < CLOSE


def test_a_grey_picture_stays_grey(make: Make) -> None:
    file = BytesIO()
    pictures.photograph().convert("L").save(file, "JPEG", quality=90)
    made = make(file.getvalue(), width=120, format="jpeg")
    assert pictures.opened(made.data).mode == "L"


@pytest.mark.parametrize("form", ["GIF", "WEBP"])
def test_an_animation_keeps_frames_timing_and_loop(make: Make, form: str) -> None:
    film = pictures.animation(form)
    made = make(film, f"image/{form.lower()}", width=240)
    picture = pictures.opened(made.data)
    assert pictures.delays(made.data) == list(pictures.DELAYS)
    # A GIF counts repetitions, a WebP how often it runs in all.
    assert picture.info["loop"] == pictures.opened(film).info["loop"] + (form == "GIF")
    for number, frame in enumerate(pictures.frames()):
        picture.seek(number)
        wanted = frame.resize((240, 160), Image.Resampling.LANCZOS)
        apart = np.asarray(picture.convert("RGB"), float) - np.asarray(wanted, float)
        assert np.abs(apart).mean() < PALETTE_CLOSE


def test_frames_do_not_bleed_into_each_other(make: Make) -> None:
    black, white = (Image.new("RGB", (101, 77), level) for level in ("black", "white"))
    file = BytesIO()
    black.save(file, "WEBP", save_all=True, append_images=[white, black], lossless=True)
    made = make(file.getvalue(), "image/webp", width=31)
    picture = pictures.opened(made.data)
    for number, level in enumerate((0, 255, 0)):
        picture.seek(number)
        assert np.abs(np.asarray(picture.convert("L"), int) - level).max() <= 2


def test_nothing_of_the_originals_metadata_is_in_a_variant(make: Make) -> None:
    content = pictures.camera_jpeg((1200, 900))
    assert b"Kodak-Zeiss" in content
    for options in ({"format": "jpeg"}, {"format": "webp"}, {"grayscale": True}):
        made = make(content, **options)
        assert b"Kodak-Zeiss" not in made.data
        assert b"Exif" not in made.data


def _linear(srgb: np.ndarray) -> np.ndarray:
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def _gamma(linear: np.ndarray) -> np.ndarray:
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
