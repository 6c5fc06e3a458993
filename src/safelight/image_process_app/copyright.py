"""The one line of metadata that a variant may keep: who owns the picture."""

import html
import re
import struct

import pyvips

LONGEST = 500
"""Characters of a line that is kept."""
ORIENTATION = "orientation"
EXIF, IPTC, XMP = "exif-data", "iptc-data", "xmp-data"
ORDERS = {b"II": "<", b"MM": ">"}
TAG = 0x8298
IN_PLACE = 4
NOTICE = b"\x1c\x02\x74"
"""How IPTC begins record 2, data set 116: the copyright notice."""
RIGHTS = re.compile(
    rb"<dc:rights\b[^>]*>.{0,400}?<rdf:li\b[^>]*>([^<]{1,4000})</rdf:li>", re.DOTALL
)
TAIL = " (ASCII)"
"""Libvips takes what is in parentheses at the end for its own note on the type, and cuts it off."""
PLAIN = {"page-height", "delay", "loop"}
"""What is neither pixels nor the sides of them and still needed, to write an animation."""
RESOLUTION = 72 / 25.4
"""Pixels a millimetre, which every file must have and no page looks at."""
DOCUMENT = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">'
    '<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">{}</rdf:li></rdf:Alt></dc:rights>'
    "</rdf:Description></rdf:RDF></x:xmpmeta>"
)


def copyright_of(image: pyvips.Image) -> str:
    """The line that a file names its owner by, "" without one: from EXIF, else IPTC, else XMP.

    Damaged or hostile metadata is no line, never an error.
    """
    for name, read in ((EXIF, _from_exif), (IPTC, _from_iptc), (XMP, _from_xmp)):
        if image.get_typeof(name):
            line = _line(read(_blob(image, name)))
            if line:
                return line
    return ""


def with_copyright(image: pyvips.Image, line: str, form: str) -> tuple[pyvips.Image, str]:
    """An image that has the line as its only metadata, and what its saver must keep.

    As the Copyright of EXIF, which takes ASCII alone; other letters, and a TIFF, have it as
    the dc:rights of XMP. A GIF can't keep it.
    """
    image = image.copy(xres=RESOLUTION, yres=RESOLUTION)
    image.remove(ORIENTATION)  # an AVIF would turn by it, whatever is to be kept
    if not line or form == "gif":
        return image, "none"
    for name in set(image.get_fields()) - PLAIN:
        image.remove(name)  # an EXIF that is kept would take up the rest of it again
    if line.isascii() and form != "tiff":
        image.set_type(pyvips.GValue.gstr_type, "exif-ifd0-Copyright", line + TAIL)
        return image, "exif"
    document = DOCUMENT.format(html.escape(line)).encode()
    image.set_type(pyvips.GValue.blob_type, XMP, document)
    return image, "xmp"


def _blob(image: pyvips.Image, name: str) -> bytes:
    try:
        return bytes(image.get(name))
    except RuntimeError:  # what pyvips makes of a blob without any byte
        return b""


def _line(text: bytes) -> str:
    """Printable characters in one line. EXIF of old cameras is Latin 1."""
    text = text.strip(b"\0 ").replace(b"\0", b" ")  # a second owner, the editor, may follow
    try:
        words = text.decode()
    except UnicodeDecodeError:
        words = text.decode("latin-1")
    shown = "".join(letter if letter.isprintable() else " " for letter in words)
    return " ".join(shown.split())[:LONGEST]


def _from_exif(data: bytes) -> bytes:
    """The entry in the first directory of a TIFF, which is what EXIF is."""
    data = data.removeprefix(b"Exif\0\0")
    order = ORDERS.get(data[:2])
    try:
        if order is None:
            return b""
        (start,) = struct.unpack_from(f"{order}I", data, 4)
        (count,) = struct.unpack_from(f"{order}H", data, start)
        for number in range(count):
            entry = start + 2 + 12 * number
            tag, _, length = struct.unpack_from(f"{order}HHI", data, entry)
            if tag == TAG:
                where = entry + 8
                if length > IN_PLACE:
                    (where,) = struct.unpack_from(f"{order}I", data, where)
                return data[where : where + length]
    except struct.error:
        pass
    return b""


def _from_iptc(data: bytes) -> bytes:
    at = data.find(NOTICE)
    if at < 0 or len(data) < at + 5:
        return b""
    (length,) = struct.unpack_from(">H", data, at + 3)
    return data[at + 5 : at + 5 + length]


def _from_xmp(data: bytes) -> bytes:
    found = RIGHTS.search(data)
    return html.unescape(found[1].decode("utf-8", "replace")).encode() if found else b""
