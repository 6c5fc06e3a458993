"""What it costs that pictures are opened in a child process: time, and its memory."""

import asyncio
import os
import statistics
import time
from pathlib import Path

import psutil

from bench.pixels import pictures
from bench.pixels.engines import Candidate, Engines
from bench.pixels.product_worker import WHOLE
from bench.table import Row
from safelight.backends.memory_file import memory_file
from safelight.contract.messages import WantedVariant
from safelight.contract.presets import BUILT_IN
from safelight.contract.transformations import Transformation
from safelight.image_process_app.decoder.pool import DecoderPool

NAME = "preview"
WANTED = [WantedVariant(name=NAME, transformation=BUILT_IN[NAME])]
ROUNDS = 21
PRICE_MS = 10
LARGE = WantedVariant(
    name="large", transformation=Transformation(width=1440, height=1440, format="jpeg")
)
PEAK_MB = 150


def measure(engines: Engines, folder: Path, core: int) -> list[Row]:
    """The pool and its child work on the engines' core, and so does this process meanwhile."""
    here = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        return asyncio.run(_measure(engines, folder))
    finally:
        os.sched_setaffinity(0, here)


async def _measure(engines: Engines, folder: Path) -> list[Row]:
    return [await _price(engines, pictures.six_megapixels(folder)), await _peak(folder)]


async def _price(engines: Engines, source: Path) -> Row:
    """Milliseconds that the same work takes longer when a child does it."""
    candidate = {"": Candidate("product", {NAME: BUILT_IN[NAME]}, WHOLE)}
    pool = DecoderPool(children=1)
    await pool.start()
    inside, outside = [], []
    try:
        await _decoded(pool, source, WANTED)
        for _ in range(ROUNDS):
            outside.append(engines.compare(source, "image/jpeg", candidate, 1)[""].seconds)
            started = time.perf_counter()
            await _decoded(pool, source, WANTED)
            inside.append(time.perf_counter() - started)
    finally:
        await pool.stop()
    alone, child = statistics.median(outside) * 1000, statistics.median(inside) * 1000
    return Row(
        "6 MP JPEG → preview, in a decoder child over in one process",
        f"{alone:.1f} ms in one process",
        f"{child:.1f} ms = {child - alone:+.1f} ms",
        child - alone <= PRICE_MS,
        f"≤ {PRICE_MS} ms more",
    )


async def _peak(folder: Path) -> Row:
    """Most memory that a fresh child has had at once."""
    source = pictures.fifty_megapixels(folder)
    before = {child.pid for child in psutil.Process().children()}
    pool = DecoderPool(children=1)
    await pool.start()
    try:
        [child] = {child.pid for child in psutil.Process().children()} - before
        idle = _most_memory(child)
        await _decoded(pool, source, [LARGE])
        peak = _most_memory(child)
    finally:
        await pool.stop()
    return Row(
        "50 MP JPEG → within 1440 × 1440 JPEG, peak memory of a decoder child",
        f"{idle:.0f} MB idle",
        f"{peak:.0f} MB",
        peak <= PEAK_MB,
        f"≤ {PEAK_MB} MB",
    )


async def _decoded(pool: DecoderPool, source: Path, wanted: list[WantedVariant]) -> None:
    with source.open("rb") as original, memory_file("variants") as target:
        async with pool.child() as child:
            made, _ = await child.decode("image/jpeg", wanted, original.fileno(), target)
    assert all(variant.error is None for variant in made), made


def _most_memory(pid: int) -> float:
    """VmHWM in MB (Linux)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError("the kernel does not tell the peak")
