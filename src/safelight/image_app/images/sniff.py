"""What a file is, by its first bytes, and its sides, from its header. No codec is involved."""

import io
import struct

import imagesize

ENOUGH = 512
"""First bytes that tell the format for certain."""
FTYP_HEADER = 16

GIF = b"GIF8"
GIF_HEADER = 10
AVIF = b"avif"
NOT_STILL_AVIF = frozenset(
    (b"avis", b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs")
)
"""Brands of sequences and of HEVC, whose headers open and whose pixels do not."""

_SIGNATURES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"II+\0", "image/tiff"),
    (b"MM\0+", "image/tiff"),
)


def content_type(head: bytes) -> str | None:
    """The media type of an accepted format, or None. `head`: the first `ENOUGH` bytes, or all."""
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return "image/avif" if head[4:8] == b"ftyp" and _is_still_avif(head) else None


def _is_still_avif(head: bytes) -> bool:
    size = min(struct.unpack(">I", head[:4])[0], len(head))
    compatible = {head[i : i + 4] for i in range(FTYP_HEADER, size, 4)}
    brands = compatible | {head[8:12]}
    return AVIF in brands and not brands & NOT_STILL_AVIF


def sides(head: bytes) -> tuple[int, int] | None:
    """Width and height as displayed, in pixels, or None where the header, as far as it is here,
    does not tell. A side can be 0.
    """
    if head.startswith(GIF):
        # imagesize reads them as signed numbers, and the largest screens as none.
        return struct.unpack("<HH", head[6:10]) if len(head) >= GIF_HEADER else None
    try:
        width, height = imagesize.get(io.BytesIO(head))
    except Exception:
        # imagesize promises nothing for broken headers; the decoder will look for itself.
        return None
    return (width, height) if width >= 0 and height >= 0 else None
