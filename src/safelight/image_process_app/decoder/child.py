"""The decoder child: the only process that opens hostile bytes.

Started by `pool` as `python -I -m safelight.image_process_app.decoder.child FD MEMORY PARENT`.
"""

import os
import socket
import sys

import pyvips

from safelight.contract.messages import Fault, WantedVariant
from safelight.contract.presets import BUILT_IN
from safelight.contract.transformations import Transformation
from safelight.contract.watermarks import Watermark
from safelight.image_process_app.decoder.confinement import FILE_BYTES, confine, die_with_parent
from safelight.image_process_app.decoder.heap import give_back
from safelight.image_process_app.decoder.protocol import (
    END,
    MOST_OVERLAYS,
    NOT_MADE,
    Done,
    Line,
    Made,
    Making,
    Opened,
    Ready,
    Refused,
    Request,
)
from safelight.image_process_app.limits import Limits, Rejected
from safelight.image_process_app.pipeline import Encoded, Pipeline

RECEIVED_AT_ONCE = 1 << 16
DESCRIPTORS = 2 + MOST_OVERLAYS

CORRUPT = Fault(code="corrupt-image", detail="The picture is damaged or incomplete.")
TOO_COSTLY = Fault(
    code="image-too-large", detail="Opening the picture takes more memory than is allowed."
)
TOO_MUCH_MEMORY = Fault(
    code="variant-failed",
    detail="Making this takes more memory than is allowed: ask for fewer pixels or another format.",
)
TOO_LONG = Fault(
    code="too-many-bytes",
    detail=f"This, with what else was made of the picture, has more than {FILE_BYTES} bytes.",
)
OUT_OF_MEMORY = (
    "out of memory",
    "insufficient memory",
    "failed to allocate",
    "picture memory error",
    "error creating thread",
)
"""How libvips, its encoders and a thread that found no room for its stack say it."""


def main() -> None:
    """Answer requests until the parent closes the socket."""
    descriptor, memory, parent = map(int, sys.argv[1:])
    die_with_parent(parent)
    confine(memory)
    pyvips.block_untrusted_set(True)
    pyvips.cache_set_max(0)
    with socket.socket(fileno=descriptor) as connection:
        _warm_up()
        _say(connection, Ready())
        while _answer(connection):
            pass


def _answer(connection: socket.socket) -> bool:
    """Do one request; whether there was one."""
    text, fds, _, _ = socket.recv_fds(connection, RECEIVED_AT_ONCE, DESCRIPTORS)
    while text and not text.endswith(END):
        text += connection.recv(RECEIVED_AT_ONCE)
    if not text:
        return False
    try:
        _process(connection, Request.model_validate_json(text), *fds)
    finally:
        for fd in fds:
            os.close(fd)
    give_back()
    return True


def _process(
    connection: socket.socket, request: Request, source: int, target: int, *overlays: int
) -> None:
    limits = Limits(
        max_side=request.max_side,
        max_pixels=request.max_pixels,
        max_frames=request.max_frames,
        max_total_pixels=request.max_total_pixels,
    )
    try:
        pipeline = Pipeline(
            source,
            request.content_type,
            limits,
            request.wanted,
            list(zip(request.overlays, overlays, strict=True)),
            request.describe,
        )
        _say(connection, Opened())
        for variant, made in pipeline.variants(lambda name: _say(connection, Making(name=name))):
            _say(connection, _made(variant, made, target))
        _say(connection, Done(description=pipeline.describe() if request.describe else None))
    except Rejected as refusal:
        fault = Fault(code=refusal.code, detail=refusal.detail)
        _say(connection, Refused(error=fault))
    except (pyvips.Error, MemoryError) as error:
        fault = TOO_COSTLY if _is_costly(error) else CORRUPT
        _say(connection, Refused(error=fault, log=str(error)))


def _made(
    variant: WantedVariant, made: Encoded | Rejected | pyvips.Error | MemoryError, target: int
) -> Made:
    if isinstance(made, Rejected):
        return Made(name=variant.name, error=Fault(code=made.code, detail=made.detail))
    if isinstance(made, pyvips.Error | MemoryError):
        error = TOO_MUCH_MEMORY if _is_costly(made) else NOT_MADE
        return Made(name=variant.name, error=error, log=str(made))
    if os.lseek(target, 0, os.SEEK_CUR) + len(made.data) > FILE_BYTES:
        return Made(name=variant.name, error=TOO_LONG)
    rest = memoryview(made.data)
    while rest:
        rest = rest[os.write(target, rest) :]
    return Made(
        name=variant.name,
        content_type=made.content_type,
        width=made.width,
        height=made.height,
        size=len(made.data),
    )


def _is_costly(error: Exception) -> bool:
    """Whether there was too little memory, as far as it tells."""
    words = str(error).lower()
    return isinstance(error, MemoryError) or any(sign in words for sign in OUT_OF_MEMORY)


def _say(connection: socket.socket, line: Line) -> None:
    connection.sendall(line.model_dump_json().encode() + END)


def _warm_up() -> None:
    """Load what the first picture would otherwise wait for, the font too."""
    square = pyvips.Image.black(64, 64, bands=3).copy(interpretation="srgb")
    wanted = [WantedVariant(name=n, transformation=t) for n, t in BUILT_IN.items()]
    lettered = Transformation(watermark=Watermark(text="A"))
    wanted.append(WantedVariant(name="lettered", transformation=lettered))
    fd = os.memfd_create("warm-up") if hasattr(os, "memfd_create") else -1
    if fd < 0:
        return
    try:
        os.write(fd, square.jpegsave_buffer())
        list(Pipeline(fd, "image/jpeg", Limits(), wanted).variants())
    finally:
        os.close(fd)


if __name__ == "__main__":
    main()
