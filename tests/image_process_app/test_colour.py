"""Which profiles are sRGB's, and what happens with those that only sound like it."""

import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms

from safelight.image_process_app.steps.colour import is_srgb
from tests.image_process_app.conftest import Make
from tests.journeys import pictures

PRIMARIES = {
    "wtpt": (0.9642, 1.0, 0.8249),
    "rXYZ": (0.4361, 0.2225, 0.0139),
    "gXYZ": (0.3851, 0.7169, 0.0971),
    "bXYZ": (0.1431, 0.0606, 0.7141),
}


def a_profile(
    name: str,
    gamma: float = 2.2,
    version: int = 2,
    primaries: dict[str, tuple[float, float, float]] = PRIMARIES,
) -> bytes:
    """A display profile, with the primaries of sRGB if no others are given and its own curve."""
    tags = {"desc": _old(name) if version == 2 else _new(name), "cprt": b"text\0\0\0\0none\0"}
    for tag, xyz in primaries.items():
        tags[tag] = b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in xyz))
    for tag in ("rTRC", "gTRC", "bTRC"):
        tags[tag] = b"curv\0\0\0\0" + struct.pack(">IHH", 1, round(gamma * 256), 0)
    table, body, start = b"", b"", 132 + 12 * len(tags)
    for tag, element in tags.items():
        padded = element + b"\0" * (-len(element) % 4)
        table += tag.encode() + struct.pack(">II", start + len(body), len(element))
        body += padded
    head = struct.pack(
        ">I4sI4s4s4s", start + len(body), b"lcms", version << 24, b"mntr", b"RGB ", b"XYZ "
    )
    head += struct.pack(">6H4s", 2024, 1, 1, 0, 0, 0, b"acsp") + bytes(28)
    head += struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def _old(name: str) -> bytes:
    text = name.encode() + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78)


def _new(name: str) -> bytes:
    text = name.encode("utf-16-be")
    return b"mluc\0\0\0\0" + struct.pack(">II4sII", 1, 12, b"enUS", len(text), 28) + text


@pytest.mark.parametrize("version", [2, 4])
@pytest.mark.parametrize(
    "name", ["sRGB", "sRGB IEC61966-2.1", "sRGB IEC61966-2-1 black scaled", "sRGB built-in"]
)
def test_the_profile_of_srgb_is_known_by_its_own_name(name: str, version: int) -> None:
    assert is_srgb(a_profile(name, version=version))


def test_the_profile_that_another_library_makes_for_srgb_is_known() -> None:
    assert is_srgb(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())


@pytest.mark.parametrize("name", ["Linear sRGB", "scRGB", "Adobe RGB (1998)", "Display P3", ""])
def test_what_only_sounds_like_srgb_is_not_it(name: str) -> None:
    assert not is_srgb(a_profile(name))


@pytest.mark.parametrize("length", [0, 5, 131, 140, 150, 300])
def test_a_profile_that_ends_early_is_not_srgb_and_no_error(length: int) -> None:
    assert not is_srgb(a_profile("sRGB")[:length] if length < 250 else b"\xff" * length)


def test_linear_light_is_converted_as_another_colour_engine_does(make: Make) -> None:
    profile = a_profile("Linear sRGB", gamma=1.0)
    content = pictures.still("PNG", icc_profile=profile)
    wanted = ImageCms.profileToProfile(
        pictures.photograph(), BytesIO(profile), ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    assert wanted is not None
    assert pictures.difference(make(content, "image/png", format="webp").data, wanted) < 3.5


def test_a_resized_picture_with_alpha_is_as_bright_as_one_without(make: Make) -> None:
    """A fraction that is cut off instead of rounded darkens every pixel by half a level."""
    plain = pictures.photograph((600, 400))
    clear = plain.convert("RGBA")
    means = [
        np.asarray(
            pictures.opened(
                make(pictures.saved(picture, "PNG"), "image/png", width=300, format="jpeg").data
            ),
            dtype=float,
        ).mean()
        for picture in (plain, clear)
    ]
    assert means[1] == pytest.approx(means[0], abs=0.1)


def test_a_level_that_is_everywhere_stays_what_it_is_under_alpha(make: Make) -> None:
    picture = Image.new("RGBA", (100, 100), (200, 100, 50, 255))
    made = make(pictures.saved(picture, "PNG"), "image/png", width=33, format="jpeg")
    pixels = np.asarray(pictures.opened(made.data), dtype=int)
    assert np.abs(pixels - (200, 100, 50)).max() <= 2
