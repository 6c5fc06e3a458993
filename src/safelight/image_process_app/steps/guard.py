"""Refuse by the header what would cost too much to decode."""

import os
import struct

import pyvips

from safelight.image_process_app.limits import Limits, Rejected

SCREEN = 10
PALETTE_BIT, PALETTE_BITS = 0x80, 0x07
EXTENSION, FRAME = 0x21, 0x2C
FRAME_HEADER = 10


def guard_header(header: pyvips.Image, frames: int, limits: Limits) -> None:
    """Judge a picture of which no pixel has been decoded; raises `Rejected`."""
    limits.check(header.width, header.height, frames)


def guard_screen(head: bytes, limits: Limits) -> None:
    """Judge a GIF's logical screen: libvips tells the frame's sides, browsers draw the screen."""
    if len(head) < SCREEN:
        raise Rejected("corrupt-image", "The file ends within its header.")
    width, height = struct.unpack("<HH", head[6:SCREEN])
    limits.check(width, height, 1)


def guard_frames(fd: int) -> None:
    """Judge a GIF by its end: libvips takes one that is cut off within a frame, where others come
    before it. A file that lacks nothing but its end mark is taken.

    Raises `Rejected`. What is no block of a GIF any more is left to the decoder.
    """
    content = os.pread(fd, os.lseek(fd, 0, os.SEEK_END), 0)
    try:
        at = SCREEN + 3 + _palette(content[SCREEN])
        while at < len(content) and content[at] in (EXTENSION, FRAME):
            is_frame = content[at] == FRAME
            at += FRAME_HEADER + _palette(content[at + FRAME_HEADER - 1]) if is_frame else 1
            at += 1  # the size of codes, or the kind of extension
            while content[at]:
                at += 1 + content[at]
            at += 1
    except IndexError:
        raise Rejected("corrupt-image", "The animation is cut off.") from None


def _palette(flags: int) -> int:
    """Bytes of a table of colours."""
    return 3 << ((flags & PALETTE_BITS) + 1) if flags & PALETTE_BIT else 0
