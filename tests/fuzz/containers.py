"""Files taken apart into the pieces that their format knows, and put together again."""

import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

PNG = b"\x89PNG\r\n\x1a\n"
MARKER, START_OF_SCAN, STUFFED = 0xFF, 0xDA, b"\0\xd0\xd1\xd2\xd3\xd4\xd5\xd6\xd7"
"""What follows `MARKER` within the data of a scan: an escaped byte, or one that restarts it."""
EXTENSION, FRAME = 0x21, 0x2C


@dataclass(frozen=True)
class Taken:
    """A file apart: joined, sizes and check sums are right again, whatever became of the pieces."""

    form: str
    head: bytes
    pieces: list[bytes]

    def joined(self, pieces: Sequence[bytes]) -> bytes:
        return JOIN[self.form](self.head, pieces)


def taken_apart(content: bytes) -> Taken | None:
    """None for a file of which the pieces are not known, or that is too broken to have any."""
    form = next((form for form, is_it in KNOWN if is_it(content)), None)
    if form is None:
        return None
    try:
        head, pieces = SPLIT[form](content)
    except (IndexError, struct.error):
        return None
    return Taken(form, head, pieces) if pieces else None


def _split_jpeg(content: bytes) -> tuple[bytes, list[bytes]]:
    """Each segment, that of a scan with its data; what comes last is the end mark."""
    pieces, at = [], 2
    while at + 4 <= len(content):
        end = at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        if content[at + 1] == START_OF_SCAN:
            end = _end_of_scan(content, end)
        pieces.append(content[at:end])
        at = end
    return content[:2], [*pieces, content[at:]]


def _end_of_scan(content: bytes, at: int) -> int:
    while (at := content.find(MARKER, at)) >= 0:
        if content[at + 1 : at + 2] not in [bytes([code]) for code in STUFFED]:
            return at
        at += 2
    return len(content)


def _split_png(content: bytes) -> tuple[bytes, list[bytes]]:
    """Type and data of each chunk."""
    pieces, at = [], len(PNG)
    while at + 8 <= len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        pieces.append(content[at + 4 : at + 8 + size])
        at += 12 + size
    return PNG, pieces


def _join_png(head: bytes, pieces: Sequence[bytes]) -> bytes:
    chunks = (
        struct.pack(">I", max(len(p) - 4, 0)) + p + struct.pack(">I", zlib.crc32(p)) for p in pieces
    )
    return head + b"".join(chunks)


def _split_riff(content: bytes) -> tuple[bytes, list[bytes]]:
    """Type and data of each chunk of a WebP."""
    pieces, at = [], 12
    while at + 8 <= len(content):
        size = int.from_bytes(content[at + 4 : at + 8], "little")
        pieces.append(content[at : at + 4] + content[at + 8 : at + 8 + size])
        at += 8 + size + size % 2
    return content[8:12], pieces


def _join_riff(head: bytes, pieces: Sequence[bytes]) -> bytes:
    body = head
    for piece in pieces:
        data = piece[4:]
        body += piece[:4] + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _split_gif(content: bytes) -> tuple[bytes, list[bytes]]:
    """Each extension and each frame."""
    pieces, at = [], 13 + _colours(content[10])
    head = content[:at]
    while content[at] in (EXTENSION, FRAME):
        end = at + 2
        if content[at] == FRAME:
            end = at + 11 + _colours(content[at + 9])
        while content[end]:
            end += 1 + content[end]
        pieces.append(content[at : end + 1])
        at = end + 1
    return head, [*pieces, content[at:]]


def _colours(flags: int) -> int:
    """Bytes of a table of colours."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _split_boxes(content: bytes) -> tuple[bytes, list[bytes]]:
    """Type and data of each box."""
    pieces, at = [], 0
    while at + 8 <= len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        size = size if size >= 8 else len(content) - at
        pieces.append(content[at + 4 : at + size])
        at += size
    return b"", pieces


def _join_boxes(head: bytes, pieces: Sequence[bytes]) -> bytes:
    return head + b"".join(struct.pack(">I", len(piece) + 4) + piece for piece in pieces)


def _join(head: bytes, pieces: Sequence[bytes]) -> bytes:
    return head + b"".join(pieces)


KNOWN: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("jpeg", lambda content: content.startswith(b"\xff\xd8\xff")),
    ("png", lambda content: content.startswith(PNG)),
    ("gif", lambda content: content.startswith(b"GIF8")),
    ("webp", lambda content: content[:4] == b"RIFF"),
    ("boxes", lambda content: content[4:8] == b"ftyp"),
)
SPLIT: dict[str, Callable[[bytes], tuple[bytes, list[bytes]]]] = {
    "jpeg": _split_jpeg,
    "png": _split_png,
    "gif": _split_gif,
    "webp": _split_riff,
    "boxes": _split_boxes,
}
JOIN: dict[str, Callable[[bytes, Sequence[bytes]], bytes]] = {
    "jpeg": _join,
    "png": _join_png,
    "gif": _join,
    "webp": _join_riff,
    "boxes": _join_boxes,
}
NESTED = {b"meta": 4, b"iprp": 0, b"ipco": 0, b"grpl": 0}
"""Boxes that hold boxes, and how many bytes come before those."""
