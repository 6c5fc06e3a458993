"""From Display P3, Adobe RGB and ink to sRGB, against littlecms in 16 bits or more."""

import struct
from io import BytesIO

import numpy as np
import pytest
import pyvips
from PIL import Image, ImageCms, ImageEnhance
from skimage.color import deltaE_ciede2000, rgb2lab

from tests.image_process_app.conftest import Make
from tests.image_process_app.reference import Array, pixels
from tests.image_process_app.test_colour import a_profile
from tests.journeys import pictures

FAINT = 2.0
"""Mean ΔE2000 that nobody sees; what the vocabulary promises."""
ADOBE = {
    "wtpt": (0.9505, 1.0, 1.0891),
    "rXYZ": (0.60974, 0.31111, 0.01947),
    "gXYZ": (0.20528, 0.62567, 0.06087),
    "bXYZ": (0.14919, 0.06322, 0.74457),
}
"""The primaries of Adobe RGB (1998), adapted to D50, as its specification has them."""
GAMMA = 563 / 256


def profile(name: str) -> bytes:
    if name == "Adobe RGB":
        return a_profile("Adobe RGB (1998)", gamma=GAMMA, primaries=ADOBE)
    return bytes(pyvips.Image.profile_load({"Display P3": "p3", "ink": "cmyk"}[name]))


def stored(name: str) -> tuple[Image.Image, bytes]:
    """A vivid picture in numbers of that space, none of whose colours are strange to sRGB."""
    vivid = ImageEnhance.Color(pictures.photograph()).enhance(2)
    target = ImageCms.ImageCmsProfile(BytesIO(profile(name)))
    mode = "CMYK" if name == "ink" else "RGB"
    picture = ImageCms.profileToProfile(
        vivid,
        ImageCms.createProfile("sRGB"),
        target,
        outputMode=mode,
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )
    assert picture is not None
    form = "JPEG" if name == "ink" else "PNG"
    options = {"quality": 97, "subsampling": 0} if name == "ink" else {}
    return picture, pictures.saved(picture, form, icc_profile=profile(name), **options)


def seen_by_littlecms(picture: Image.Image, name: str) -> Array:
    """The picture in Lab of D50 and from there in sRGB: float all the way for the RGB spaces,
    whose matrix and curve are computed here; by Pillow's littlecms for ink.
    """
    if name == "ink":
        converted = ImageCms.profileToProfile(
            picture,
            ImageCms.ImageCmsProfile(BytesIO(profile(name))),
            ImageCms.createProfile("sRGB"),
            outputMode="RGB",
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        assert converted is not None
        return np.asarray(converted, dtype=np.float32)
    levels = np.asarray(picture, dtype=float) / 255
    matrix = _primaries(profile(name))
    linear = levels**GAMMA if name == "Adobe RGB" else _from_srgb_curve(levels)
    out = linear @ matrix.T @ np.linalg.inv(SRGB_D50).T
    return np.asarray(_to_srgb_curve(np.clip(out, 0, 1)) * 255, dtype=np.float32)


SRGB_D50 = np.array(
    [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]]
)


def _primaries(profile: bytes) -> np.ndarray:
    """The three colorants of a profile, in columns."""
    (count,) = struct.unpack_from(">I", profile, 128)
    found = {}
    for number in range(count):
        tag, start, _ = struct.unpack_from(">4sII", profile, 132 + 12 * number)
        if tag in (b"rXYZ", b"gXYZ", b"bXYZ"):
            found[tag] = [v / 65536 for v in struct.unpack_from(">3i", profile, start + 8)]
    return np.array([found[b"rXYZ"], found[b"gXYZ"], found[b"bXYZ"]]).T


def _from_srgb_curve(levels: np.ndarray) -> np.ndarray:
    return np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)


def _to_srgb_curve(linear: np.ndarray) -> np.ndarray:
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def faintness(found: Array, wanted: Array) -> float:
    return float(deltaE_ciede2000(rgb2lab(found / 255), rgb2lab(wanted / 255)).mean())


@pytest.mark.parametrize("name", ["Display P3", "Adobe RGB", "ink"])
def test_a_wide_gamut_comes_out_in_the_same_colours(make: Make, name: str) -> None:
    picture, content = stored(name)
    kind = "image/jpeg" if name == "ink" else "image/png"
    made = make(content, kind, lossless=True)
    wanted = seen_by_littlecms(picture, name)
    found = faintness(pixels(made.data, "RGB"), wanted)
    assert found < FAINT
    relabelled = np.asarray(picture.convert("RGB"), dtype=np.float32)
    assert faintness(relabelled, wanted) > 3 * found, "the picture would prove nothing"
    assert "icc_profile" not in pictures.opened(made.data).info


@pytest.mark.parametrize("name", ["Display P3", "Adobe RGB", "ink"])
def test_colours_that_are_converted_after_scaling_are_the_same(make: Make, name: str) -> None:
    picture, content = stored(name)
    kind = "image/jpeg" if name == "ink" else "image/png"
    made = make(content, kind, width=120, lossless=True)
    whole = seen_by_littlecms(picture, name).astype(np.uint8)
    wanted = Image.fromarray(whole).resize((120, 80), Image.Resampling.LANCZOS)
    found = pixels(made.data, "RGB")
    assert faintness(found, np.asarray(wanted, dtype=np.float32)) < FAINT


def test_sixteen_bits_keep_their_levels_through_a_profile_and_a_resize(make: Make) -> None:
    """A gradient of 1,000 levels of 16 bits has no more than 4 of 8."""
    ramp = np.linspace(30_000, 31_000, 1024)
    array = np.repeat(np.tile(ramp, (64, 1))[..., np.newaxis], 3, axis=2).astype(np.uint16)
    image = pyvips.Image.new_from_array(array, interpretation="rgb16")
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile("Display P3"))
    made = make(bytes(image.pngsave_buffer()), "image/png", width=512, format="png")
    out = pyvips.Image.new_from_buffer(made.data, "")
    assert (out.format, out.interpretation) == ("ushort", "rgb16")
    found = out.numpy()[16, 8:-8, 1].astype(float)
    assert len(np.unique(found)) > 400
    assert np.abs(np.diff(found)).max() < 8  # of 65,535: no step of a whole level of 8 bits


def test_a_sixteen_bit_gradient_is_no_staircase_in_eight_bits(make: Make) -> None:
    ramp = np.tile(np.linspace(0, 65_535, 512), (32, 1)).astype(np.uint16)
    image = pyvips.Image.new_from_array(ramp, interpretation="grey16")
    made = make(bytes(image.pngsave_buffer()), "image/png", width=256, lossless=True)
    found = pixels(made.data)[8, 2:-2, 0]
    wanted = (ramp[16].reshape(256, 2).mean(axis=1) / 257)[2:-2]
    assert np.abs(found - wanted).max() < 1
    assert abs((found - wanted).mean()) < 0.1  # rounded, not cut off
