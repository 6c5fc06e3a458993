"""One damaged picture out of a whole one: what happens to bytes, to pieces, to numbers."""

import struct
import zlib
from collections.abc import Callable
from random import Random

from tests.fuzz.containers import EXTENSION, NESTED, Taken, taken_apart

LARGEST = 4 << 20
"""Bytes of a damaged file; what is larger is cut off."""
EXTREMES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x4000, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF)
LARGE = (0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
BOMB = 20 << 20
COPIES = (2, 3, 10, 300, 301, 2000)
ORDERS = (("II", "<"), ("MM", ">"))
TAGS = (256, 257, 258, 259, 262, 273, 274, 277, 278, 279, 282, 284, 317, 322, 330, 34665, 34853)
"""Of a TIFF: sides, depth, compression, offsets, orientation, tiles, other directories."""
TYPES, SIZES = (0, 1, 2, 3, 4, 5, 7, 11, 12, 13, 16, 65535), (2, 4)


def mutated(rng: Random, content: bytes, other: bytes) -> tuple[bytes, list[str]]:
    """The damaged file, and what was done to it. `other` is a second picture, to splice with."""
    done = []
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 5))):
        taken = taken_apart(content)
        if taken and rng.random() < 0.6:
            change = rng.choice(ON_PIECES)
            content = change(rng, taken, other)
        else:
            simple = rng.choice(ON_BYTES)
            content = simple(rng, content, other)
            change = None
        done.append((change or simple).__name__)
    return content[:LARGEST], done


def flip_bits(rng: Random, content: bytes, _: bytes = b"") -> bytes:
    damaged = bytearray(content)
    for _number in range(rng.choice((1, 1, 2, 8, 32)) if damaged else 0):
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def overwrite(rng: Random, content: bytes, _: bytes) -> bytes:
    at, run = rng.randrange(len(content) + 1), rng.randrange(1, 65)
    what = rng.choice((bytes(run), b"\xff" * run, rng.randbytes(run)))
    return content[:at] + what + content[at + run :]


def truncate(rng: Random, content: bytes, _: bytes) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def insert(rng: Random, content: bytes, other: bytes) -> bytes:
    at, start = rng.randrange(len(content) + 1), rng.randrange(len(other) + 1)
    what = rng.choice((rng.randbytes(rng.randrange(1, 65)), other[start : start + 4096]))
    return content[:at] + what + content[at:]


def remove(rng: Random, content: bytes, _: bytes) -> bytes:
    at = rng.randrange(len(content) + 1)
    return content[:at] + content[at + rng.choice((1, 2, 4, 64, 1000)) :]


def splice(rng: Random, content: bytes, other: bytes) -> bytes:
    return content[: rng.randrange(len(content) + 1)] + other[rng.randrange(len(other) + 1) :]


def append(_: Random, content: bytes, other: bytes) -> bytes:
    return content + other


def set_number(rng: Random, content: bytes, _: bytes = b"", within: int = 96) -> bytes:
    """An extreme number over one, two or four bytes near the front, where the sides are."""
    at = rng.randrange(min(len(content), within) + 1)
    size = rng.choice((1, 2, 2, 4, 4))
    value = rng.choice(EXTREMES + (LARGE if size == 4 else ())) & ((1 << size * 8) - 1)
    return content[:at] + value.to_bytes(size, rng.choice(("big", "little"))) + content[at + size :]


def damage_directory(rng: Random, content: bytes, _: bytes) -> bytes:
    """An entry of a TIFF's directory, which EXIF is too, or the way to it."""
    for name, order in ORDERS:
        at = content.find(name.encode() + struct.pack(f"{order}H", 42))
        if at < 0 or at + 8 > len(content):
            continue
        [first] = struct.unpack_from(f"{order}I", content, at + 4)
        where = at + first
        if where + 2 > len(content) or rng.random() < 0.1:
            return _put(content, at + 4, order, 4, rng.choice((0, 8, first, *LARGE)))
        [count] = struct.unpack_from(f"{order}H", content, where)
        entry = where + 2 + 12 * rng.randrange(min(count, 64) + 1)
        field, size, values = rng.choice(
            (
                (entry, 2, TAGS),
                (entry + 2, 2, TYPES),
                (entry + 4, 4, (*EXTREMES, *LARGE)),
                (entry + 8, rng.choice(SIZES), (*EXTREMES, *LARGE, first)),
                (where, 2, EXTREMES),
                (where + 2 + 12 * count, 4, (first, 8, *LARGE)),
            )
        )
        return _put(content, field, order, size, rng.choice(values))
    return set_number(rng, content)


def _put(content: bytes, at: int, order: str, size: int, value: int) -> bytes:
    new = struct.pack(f"{order}{'H' if size == 2 else 'I'}", value & ((1 << size * 8) - 1))
    return content[:at] + new + content[at + size :]


def drop_piece(rng: Random, taken: Taken, _: bytes) -> bytes:
    pieces = list(taken.pieces)
    del pieces[rng.randrange(len(pieces))]
    return taken.joined(pieces)


def copy_piece(rng: Random, taken: Taken, _: bytes) -> bytes:
    """Twice, or so often that it is a bomb: of frames, of metadata, of headers."""
    pieces, at = list(taken.pieces), rng.randrange(len(taken.pieces))
    copies = min(rng.choice(COPIES), LARGEST // (len(pieces[at]) + 1) + 1)
    return taken.joined(pieces[:at] + [pieces[at]] * copies + pieces[at:])


def move_piece(rng: Random, taken: Taken, _: bytes) -> bytes:
    pieces = list(taken.pieces)
    piece = pieces.pop(rng.randrange(len(pieces)))
    pieces.insert(rng.randrange(len(pieces) + 1), piece)
    return taken.joined(pieces)


def borrow_piece(rng: Random, taken: Taken, other: bytes) -> bytes:
    """A piece of another file, of the same format or not."""
    lender, pieces = taken_apart(other), list(taken.pieces)
    piece = rng.choice(lender.pieces) if lender else other[:1000]
    pieces.insert(rng.randrange(len(pieces) + 1), piece)
    return taken.joined(pieces)


def damage_piece(rng: Random, taken: Taken, _: bytes) -> bytes:
    """Bits or numbers of one piece, with the check sum right: down through the boxes of an AVIF."""
    pieces, at = list(taken.pieces), rng.randrange(len(taken.pieces))
    piece = pieces[at]
    before = NESTED.get(piece[:4]) if taken.form == "boxes" else None
    inner = taken_apart(b"\0\0\0\x08ftyp" + piece[4 + before :]) if before is not None else None
    if inner and len(inner.pieces) > 1:
        changed = rng.choice(ON_PIECES)(rng, Taken("boxes", b"", inner.pieces[1:]), b"")
        pieces[at] = piece[: 4 + (before or 0)] + changed
    else:
        damage = rng.choice((flip_bits, set_number, set_number))
        pieces[at] = piece[:4] + damage(rng, piece[4:])
    return taken.joined(pieces)


def add_bomb(rng: Random, taken: Taken, _: bytes) -> bytes:
    """Metadata that is large, or that grows when it is read."""
    grown = zlib.compress(bytes(BOMB))
    bombs = {
        "jpeg": [b"\xff\xe1\xff\xffExif\0\0II*\0\x08\0\0\0" + bytes(65519)] * 30
        + [b"\xff\xe2\xff\xffICC_PROFILE\0\x01\xff" + bytes(65519)],
        "png": [b"zTXtbomb\0\0" + grown, b"iCCPbomb\0\0" + grown, b"iTXtb\0\x01\0\0\0" + grown],
        "gif": [bytes([EXTENSION, 0xFE]) + (b"\xff" + bytes(255)) * 4000 + b"\0"],
        "webp": [b"EXIF" + bytes(1 << 20), b"XMP " + b"<x>" * (1 << 18), b"ICCP" + bytes(1 << 20)],
        "boxes": [b"uuid" + bytes(1 << 20), b"free" + bytes(1 << 20)],
    }[taken.form]
    pieces, at = list(taken.pieces), rng.randrange(min(len(taken.pieces), 3) + 1)
    return taken.joined(pieces[:at] + rng.choices(bombs, k=rng.choice((1, 3, 30))) + pieces[at:])


Change = Callable[[Random, Taken, bytes], bytes]
ON_BYTES = (
    flip_bits,
    overwrite,
    truncate,
    insert,
    remove,
    splice,
    append,
    set_number,
    set_number,
    damage_directory,
    damage_directory,
)
ON_PIECES: tuple[Change, ...] = (
    drop_piece,
    copy_piece,
    move_piece,
    borrow_piece,
    damage_piece,
    damage_piece,
    damage_piece,
    add_bomb,
)
