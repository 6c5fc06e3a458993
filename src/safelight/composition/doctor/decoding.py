"""The decoders: what libvips here can open, the locks of their room, one picture opened in it."""

import asyncio
import json
import os
import struct
import sys
import time
import zlib
from collections.abc import Mapping
from importlib.util import find_spec

from safelight.backends.memory_file import memory_file
from safelight.composition.decoders import decoders
from safelight.composition.doctor.finding import Finding, fault, ok, warning
from safelight.contract.messages import WantedVariant
from safelight.contract.transformations import Transformation
from safelight.image_process_app.decoder.locks import LOCKS
from safelight.image_process_app.decoder.pool import DecoderPool
from safelight.settings import Settings

SIDES = 640, 480
REPORT = "safelight.image_process_app.decoder.report"


def is_here() -> bool:
    """Whether this installation has what opens pictures; it is not loaded."""
    return find_spec("pyvips") is not None


async def libvips() -> Finding:
    """Asked in a process of its own, since this one opens no picture."""
    asked = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-m",
        REPORT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, error = await asked.communicate()
    finally:
        if asked.returncode is None:
            asked.kill()
    if asked.returncode:
        last = error.decode(errors="replace").strip().rpartition("\n")[2]
        return fault("libvips", f"it can't be loaded: {last}", "install again: `make setup`")
    told = json.loads(out)
    there = [kind for kind, has_it in told["loaders"].items() if has_it]
    missing = [kind for kind in told["loaders"] if kind not in there]
    words = f"libvips {told['version']} opens {', '.join(there)}"
    if missing:
        return fault("libvips", f"{words}, not {', '.join(missing)}", "install pyvips-binary")
    return ok("libvips", words)


async def decoder(settings: Settings) -> list[Finding]:
    """One child, as the product starts it, and one picture."""
    # Started whatever is missing, so that all of that can be told.
    pool = decoders(settings.model_copy(update={"children": 1, "decoder_locks": "warn"}))
    try:
        await pool.start()
        required = settings.decoder_locks == "require"
        return [await _opened(pool), *_locks(pool.locks(), required)]
    finally:
        await pool.stop()


async def _opened(pool: DecoderPool) -> Finding:
    wanted = WantedVariant(name="small", transformation=Transformation(width=SIDES[0] // 2))
    with memory_file("picture") as source, memory_file("variants") as target:
        os.write(source, _png())
        async with pool.child() as child:
            began = time.perf_counter()
            [made], seen = await child.decode("image/png", [wanted], source, target)
            took = (time.perf_counter() - began) * 1000
    if made.error or seen is None or (seen.width, seen.height) != SIDES:
        return fault("decoder", "it opens a picture wrongly", "install again: `make setup`")
    return ok("decoder", f"opened a picture of {SIDES[0]} × {SIDES[1]} in {took:.0f} ms")


def _locks(locks: Mapping[str, str], required: bool) -> list[Finding]:
    """Which locks of its room this kernel and this container give."""
    missing = {name: why for name, why in locks.items() if why}
    judge = fault if required else warning
    held = ", ".join(name for name in locks if name not in missing)
    return [ok("decoder locks", held)] * bool(held) + [
        judge("decoder locks", f"{name}: {why}; so {LOCKS[name].without}", LOCKS[name].remedy)
        for name, why in missing.items()
    ]


def _png() -> bytes:
    """A picture made of a gradient, without a codec."""
    width, height = SIDES
    rows = b"".join(
        b"\0" + bytes(v for x in range(width) for v in (x % 256, y % 256, (x + y) % 256))
        for y in range(height)
    )
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    ends = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + ends
