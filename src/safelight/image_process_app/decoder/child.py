"""The decoder child: the only process that opens hostile bytes, in a room that is locked before.

Started by `worker` as `python -I -m safelight.image_process_app.decoder.child FD PARENT MEMORY
SECONDS`. Its own imports are small: what decodes is loaded when the first locks are closed.
"""

import os
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress

from safelight.image_process_app.decoder.heap import give_back
from safelight.image_process_app.decoder.protocol import (
    END,
    MOST_OVERLAYS,
    Broken,
    Line,
    Ready,
    Request,
)
from safelight.image_process_app.decoder.room import Room
from safelight.image_process_app.fonts import FONT_FILE, FONTCONFIG_FILE

ENVIRONMENT = {
    "VIPS_CONCURRENCY": "1",
    "VIPS_WARNING": "0",
    "VIPS_DISC_THRESHOLD": "64g",
    "FONTCONFIG_FILE": FONTCONFIG_FILE,
}
"""How to decode, for libraries that ask the environment; none of it is there any more when the room
is locked. A WebP is decoded as a whole, into memory alone, which is bounded: over 100 MB libvips
would write it to the disk."""
RECEIVED_AT_ONCE = 1 << 16
DESCRIPTORS = 2 + MOST_OVERLAYS
LONGEST_TRACE = 2000

Process = Callable[..., None]
"""`opener.process`, or whatever else is to be done with what was sent."""


def main(process: Process | None = None) -> None:
    """Answer requests until the parent closes the socket; with `process`, if that is given, in the
    very same room.
    """
    descriptor, parent, memory, seconds = map(int, sys.argv[1:])
    room = Room()
    room.enter(parent, memory, seconds)
    os.environ.update(ENVIRONMENT)
    from safelight.image_process_app.decoder import opener

    opener.load()
    room.close_files([FONT_FILE, FONTCONFIG_FILE])
    opener.prepare()
    with socket.socket(fileno=descriptor) as connection:

        def say(line: Line) -> None:
            connection.sendall(line.model_dump_json().encode() + END)

        room.lock(descriptor)
        say(Ready(locks=room.locks))
        try:
            while _answer(connection, say, process or opener.process):
                pass
        except Exception:
            with suppress(OSError):
                say(Broken(log=traceback.format_exc()[-LONGEST_TRACE:]))
            raise


def _answer(connection: socket.socket, say: Callable[[Line], None], process: Process) -> bool:
    """Do one request; whether there was one."""
    text, fds, _, _ = socket.recv_fds(connection, RECEIVED_AT_ONCE, DESCRIPTORS)
    while text and not text.endswith(END):
        text += connection.recv(RECEIVED_AT_ONCE)
    if not text:
        return False
    try:
        process(say, Request.model_validate_json(text), *fds)
    finally:
        for fd in fds:
            os.close(fd)
    give_back()
    return True


if __name__ == "__main__":
    main()
