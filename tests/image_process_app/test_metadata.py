"""What a file tells beside its pixels: nothing in a variant, but for a copyright line if asked."""

import struct

import pytest
import pyvips
from PIL import Image

from safelight.contract.messages import WantedVariant
from safelight.contract.transformations import Transformation
from safelight.image_process_app.copyright import LONGEST, copyright_of
from safelight.image_process_app.limits import Limits
from safelight.image_process_app.pipeline import Encoded, Pipeline
from tests.image_process_app.conftest import Held, Make
from tests.journeys import pictures

COPYRIGHT = 0x8298
FORMATS = ["jpeg", "png", "webp", "avif", "gif", "tiff"]
SECRETS = (b"SN-4711", b"Kodak-Zeiss", b"in-the-xmp", b"in-the-iptc", b"in-the-profile")
OWNER = "(c) 2024 Ann Example, all rights reserved"


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def exif(line: str = "", thumbnail: bytes = b"") -> bytes:
    """EXIF with a serial number, a place and a thumbnail, which Pillow does not write."""
    first = [
        (0x010F, 2, b"Kodak-Zeiss\0"),
        (0x8825, 4, None),  # where the place is
        (0xA431, 2, b"SN-4711\0"),
    ]
    if line:
        first.append((COPYRIGHT, 2, line.encode() + b"\0"))
    place = [(1, 2, b"N\0"), (2, 5, struct.pack(">6I", 50, 1, 26, 1, 23, 1))]
    third = [(0x0201, 4, None), (0x0202, 4, struct.pack(">I", len(thumbnail)))]
    sizes = [2 + 12 * len(entries) + 4 for entries in (first, place, third)]
    starts = [8, 8 + sizes[0], 8 + sizes[0] + sizes[1]]
    end = starts[2] + sizes[2]
    rest, tables = thumbnail, []
    for entries, link in ((first, starts[1]), (place, 0), (third, end)):
        table = struct.pack(">H", len(entries))
        for tag, kind, value in sorted(entries):
            body = struct.pack(">I", link) if value is None else value
            count = len(body) // {2: 1, 4: 4, 5: 8}[kind]
            if len(body) > 4:
                body, rest = struct.pack(">I", end + len(rest)), rest + body
            table += struct.pack(">HHI", tag, kind, count) + body.ljust(4, b"\0")
        tables.append(table)
    links = (struct.pack(">I", starts[2]), bytes(4), bytes(4))
    whole = b"".join(table + link for table, link in zip(tables, links, strict=True))
    return b"Exif\0\0MM\0*" + struct.pack(">I", 8) + whole + rest


def iptc(line: str = "") -> bytes:
    records = [(0x50, b"in-the-iptc")] + ([(0x74, line.encode())] if line else [])
    body = b"".join(struct.pack(">BBBH", 0x1C, 2, kind, len(d)) + d for kind, d in records)
    body += b"\0" * (len(body) % 2)
    return b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(body)) + body


def xmp(line: str = "") -> bytes:
    rights = (
        f'<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">{line}</rdf:li></rdf:Alt></dc:rights>'
    )
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" dc:source="in-the-xmp">'
        f"{rights if line else ''}</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def thumbnail() -> bytes:
    return pictures.saved(pictures.photograph((48, 32)), "JPEG", comment=b"SN-4711")


def talkative(exif_line: str = "", iptc_line: str = "", xmp_line: str = "") -> bytes:
    """A JPEG with all that a file can tell."""
    profile = bytes(pyvips.Image.profile_load("srgb")) + b"in-the-profile"
    content = pictures.still("JPEG", quality=90, comment=b"SN-4711", icc_profile=profile)
    return (
        content[:2]
        + segment(0xE1, exif(exif_line, thumbnail()))
        + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp(xmp_line))
        + segment(0xED, iptc(iptc_line))
        + content[2:]
    )


def told(content: bytes) -> tuple[str, str]:
    """The copyright lines of a file, as EXIF and as XMP have them."""
    picture = pictures.opened(content)
    seen = pyvips.Image.new_from_buffer(content, "")
    document = bytes(seen.get("xmp-data")) if seen.get_typeof("xmp-data") else b""
    return picture.getexif().get(COPYRIGHT, ""), document.decode()


def test_the_picture_of_these_tests_really_tells_everything() -> None:
    content = talkative(OWNER)
    found = pictures.opened(content).getexif()
    assert found[COPYRIGHT] == OWNER
    assert found.get_ifd(0x8825)[1] == "N"
    seen = pyvips.Image.new_from_buffer(content, "")
    assert bytes(seen.get("jpeg-thumbnail-data")) == thumbnail()
    assert seen.get_typeof("xmp-data")
    assert seen.get_typeof("iptc-data")
    assert all(secret in content for secret in SECRETS)


@pytest.mark.parametrize("metadata", ["none", "copyright"])
@pytest.mark.parametrize("form", FORMATS)
def test_nothing_of_it_is_in_a_variant(make: Make, form: str, metadata: str) -> None:
    made = make(talkative(OWNER, OWNER, OWNER), format=form, metadata=metadata, width=100)
    assert not [secret for secret in SECRETS if secret in made.data]
    picture = pictures.opened(made.data)
    assert not picture.getexif().get_ifd(0x8825)
    assert "icc_profile" not in picture.info
    assert thumbnail()[20:60] not in made.data
    if metadata == "none":
        assert OWNER.encode() not in made.data
        assert b"Exif" not in made.data.replace(b"ExifVersion", b"")


@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF", "AVIF"])
def test_other_formats_tell_nothing_either(make: Make, form: str) -> None:
    found = Image.Exif()
    found[0x010F] = "Kodak-Zeiss"
    found.get_ifd(0x8825).update({1: "N", 2: (50.0, 26.0, 23.1)})
    options = {} if form == "TIFF" else {"xmp": xmp("somebody")}
    content = pictures.still(form, exif=found, **options)
    assert b"Kodak-Zeiss" in content
    for into in FORMATS:
        made = make(content, f"image/{form.lower()}", format=into, width=100)
        assert not [secret for secret in SECRETS if secret in made.data]


@pytest.mark.parametrize("form", ["jpeg", "png", "webp", "avif"])
@pytest.mark.parametrize("lines", [(OWNER, "b", "c"), ("", OWNER, "c"), ("", "", OWNER)])
def test_the_copyright_line_is_kept_when_asked_for(
    make: Make, form: str, lines: tuple[str, str, str]
) -> None:
    made = make(talkative(*lines), format=form, metadata="copyright", width=100)
    assert told(made.data) == (OWNER, "")


@pytest.mark.parametrize("form", ["jpeg", "png", "webp", "avif"])
@pytest.mark.parametrize(
    "line", ["(c) Ann (www.ann.example)", "Ann (a, b, c, d)", "Ann )", "(", ")"]
)
def test_a_line_that_ends_in_parentheses_is_kept_whole(make: Make, form: str, line: str) -> None:
    made = make(talkative(line), format=form, metadata="copyright", width=50)
    assert told(made.data) == (line, "")


def test_only_the_variant_that_asks_for_the_line_gets_it(held: Held) -> None:
    wanted = [
        WantedVariant(name="none", transformation=Transformation(width=100)),
        WantedVariant(name="copyright", transformation=Transformation(metadata="copyright")),
    ]
    pipeline = Pipeline(held(talkative(OWNER)), "image/jpeg", Limits(), wanted)
    lines = {
        v.name: told(made.data) for v, made in pipeline.variants() if isinstance(made, Encoded)
    }
    assert lines == {"none": ("", ""), "copyright": (OWNER, "")}


@pytest.mark.parametrize("form", ["jpeg", "png", "webp", "avif", "tiff"])
def test_letters_that_exif_can_not_write_are_kept_as_xmp(make: Make, form: str) -> None:
    line = "© Anna Müller & 写真 <all>"
    made = make(talkative(line), format=form, metadata="copyright", width=100)
    in_exif, in_xmp = told(made.data)
    assert not in_exif
    assert "© Anna Müller &amp; 写真 &lt;all&gt;</rdf:li>" in in_xmp


def test_a_picture_is_turned_once_although_its_copyright_is_kept(make: Make) -> None:
    found = Image.Exif()
    found[0x0112], found[COPYRIGHT] = 6, OWNER
    stored = pictures.photograph().transpose(Image.Transpose.ROTATE_90)
    content = pictures.saved(stored, "JPEG", exif=found)
    for auto_orient in (True, False):
        made = make(content, metadata="copyright", auto_orient=auto_orient, format="jpeg")
        kept = pictures.opened(made.data).getexif()
        assert kept[COPYRIGHT] == OWNER
        assert kept.get(0x0112, 1) == 1


def test_an_animation_keeps_its_line_too(make: Make) -> None:
    found = Image.Exif()
    found[COPYRIGHT] = OWNER
    first, *rest = pictures.frames()
    options = {"save_all": True, "append_images": rest, "duration": 100, "exif": found}
    content = pictures.saved(first, "WEBP", **options)
    made = make(content, "image/webp", metadata="copyright", width=90)
    assert told(made.data)[0] == OWNER
    assert getattr(pictures.opened(made.data), "n_frames", 1) == len(pictures.DELAYS)


@pytest.mark.parametrize("name", ["exif-data", "iptc-data", "xmp-data"])
def test_damaged_metadata_is_no_line_and_no_error(name: str) -> None:
    whole = {"exif-data": exif(OWNER), "iptc-data": iptc(OWNER), "xmp-data": xmp(OWNER)}[name]
    for end in range(0, len(whole), 3):
        image = pyvips.Image.black(1, 1).copy()
        image.set_type(pyvips.GValue.blob_type, name, whole[:end])
        assert OWNER.startswith(copyright_of(image))
    for byte in range(len(whole)):
        broken = bytearray(whole)
        broken[byte] ^= 0xFF
        image = pyvips.Image.black(1, 1).copy()
        image.set_type(pyvips.GValue.blob_type, name, bytes(broken))
        line = copyright_of(image)
        assert len(line) <= LONGEST
        assert line.isprintable()


def test_a_line_without_end_is_cut(make: Make) -> None:
    content = talkative("x" * 30_000)
    made = make(content, format="jpeg", metadata="copyright", width=50)
    assert told(made.data)[0] == "x" * LONGEST
