"""A decoder that was taken over: every try fails, the parent stays well, the next one is served."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import pytest

from safelight.backends.memory_file import memory_file
from safelight.contract.messages import WantedVariant
from safelight.contract.transformations import Transformation
from safelight.image_process_app.decoder.locks import LOCKS
from safelight.image_process_app.decoder.pool import Child, DecoderPool
from safelight.image_process_app.decoder.worker import ChildFailed, Worker
from safelight.image_process_app.fonts import FONT_FILE
from safelight.image_process_app.limits import Limits

if sys.platform != "linux":
    pytest.skip("the room is locked by Linux", allow_module_level=True)

from tests.image_process_app import hostile_tries as tries

ROOT = Path(__file__).parents[2]
SCRIPT = f"""
import sys
sys.path.append({str(ROOT)!r})
from tests.image_process_app.hostile import main
main()
"""
PROGRAM = ("-c", SCRIPT)
ORDINARY = "65533"
"""A user who owns nothing, and is nobody else's."""
ORIGINAL = b"the bytes of a stranger"
REFUSALS = {
    "environment": "KeyError",
    "clone3": "OSError: [Errno 38]",
    "many threads": "RuntimeError",
    "two gigabytes": "MemoryError",
    "more than the output may have": "OSError: [Errno 27]",
    "write to the original": "OSError: [Errno 9]",
    "descriptor of the parent": "PermissionError",
    "limits": "ValueError: not allowed",
    "JPEG by name": "Operation not permitted",
    "SVG by guess": "not in a known format",
    **dict.fromkeys(("SVG", "CSV", "raw"), "operation is blocked"),
}
"""What is not refused by the kernel as not permitted."""


@dataclass
class Guest:
    """A pool whose only child is hostile, and what it would like to have."""

    pool: DecoderPool
    child: int
    folder: Path
    original: Path

    async def do(self, what: str) -> bytes:
        """What comes of one try or deed."""
        wanted = [WantedVariant(name=what, transformation=Transformation())]
        with self.original.open("rb") as source, memory_file("variants") as target:
            async with self.pool.child() as child:
                await child.decode(str(self.folder), wanted, source.fileno(), target)
            return os.pread(target, 1 << 16, 0)

    async def attempt(self, what: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(await self.do(what))
        return found


@asynccontextmanager
async def a_guest(*program: str, **options: Any) -> AsyncIterator[Guest]:
    pool = DecoderPool(children=1, program=(*PROGRAM, *program), **options)
    others = set(psutil.Process().children())
    try:
        await pool.start()
        (child,) = set(psutil.Process().children()) - others
        with TemporaryDirectory() as name:
            folder = Path(name)
            folder.chmod(0o777)
            for file in ("secret", "other", "original"):
                (folder / file).write_bytes(ORIGINAL)
                (folder / file).chmod(0o666)
            yield Guest(pool, child.pid, folder, folder / "original")
    finally:
        await pool.stop()


def readable_by_all(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in path.parents)


def users() -> Iterator[Any]:
    yield pytest.param((), id="as whoever runs the tests")
    reasons = {
        "only root may start it as somebody else": os.geteuid() != 0,
        "the font lies where only root may read": not readable_by_all(Path(FONT_FILE)),
    }
    why = [reason for reason, holds in reasons.items() if holds]
    skipped = pytest.mark.skipif(bool(why), reason=", ".join(why))
    yield pytest.param(("as", ORDINARY), id="as an ordinary user", marks=skipped)


@pytest.fixture(scope="module", params=list(users()))
async def guest(request: pytest.FixtureRequest) -> AsyncIterator[Guest]:
    async with a_guest(*request.param, deadline=60.0) as guest:
        yield guest


async def test_every_lock_holds(guest: Guest) -> None:
    assert guest.pool.locks() == dict.fromkeys(LOCKS, "")


@pytest.mark.parametrize("what", tries.TRIES)
async def test_every_try_is_refused_and_the_next_picture_is_made(guest: Guest, what: str) -> None:
    outcome = await guest.attempt(what)
    assert set(outcome) == {"refused"}, outcome
    assert REFUSALS.get(what, "PermissionError: [Errno") in outcome["refused"]
    assert guest.original.read_bytes() == ORIGINAL
    assert sorted(path.name for path in guest.folder.iterdir()) == ["original", "other", "secret"]


@pytest.mark.parametrize("what", tries.ANYBODY)
def test_outside_of_the_room_the_same_try_succeeds(what: str, tmp_path: Path) -> None:
    for name in ("secret", "other"):
        (tmp_path / name).write_bytes(ORIGINAL)
    command = [sys.executable, *PROGRAM, "outside", what, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert set(json.loads(done.stdout)) == {"gained"}, done.stdout


async def test_every_thread_is_locked_in_also_those_that_were_there_before(guest: Guest) -> None:
    found = []
    for task in Path(f"/proc/{guest.child}/task").iterdir():
        with suppress(OSError):  # one that has just ended
            found.append((task / "status").read_text())
    assert len(found) > 1
    for text in found:
        status = dict(line.split(":", 1) for line in text.splitlines())
        assert status["Seccomp"].strip() == "2"
        assert status["NoNewPrivs"].strip() == "1"
        assert int(status["CapEff"], 16) == 0
        assert "0" not in status["Uid"].split()


async def test_nobody_of_its_user_may_look_into_it(guest: Guest) -> None:
    """What the kernel shows of it belongs to root, though it does not run as root."""
    assert 0 not in psutil.Process(guest.child).uids()
    assert Path(f"/proc/{guest.child}/environ").stat().st_uid == 0


BUSY_PARENT = f"""
import asyncio, sys
import psutil
sys.path.append({str(ROOT)!r})
from tests.image_process_app.test_locked_room import a_guest

async def main():
    async with a_guest(deadline=600.0) as guest:
        child = psutil.Process(guest.child)
        begun = child.cpu_times().user
        working = asyncio.create_task(guest.do("burn"))
        while child.cpu_times().user < begun + 0.1:
            await asyncio.sleep(0.01)
        print(guest.child, flush=True)
        await working

asyncio.run(main())
"""


def test_in_the_midst_of_a_picture_it_dies_with_its_parent() -> None:
    """When it reads again, the closed socket would end it; this one never reads again."""
    with subprocess.Popen([sys.executable, "-c", BUSY_PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    gone, _ = psutil.wait_procs([child], timeout=30)
    try:
        assert gone or child.status() == psutil.STATUS_ZOMBIE
    finally:
        with suppress(psutil.NoSuchProcess):
            child.kill()


async def test_the_old_way_into_a_64_bit_kernel_is_closed() -> None:
    if os.uname().machine != "x86_64":
        pytest.skip("only x86_64 has it")
    async with a_guest() as guest:
        with suppress(ChildFailed):  # on a kernel that knows no 32 bits
            assert int(await guest.do("speak old")) < 0
        assert "refused" in await guest.attempt("fork")


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("burn", "took more than 1.0 s"),
        ("sleep", "took more than 1.0 s"),
        ("stop", "took more than 1.0 s"),
        ("abort", "died"),
        ("talk", "talks nonsense"),
        ("talk without end", "does not stop talking"),
        ("hold on", "keeps a hand on"),
    ],
)
async def test_what_can_not_be_refused_costs_one_try_and_the_child(what: str, why: str) -> None:
    async with a_guest(deadline=1.0 if "took" in why else 60.0) as guest:
        with pytest.raises(ChildFailed, match=why):
            await guest.do(what)
        guest.pool._deadline = 60.0
        assert "refused" in await guest.attempt("fork")
        assert not psutil.pid_exists(guest.child)


async def test_what_it_made_is_not_changed_any_more() -> None:
    async with a_guest() as guest:
        wanted = [WantedVariant(name="come back", transformation=Transformation())]
        with guest.original.open("rb") as source, memory_file("variants") as target:
            async with guest.pool.child() as child:
                await child.decode("", wanted, source.fileno(), target)
            assert b"not permitted" in await guest.do("change")
            assert os.pread(target, 10, 0) == b"good"


async def test_what_it_keeps_is_empty() -> None:
    """Or it would have a gigabyte for every eight pictures, which no limit of its own counts."""
    async with a_guest() as guest:
        await guest.do("come back")
        assert await guest.do("weigh") == b"0"


async def test_who_answers_before_it_is_asked_is_not_asked() -> None:
    async with a_guest() as guest:
        assert await guest.do("talk ahead") == b""
        assert "refused" in await guest.attempt("fork")
        assert not psutil.pid_exists(guest.child)


async def test_what_it_shouts_is_heard_by_nobody(capfd: pytest.CaptureFixture[str]) -> None:
    async with a_guest() as guest:
        assert await guest.do("shout") == b"said"
    assert "hostile" not in "".join(capfd.readouterr())


async def test_its_time_is_bounded_for_all_of_its_life() -> None:
    worker = await Worker.spawn(1 << 30, 3, PROGRAM)
    wanted = [WantedVariant(name="burn", transformation=Transformation())]
    try:
        with memory_file("variants") as target:
            child = Child(worker, 60.0, Limits())
            with pytest.raises(ChildFailed, match="died"):
                await child.decode("", wanted, target, target)
    finally:
        await worker.kill()
