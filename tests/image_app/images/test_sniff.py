"""What a file is, by its first bytes, and its sides, from its header."""

import io
import struct
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from safelight.image_app.images import sniff

ORIENTATION = 0x0112
FORMATS: dict[str, tuple[str, dict[str, Any]]] = {
    "jpeg": ("image/jpeg", {}),
    "progressive jpeg": ("image/jpeg", {"progressive": True}),
    "png": ("image/png", {}),
    "gif": ("image/gif", {}),
    "webp": ("image/webp", {}),
    "lossless webp": ("image/webp", {"lossless": True}),
    "avif": ("image/avif", {"speed": 10}),
    "tiff": ("image/tiff", {}),
    "deflated tiff": ("image/tiff", {"compression": "tiff_adobe_deflate"}),
}


@cache
def photograph() -> Image.Image:
    """A cat of 451 x 300 pixels, smaller so that AVIF is quick."""
    found = find_spec("skimage")
    assert found is not None
    assert found.submodule_search_locations
    with Image.open(Path(found.submodule_search_locations[0]) / "data" / "chelsea.png") as cat:
        return cat.resize((151, 100))


@cache
def a_file(form: str) -> bytes:
    buffer = io.BytesIO()
    photograph().save(buffer, form.split()[-1], **FORMATS[form][1])
    return buffer.getvalue()


def an_animation(form: str) -> bytes:
    frames = [photograph().rotate(angle) for angle in (90, 180)]
    buffer = io.BytesIO()
    photograph().save(buffer, form, save_all=True, append_images=frames)
    return buffer.getvalue()


def ftyp(brand: bytes, *compatible: bytes) -> bytes:
    body = b"ftyp" + brand + b"\0\0\0\0" + b"".join(compatible)
    return struct.pack(">I", len(body) + 4) + body


@pytest.mark.parametrize("form", FORMATS)
def test_every_accepted_format_is_known_with_its_sides(form: str) -> None:
    content = a_file(form)
    assert sniff.content_type(content[: sniff.ENOUGH]) == FORMATS[form][0]
    assert sniff.sides(content) in ((151, 100), None)


@pytest.mark.parametrize("form", ["jpeg", "png", "gif", "webp", "lossless webp", "tiff"])
def test_the_sides_of_the_common_formats_are_in_the_header(form: str) -> None:
    assert sniff.sides(a_file(form)) == (151, 100)


@pytest.mark.parametrize("form", ["gif", "webp"])
def test_an_animation_is_known_like_a_still_picture(form: str) -> None:
    content = an_animation(form)
    assert sniff.content_type(content) == f"image/{form}"
    assert sniff.sides(content) == (151, 100)


@pytest.mark.parametrize("name", ["rocket.jpg", "coffee.png", "multipage.tif"])
def test_a_file_of_another_software_is_known(photographs: Path, name: str) -> None:
    content = (photographs / name).read_bytes()
    with Image.open(photographs / name) as picture:
        assert picture.format is not None
        assert sniff.content_type(content[: sniff.ENOUGH]) == f"image/{picture.format.lower()}"
        assert sniff.sides(content[: 1 << 20]) == picture.size


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_sides_are_as_displayed_in_each_orientation(orientation: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    buffer = io.BytesIO()
    photograph().save(buffer, "jpeg", exif=exif)
    turned = orientation > 4
    assert sniff.sides(buffer.getvalue()) == ((100, 151) if turned else (151, 100))


@pytest.mark.parametrize(
    "head",
    [
        ftyp(b"avif"),
        ftyp(b"avif", b"mif1", b"miaf"),
        ftyp(b"mif1", b"avif", b"miaf"),
    ],
)
def test_a_still_avif_is_known_by_any_of_its_brands(head: bytes) -> None:
    assert sniff.content_type(head) == "image/avif"


@pytest.mark.parametrize(
    "head",
    [
        ftyp(b"heic", b"mif1", b"heic"),
        ftyp(b"mif1", b"heic"),
        ftyp(b"mif1", b"avif", b"heic"),
        ftyp(b"heix"),
        ftyp(b"hevc"),
        ftyp(b"msf1", b"hevc"),
        ftyp(b"avis", b"avif", b"msf1"),
        ftyp(b"avif", b"avis"),
        ftyp(b"mif1", b"miaf"),
        ftyp(b"isom", b"mp41"),
        ftyp(b"qt  "),
    ],
)
def test_heic_and_sequences_and_films_are_not_accepted(head: bytes) -> None:
    assert sniff.content_type(head) is None


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"%PDF-1.7",
        b"BM" + bytes(60),
        b"\0\0\1\0" + bytes(60),
        b"PK\3\4",
        b"RIFF\0\0\0\0WAVE",
        b"RIFF\0\0\0\0",
        b"GIF88a",
        b"\x89PNG\n\x1a\n",
        b"\xff\xd8",
        b"P6\n1 1\n255\n",
        b"#?RADIANCE\n",
        b"\0\0\0\x0cJXL \r\n\x87\n",
        b"<html>" + b"\xff\xd8\xff",
        bytes(512),
    ],
)
def test_everything_else_is_not_accepted(head: bytes) -> None:
    assert sniff.content_type(head) is None


@pytest.mark.parametrize("form", FORMATS)
def test_no_cut_off_head_raises_or_has_other_sides(form: str) -> None:
    content = a_file(form)
    for end in [*range(min(len(content), 700)), *range(700, len(content), 997)]:
        assert sniff.content_type(content[:end]) in (FORMATS[form][0], None)
        assert sniff.sides(content[:end]) in ((151, 100), None)


@given(st.binary(max_size=600), st.sampled_from(sorted(FORMATS)), st.integers(0, 600))
def test_no_broken_head_raises(noise: bytes, form: str, kept: int) -> None:
    for head in (noise, a_file(form)[:kept] + noise, ftyp(b"avif")[:kept] + noise):
        sniff.content_type(head)
        found = sniff.sides(head)
        assert found is None or (type(found[0]), type(found[1])) == (int, int)


@pytest.mark.parametrize("signature", [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"])
def test_a_tiff_is_known_in_both_byte_orders_and_when_big(signature: bytes) -> None:
    assert sniff.content_type(signature + bytes(20)) == "image/tiff"


def test_a_side_of_nothing_is_told_as_nothing() -> None:
    header = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 0, 7) + b"\x08\x02\0\0\0"
    assert sniff.sides(header + bytes(20)) == (0, 7)
