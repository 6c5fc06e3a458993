"""The decoder children: what happens to one costs one try of one picture."""

import asyncio
import gc
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from safelight.backends.memory_file import memory_file
from safelight.contract.messages import WantedVariant
from safelight.contract.presets import BUILT_IN
from safelight.image_process_app.decoder.pool import DecoderPool
from safelight.image_process_app.decoder.worker import ENVIRONMENT, ChildFailed
from safelight.image_process_app.limits import Rejected
from tests.image_process_app.conftest import Held
from tests.journeys import pictures

WANTED = [WantedVariant(name=name, transformation=t) for name, t in BUILT_IN.items()]
ME = psutil.Process()


@asynccontextmanager
async def a_pool(**options: float) -> AsyncIterator[tuple[DecoderPool, set[int]]]:
    """A started pool with the ids of its children."""
    before = {child.pid for child in ME.children()}
    pool = DecoderPool(**{"children": 1, "deadline": 60.0, **options})  # type: ignore[arg-type]
    await pool.start()
    try:
        yield pool, {child.pid for child in ME.children()} - before
    finally:
        await pool.stop()


async def decode(pool: DecoderPool, source: int) -> list[str]:
    """Names of the variants made of a JPEG."""
    with memory_file("variants") as target:
        async with pool.child() as child:
            made, _ = await child.decode("image/jpeg", WANTED, source, target)
    return [variant.name for variant in made if variant.error is None]


async def until(look: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not look():
            await asyncio.sleep(0.005)


def busy(pid: int) -> bool:
    """Whether a child has begun to work since it was started."""
    return psutil.Process(pid).cpu_times().user > busy_since[pid] + 0.03


busy_since: dict[int, float] = {}


async def standing_still(
    pids: set[int], work: Callable[[], Coroutine[Any, Any, list[str]]]
) -> tuple[asyncio.Task[list[str]], psutil.Process]:
    """A picture that is not done, and its child, stopped in the midst of it."""
    while True:
        busy_since.update({pid: psutil.Process(pid).cpu_times().user for pid in pids})
        task = asyncio.create_task(work())
        await until(lambda: any(busy(pid) for pid in pids))
        child = psutil.Process(next(pid for pid in pids if busy(pid)))
        child.suspend()
        await asyncio.sleep(0.05)  # what it has said by now is read
        if not task.done():
            return task, child
        child.resume()  # it was faster than this process


async def strike(
    pid: int, number: signal.Signals, work: Callable[[], Coroutine[Any, Any, list[str]]]
) -> BaseException:
    """Send a signal to a child in the midst of a picture; what became of that."""
    task, child = await standing_still({pid}, work)
    child.send_signal(number)
    if number != signal.SIGKILL:
        child.send_signal(signal.SIGCONT)
    [outcome] = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(outcome, BaseException)
    return outcome


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
async def test_a_child_that_dies_costs_one_try_and_is_replaced(
    held: Held, number: signal.Signals
) -> None:
    large, small = held(pictures.camera_jpeg()), held(pictures.jpeg())
    async with a_pool() as (pool, (pid,)):
        outcome = await strike(pid, number, lambda: decode(pool, large))
        assert isinstance(outcome, ChildFailed)
        assert str(outcome) == f"a decoder died of {number.name}"
        assert len(await decode(pool, small)) == len(WANTED)
        assert not psutil.pid_exists(pid)


async def test_a_child_that_hangs_is_killed_at_its_deadline(held: Held) -> None:
    small = held(pictures.jpeg())
    async with a_pool(deadline=2.0) as (pool, (pid,)):
        psutil.Process(pid).suspend()
        with pytest.raises(ChildFailed, match=r"2\.0 s"):
            await decode(pool, small)
        pool._deadline = 60.0
        assert len(await decode(pool, small)) == len(WANTED)


async def test_a_neighbour_does_not_notice(held: Held) -> None:
    large, small = held(pictures.camera_jpeg()), held(pictures.jpeg())
    async with a_pool(children=2) as (pool, pids):
        victim, child = await standing_still(pids, lambda: decode(pool, large))
        neighbour = asyncio.create_task(decode(pool, small))
        child.kill()
        assert len(await neighbour) == len(WANTED)
        with pytest.raises(ChildFailed):
            await victim


async def test_a_damaged_picture_is_rejected_and_its_child_goes_on(held: Held) -> None:
    damaged, good = held(pictures.jpeg()[:9000]), held(pictures.jpeg())
    async with a_pool() as (pool, pids):
        with pytest.raises(Rejected) as refusal:
            await decode(pool, damaged)
        assert refusal.value.code == "corrupt-image"
        assert len(await decode(pool, good)) == len(WANTED)
        assert all(psutil.pid_exists(pid) for pid in pids)


@pytest.mark.parametrize("megabytes", [250, 320])
async def test_what_needs_too_much_memory_is_refused_and_its_child_goes_on(
    held: Held, megabytes: int
) -> None:
    large, small = held(pictures.jpeg((7000, 7000))), held(pictures.jpeg((64, 64)))
    words: set[str] = set()
    async with a_pool(memory=megabytes << 20) as (pool, (pid,)):
        with memory_file("variants") as target:
            async with pool.child() as child:
                try:
                    made, _ = await child.decode("image/jpeg", WANTED, large, target)
                    words = {variant.error.detail for variant in made if variant.error}
                except Rejected as refusal:
                    words = {refusal.detail}
        assert words
        assert all("takes more memory than is allowed" in detail for detail in words)
        assert len(await decode(pool, small)) == len(WANTED)
        assert psutil.pid_exists(pid)


async def test_a_child_is_replaced_after_its_number_of_pictures(held: Held) -> None:
    small = held(pictures.jpeg())
    async with a_pool(pictures_per_child=2) as (pool, (first,)):
        for _ in range(2):
            assert len(await decode(pool, small)) == len(WANTED)
        assert len(await decode(pool, small)) == len(WANTED)
        await until(lambda: not psutil.pid_exists(first))


async def test_a_cancelled_picture_frees_its_place(held: Held) -> None:
    large, small = held(pictures.camera_jpeg()), held(pictures.jpeg())
    async with a_pool() as (pool, (pid,)):
        task, _ = await standing_still({pid}, lambda: decode(pool, large))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(await decode(pool, small)) == len(WANTED)


async def test_nothing_is_left_when_a_pool_has_stopped(held: Held) -> None:
    small = held(pictures.jpeg())
    async with a_pool() as (pool, _):
        await decode(pool, small)
    gc.collect()  # or it might close some just then
    descriptors = ME.num_fds()
    async with a_pool(children=2) as (pool, pids):
        await decode(pool, small)
    assert ME.num_fds() == descriptors
    assert not any(psutil.pid_exists(pid) for pid in pids)


async def test_a_child_has_nothing_to_steal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFELIGHT_LINK_SECRET", "a secret of the parent")
    assert set(ENVIRONMENT) == {"GLIBC_TUNABLES"}
    async with a_pool() as (_, (pid,)):
        with suppress(OSError):  # nobody but root may look, and not everywhere
            # The C library ends each of its tunables with a zero where the next one begins.
            told = Path(f"/proc/{pid}/environ").read_bytes().rstrip(b"\0").replace(b"\0", b":")
            assert told.decode() == f"GLIBC_TUNABLES={ENVIRONMENT['GLIBC_TUNABLES']}"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a death")
def test_children_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        textwrap.dedent(
            """
            import asyncio
            from safelight.image_process_app.decoder.pool import DecoderPool

            async def main():
                await DecoderPool(children=1).start()
                print("started", flush=True)
                await asyncio.sleep(60)

            asyncio.run(main())
            """
        )
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"started\n"
        children = psutil.Process(parent.pid).children()
        assert children
        parent.kill()
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive


def test_the_parent_never_loads_pyvips() -> None:
    script = (
        "import sys, safelight.composition; "
        "print([name for name in sys.modules if name.startswith('pyvips')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"
