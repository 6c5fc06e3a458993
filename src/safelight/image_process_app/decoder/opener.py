"""Opens the pictures that a decoder child is asked for, and makes what is wanted of them."""

import codecs
import os
from collections.abc import Callable
from datetime import datetime

import pyvips

from safelight.backends.memory_file import memory_file
from safelight.contract.messages import Fault, WantedVariant
from safelight.contract.presets import BUILT_IN
from safelight.contract.transformations import Transformation
from safelight.contract.watermarks import Watermark
from safelight.image_process_app.decoder.protocol import (
    NOT_MADE,
    Done,
    Line,
    Made,
    Making,
    Opened,
    Refused,
    Request,
)
from safelight.image_process_app.decoder.room import FILE_BYTES
from safelight.image_process_app.limits import Limits, Rejected
from safelight.image_process_app.pipeline import Encoded, Pipeline
from safelight.image_process_app.steps.encode import CONTENT_TYPES, saver
from safelight.image_process_app.steps.open import LOADERS

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
LONGEST_LOG = 1000
"""Characters of what libvips says that are told; damaged files make it say the same many times."""
OUT_OF_MEMORY = (
    "out of memory",
    "insufficient memory",
    "failed to allocate",
    "picture memory error",
    "error creating thread",
)
"""How libvips, its encoders and a thread that found no room for its stack say it."""


def load() -> None:
    """Import what Python leaves until it is first used, while there are files to import from."""
    datetime.strptime("2000", "%Y")
    codecs.lookup("utf-16-be")


def prepare() -> None:
    """Let libvips know no format but those that are taken and made, and do what the first picture
    would otherwise wait for, or what can't be done any more when the room is locked: read the font.
    """
    pyvips.block_untrusted_set(True)
    pyvips.cache_set_max(0)
    for family in ("VipsForeignLoad", "VipsForeignSave"):
        pyvips.operation_block_set(family, True)
    for known in (*LOADERS.values(), *map(saver, CONTENT_TYPES)):
        pyvips.operation_block_set(_class_of(known), False)
    _warm_up()


def process(
    say: Callable[[Line], None], request: Request, source: int, target: int, *overlays: int
) -> None:
    """Make what is wanted of the picture in the file `source`, write it to the file `target`, and
    tell all of it.
    """
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
        say(Opened())
        for variant, made in pipeline.variants(lambda name: say(Making(name=name))):
            say(_made(variant, made, target))
        say(Done(description=pipeline.describe() if request.describe else None))
    except Rejected as refusal:
        say(Refused(error=Fault(code=refusal.code, detail=refusal.detail)))
    except (pyvips.Error, MemoryError) as error:
        fault = TOO_COSTLY if _is_costly(error) else CORRUPT
        say(Refused(error=fault, log=str(error)[:LONGEST_LOG]))


def _made(
    variant: WantedVariant, made: Encoded | Rejected | pyvips.Error | MemoryError, target: int
) -> Made:
    if isinstance(made, Rejected):
        return Made(name=variant.name, error=Fault(code=made.code, detail=made.detail))
    if isinstance(made, pyvips.Error | MemoryError):
        error = TOO_MUCH_MEMORY if _is_costly(made) else NOT_MADE
        return Made(name=variant.name, error=error, log=str(made)[:LONGEST_LOG])
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


def _class_of(operation: str) -> str:
    """By which libvips blocks it."""
    return str(pyvips.type_name(pyvips.type_find("VipsOperation", operation)))


def _warm_up() -> None:
    square = pyvips.Image.black(64, 64, bands=3).copy(interpretation="srgb")
    square.set_type(pyvips.GValue.gstr_type, "exif-ifd2-DateTimeOriginal", "2000:01:01 00:00:00")
    wanted = [WantedVariant(name=n, transformation=t) for n, t in BUILT_IN.items()]
    lettered = Transformation(watermark=Watermark(text="A"))
    wanted.append(WantedVariant(name="lettered", transformation=lettered))
    for content_type, save in (
        ("image/jpeg", square.jpegsave_buffer),
        ("image/webp", square.webpsave_buffer),
    ):
        with memory_file("warm-up") as fd:
            os.write(fd, save())
            pipeline = Pipeline(fd, content_type, Limits(), wanted)
            list(pipeline.variants())
            pipeline.describe()
