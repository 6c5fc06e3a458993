"""What it costs that pictures are opened in a child process: time, and its memory."""

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
STARTS = 5
LOCKING_MS = 10
CLOCK_SHIFT, CLOCK_SCHED = 3, 2
"""How `clock_getcpuclockid` makes the name of a process's clock of its id."""
LOCK = """
import sys, time
from safelight.image_process_app.decoder.room import Room

before = time.process_time()
room = Room()
room.enter(int(sys.argv[1]), 1 << 30, 3000)
room.close_files([])
room.lock(1)
spent = time.process_time() - before
assert not any(room.locks.values()), room.locks
print(spent)
"""
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
    return [
        await _price(engines, pictures.six_megapixels(folder)),
        await _locking(),
        await _peak(folder),
    ]


async def _price(engines: Engines, source: Path) -> Row:
    """Milliseconds of the processor that the same work takes more when a child does it, this
    process's own included.
    """
    candidate = {"": Candidate("product", {NAME: BUILT_IN[NAME]}, WHOLE)}
    outside, inside = [], []
    async with _one_child() as (pool, child):
        for _ in range(ROUNDS):
            outside.append(engines.compare(source, "image/jpeg", candidate, 1)[""].seconds)
            await _decoded(pool, source, WANTED)
            before = _spent(child) + time.process_time()
            await _decoded(pool, source, WANTED)
            inside.append(_spent(child) + time.process_time() - before)
    alone, isolated = statistics.median(outside) * 1000, statistics.median(inside) * 1000
    # Of pairs, since a machine that others use is faster in one minute and slower in the next.
    more = statistics.median(i - o for i, o in zip(inside, outside, strict=True)) * 1000
    return Row(
        "6 MP JPEG → preview, in a decoder child over in one process",
        f"{alone:.1f} ms in one process",
        f"{isolated:.1f} ms, {more:+.1f} ms in a pair",
        more <= PRICE_MS,
        f"≤ {PRICE_MS} ms more",
    )


async def _locking() -> Row:
    """Milliseconds of the processor that a child takes to start, and to lock itself in."""
    starts = []
    for _ in range(STARTS):
        async with _one_child() as (_, child):
            starts.append(_spent(child))
    locked = [_locked() for _ in starts]
    start, locking = statistics.mean(starts) * 1000, statistics.mean(locked) * 1000
    return Row(
        "start of a decoder child, of which to lock the room",
        f"{start:.0f} ms",
        f"{locking:.1f} ms",
        locking <= LOCKING_MS,
        f"≤ {LOCKING_MS} ms",
    )


def _locked() -> float:
    """Seconds that it takes a process to lock itself in."""
    script = [sys.executable, "-I", "-c", LOCK, str(os.getpid())]
    return float(subprocess.check_output(script, stdin=subprocess.DEVNULL))


async def _peak(folder: Path) -> Row:
    """Most memory that a fresh child has had at once."""
    source = pictures.fifty_megapixels(folder)
    async with _one_child() as (pool, child):
        idle = _most_memory(child)
        await _decoded(pool, source, [LARGE])
        peak = _most_memory(child)
    return Row(
        "50 MP JPEG → within 1440 × 1440 JPEG, peak memory of a decoder child",
        f"{idle:.0f} MB idle",
        f"{peak:.0f} MB",
        peak <= PEAK_MB,
        f"≤ {PEAK_MB} MB",
    )


@asynccontextmanager
async def _one_child() -> AsyncIterator[tuple[DecoderPool, int]]:
    """A pool, and the id of its only child."""
    before = {child.pid for child in psutil.Process().children()}
    pool = DecoderPool(children=1)
    await pool.start()
    try:
        [child] = {child.pid for child in psutil.Process().children()} - before
        yield pool, child
    finally:
        await pool.stop()


async def _decoded(pool: DecoderPool, source: Path, wanted: list[WantedVariant]) -> None:
    with source.open("rb") as original, memory_file("variants") as target:
        async with pool.child() as child:
            made, _ = await child.decode("image/jpeg", wanted, original.fileno(), target)
    assert all(variant.error is None for variant in made), made


def _spent(pid: int) -> float:
    """Seconds of the processor so far, by the clock that the kernel keeps of each process (Linux);
    what `/proc` tells is rounded to a hundredth.
    """
    return time.clock_gettime(~pid << CLOCK_SHIFT | CLOCK_SCHED)


def _most_memory(pid: int) -> float:
    """VmHWM in MB (Linux)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError("the kernel does not tell the peak")
