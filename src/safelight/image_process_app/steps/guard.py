"""Refuse by the header what would cost too much to decode."""

import struct

import pyvips

from safelight.image_process_app.limits import Limits, Rejected

SCREEN = 10


def guard_header(header: pyvips.Image, frames: int, limits: Limits) -> None:
    """Judge a picture of which no pixel has been decoded; raises `Rejected`."""
    limits.check(header.width, header.height, frames)


def guard_screen(head: bytes, limits: Limits) -> None:
    """Judge a GIF's logical screen: libvips tells the frame's sides, browsers draw the screen."""
    if len(head) < SCREEN:
        raise Rejected("corrupt-image", "The file ends within its header.")
    width, height = struct.unpack("<HH", head[6:SCREEN])
    limits.check(width, height, 1)
