"""Pictures as phones, cameras and programs write them, made from photographs that scikit-image
ships. All are as displayed like `photograph`, at the sides that are asked for.
"""

from collections.abc import Callable
from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
import pyvips
from PIL import Image, ImageCms, ImageSequence
from skimage import data

ORIENTATION = 0x0112
TO_STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How a camera that was held so has turned the picture that is to be seen."""
SIDES = (480, 320)
DELAYS = (100, 250, 40, 1000)
COMMENT = b"\xff\xfe"


@cache
def photograph(sides: tuple[int, int] = SIDES) -> Image.Image:
    """A colourful picture of which no two corners are alike. Do not change it."""
    subject = Image.fromarray(data.astronaut()).crop((0, 0, 512, 341))
    return subject.resize(sides, Image.Resampling.LANCZOS)


@cache
def camera_jpeg(sides: tuple[int, int] = (4000, 3000)) -> bytes:
    """Several megabytes, as a phone writes them: grain, EXIF with a place, an orientation."""
    subject = np.asarray(photograph(sides), dtype=np.int16)
    grain = np.random.default_rng(1).integers(-6, 7, (*subject.shape[:2], 1), dtype=np.int16)
    picture = Image.fromarray(np.clip(subject + grain, 0, 255).astype(np.uint8))
    exif = Image.Exif()
    exif[ORIENTATION] = 1
    exif[0x010F] = "Kodak-Zeiss"
    exif.get_ifd(0x8769)[0x9003] = "2024:05:17 18:30:00"
    exif.get_ifd(0x8825).update({1: "N", 2: (50.0, 26.0, 23.1), 3: "E", 4: (30.0, 30.0, 7.5)})
    return saved(picture, "JPEG", quality=92, exif=exif)


def jpeg(sides: tuple[int, int] = SIDES, number: int = 0) -> bytes:
    """A photograph; with another number other bytes of the same picture."""
    comment = str(number).encode()
    segment = COMMENT + (len(comment) + 2).to_bytes(2, "big") + comment
    content = _plain_jpeg(sides)
    return content[:2] + segment + content[2:]


@cache
def _plain_jpeg(sides: tuple[int, int]) -> bytes:
    return saved(photograph(sides), "JPEG", quality=85)


def turned_jpeg(orientation: int) -> bytes:
    """Stored as a camera held that way stores it, with the tag that tells so."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    turn = TO_STORED.get(orientation)
    stored = photograph() if turn is None else photograph().transpose(turn)
    return saved(stored, "JPEG", quality=90, exif=exif)


def cmyk_jpeg() -> bytes:
    """For print, with its profile."""
    profile = _profile("cmyk")
    ink = _converted(photograph(), profile, "CMYK")
    return saved(ink, "JPEG", quality=92, icc_profile=profile)


def wide_gamut_png(picture: Image.Image | None = None) -> bytes:
    """Display P3, as telephones have it."""
    profile = _profile("p3")
    converted = _converted(picture or photograph(), profile, "RGB")
    return saved(converted, "PNG", icc_profile=profile)


def alpha_png() -> bytes:
    """Clear on the left, opaque on the right."""
    picture = photograph().convert("RGBA")
    width, height = picture.size
    picture.putalpha(Image.linear_gradient("L").rotate(90).resize((width, height)))
    return saved(picture, "PNG")


def sixteen_bit_png() -> bytes:
    """RGB with 16 bits a channel, which Pillow does not write."""
    pixels = np.asarray(photograph()).astype(np.uint16) * 257
    image = pyvips.Image.new_from_array(pixels, interpretation="rgb16")
    return bytes(image.pngsave_buffer())


def frames() -> list[Image.Image]:
    """A short film: the photograph under a darkness that passes through it."""
    film = []
    for number in range(len(DELAYS)):
        frame = photograph().copy()
        frame.paste((0, 0, 0), (number * 120, 0, number * 120 + 120, 320))
        film.append(frame)
    return film


@cache
def animation(form: str) -> bytes:
    """The film as GIF or WebP, played three times."""
    first, *rest = frames()
    options = {"save_all": True, "append_images": rest, "duration": list(DELAYS), "loop": 3}
    return saved(first, form, **options)


def still(form: str, **options: Any) -> bytes:
    """The photograph as a file of this format."""
    return saved(photograph(), form, **options)


KINDS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "JPEG": ("image/jpeg", lambda: still("JPEG", quality=90)),
    "progressive JPEG": ("image/jpeg", lambda: still("JPEG", quality=90, progressive=True)),
    "CMYK JPEG": ("image/jpeg", cmyk_jpeg),
    "PNG": ("image/png", lambda: still("PNG")),
    "wide-gamut PNG": ("image/png", wide_gamut_png),
    "16-bit PNG": ("image/png", sixteen_bit_png),
    "WebP": ("image/webp", lambda: still("WEBP", quality=90)),
    "AVIF": ("image/avif", lambda: still("AVIF", quality=90)),
    "TIFF": ("image/tiff", lambda: still("TIFF", compression="tiff_lzw")),
}
"""Stills that all look like `photograph`, each with its media type."""


def opened(content: bytes) -> Image.Image:
    """The picture in a file, every pixel decoded; raises when it can't be."""
    picture = Image.open(BytesIO(content))
    picture.load()
    return picture


def delays(content: bytes) -> list[int]:
    """Milliseconds for which each frame of a file is shown."""
    found = []
    with Image.open(BytesIO(content)) as picture:
        for frame in ImageSequence.Iterator(picture):
            frame.load()
            found.append(int(frame.info.get("duration", 0)))
    return found


def difference(content: bytes, wanted: Image.Image) -> float:
    """Mean distance of two pictures in levels of 255, over whatever sides the file has."""
    picture = opened(content).convert("RGB")
    other = wanted.convert("RGB").resize(picture.size, Image.Resampling.LANCZOS)
    return float(np.abs(np.asarray(picture, np.int16) - np.asarray(other, np.int16)).mean())


def _converted(picture: Image.Image, profile: bytes, mode: Any) -> Image.Image:
    target = ImageCms.ImageCmsProfile(BytesIO(profile))
    source = ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(picture, source, target, outputMode=mode)
    assert converted is not None
    return converted


def _profile(name: str) -> bytes:
    return bytes(pyvips.Image.profile_load(name))


def saved(picture: Image.Image, form: str, **options: Any) -> bytes:
    file = BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()
