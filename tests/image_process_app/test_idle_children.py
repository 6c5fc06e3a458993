"""Children between two pictures: what befalls them there costs no picture anything."""

import asyncio
import gc
import os
import signal
import subprocess
import sys
import textwrap
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from safelight.backends.objects import Objects
from safelight.image_process_app.decoder.pool import DecoderPool
from safelight.image_process_app.decoder.worker import ChildFailed
from safelight.image_process_app.process import process
from safelight.image_process_app.tries import TRIES
from tests.image_process_app.conftest import Held
from tests.image_process_app.test_pool import a_pool, decode
from tests.image_process_app.test_process import given
from tests.journeys import pictures


async def test_children_that_died_while_idle_cost_no_picture_a_try(objects: Objects) -> None:
    job = await given(objects, pictures.jpeg((64, 64)))
    async with a_pool(children=TRIES) as (pool, pids):
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for pid in pids:
            with suppress(psutil.NoSuchProcess):  # the pool may have buried it by now
                psutil.Process(pid).wait(60)
        outcome = await process(job, objects, pool)
    assert outcome.error is None


async def test_a_pool_that_stops_while_it_replaces_a_child_leaves_none(held: Held) -> None:
    large = held(pictures.camera_jpeg())
    me = psutil.Process()
    before = {child.pid for child in me.children()}
    gc.collect()  # or it might close some just then
    descriptors = me.num_fds()
    pool = DecoderPool(children=1)
    await pool.start()
    working = asyncio.create_task(decode(pool, large))
    await asyncio.sleep(0.05)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    await pool.stop()
    assert {child.pid for child in me.children()} <= before
    assert me.num_fds() == descriptors


async def test_where_one_child_can_not_start_none_is_left(tmp_path: Path) -> None:
    fails_once = f"""
import os
from safelight.image_process_app.decoder import child
try:
    os.mkdir({str(tmp_path / "failed")!r})
except FileExistsError:
    child.main()
else:
    raise SystemExit(3)
"""
    me = psutil.Process()
    before = {child.pid for child in me.children()}
    gc.collect()  # or it might close some just then
    descriptors = me.num_fds()
    pool = DecoderPool(children=3, program=("-c", fails_once))
    with pytest.raises(ChildFailed, match="exit code 3"):
        await pool.start()
    assert {child.pid for child in me.children()} <= before
    assert me.num_fds() == descriptors


def test_a_pool_works_on_the_loop_of_production(tmp_path: Path) -> None:
    script = tmp_path / "on_uvloop.py"
    script.write_text(
        textwrap.dedent(
            """
            import asyncio, os, signal, sys
            import psutil, uvloop
            from safelight.backends.memory_file import memory_file
            from safelight.contract.messages import WantedVariant
            from safelight.contract.presets import BUILT_IN
            from safelight.image_process_app.decoder.pool import DecoderPool
            from safelight.image_process_app.decoder.worker import ChildFailed

            WANTED = [WantedVariant(name=n, transformation=t) for n, t in BUILT_IN.items()]

            async def decode(pool):
                with open(sys.argv[1], "rb") as source, memory_file("variants") as target:
                    files = source.fileno(), target
                    async with pool.child() as child:
                        return await child.decode("image/jpeg", WANTED, *files)

            async def main():
                pool = DecoderPool(children=1, deadline=5.0)
                await pool.start()
                made, _ = await decode(pool)
                assert len(made) == len(WANTED)
                for child in psutil.Process().children():
                    os.kill(child.pid, signal.SIGSTOP)
                try:
                    await decode(pool)
                except ChildFailed:
                    print("hung")
                made, _ = await decode(pool)
                assert len(made) == len(WANTED)
                await pool.stop()
                assert not psutil.Process().children()
                print("stopped")

            uvloop.run(main())
            """
        )
    )
    picture = tmp_path / "picture.jpg"
    picture.write_bytes(pictures.jpeg())
    command = [sys.executable, "-W", "error", str(script), str(picture)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "hung\nstopped\n", done.stderr
    assert done.stderr == ""
