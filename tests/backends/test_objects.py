"""Bytes by key: one suite for every object store."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest

from safelight.backends.files import CHUNK
from safelight.backends.objects import Objects, StoreUnavailable
from tests.backends.given import content, everything, in_chunks, whole
from tests.servers import S3

LARGE = 6 * CHUNK + 7
"""Bytes that no store takes in one part."""


@pytest.fixture(params=["file", "s3"])
def store_url(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """Where an empty store is."""
    if request.param == "file":
        return (tmp_path / "a store %20 with#odd?name").as_uri()
    s3: S3 = request.getfixturevalue("s3")
    url, variables = s3.create()
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return url


@pytest.fixture
def store(store_url: str) -> Objects:
    return Objects(store_url)


@pytest.mark.parametrize("size", [1, 1000, CHUNK - 1, CHUNK, CHUNK + 1, LARGE])
async def test_what_was_put_is_read_and_has_its_digest(store: Objects, size: int) -> None:
    digest = sha256()
    await store.put("a/b", in_chunks(content(size)), digest)
    assert await whole(store, "a/b") == content(size)
    assert digest.digest() == sha256(content(size)).digest()


async def test_a_put_replaces_what_was_there(store: Objects) -> None:
    await store.put("a", in_chunks(content(LARGE, seed=1)))
    await store.put("a", in_chunks(content(10, seed=2)))
    assert await whole(store, "a") == content(10, seed=2)
    assert await everything(store) == {"a": 10}


async def test_whoever_reads_while_it_is_replaced_sees_the_old_bytes_or_the_new(
    store: Objects,
) -> None:
    versions = [content(LARGE, seed) for seed in range(2)]
    await store.put("a", in_chunks(versions[0]))
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def replacing() -> AsyncIterator[bytes]:
        yield versions[1][: LARGE - 1]
        arrived.set()
        await go_on.wait()
        yield versions[1][LARGE - 1 :]

    put = asyncio.create_task(store.put("a", replacing()))
    await arrived.wait()
    assert await whole(store, "a") == versions[0]
    go_on.set()
    await put
    assert await whole(store, "a") == versions[1]


class OwnError(Exception):
    """Raised by the one who gives the chunks."""


async def check_that_it_arrives(store: Objects, error: Exception, before: int) -> None:
    async def failing() -> AsyncIterator[bytes]:
        async for chunk in in_chunks(content(before)):
            yield chunk
        raise error

    with pytest.raises(type(error)) as raised:
        await store.put("a", failing())
    assert raised.value is error
    assert await everything(store) == {}


@pytest.mark.parametrize("before", [0, 10, CHUNK, LARGE])
async def test_chunks_that_raise_leave_nothing_and_their_exception_arrives_as_it_is(
    store: Objects, before: int
) -> None:
    await check_that_it_arrives(store, OwnError("in the midst of it"), before)


@pytest.mark.parametrize("kind", [ConnectionResetError, TimeoutError])
async def test_an_operating_system_error_of_the_chunks_arrives_as_it_is_too(
    store: Objects, kind: type[OSError]
) -> None:
    await check_that_it_arrives(store, kind("of the chunks"), 10)


async def test_chunks_that_raise_leave_what_was_there_before(store: Objects) -> None:
    async def failing() -> AsyncIterator[bytes]:
        yield content(LARGE, seed=2)
        raise OwnError

    await store.put("a", in_chunks(content(10, seed=1)))
    with pytest.raises(OwnError):
        await store.put("a", failing())
    assert await whole(store, "a") == content(10, seed=1)


@pytest.mark.parametrize("before", [1, LARGE])
async def test_a_cancelled_put_leaves_nothing(store: Objects, before: int) -> None:
    waiting = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        async for chunk in in_chunks(content(before)):
            yield chunk
        waiting.set()
        await asyncio.Event().wait()

    put = asyncio.create_task(store.put("a", endless()))
    await waiting.wait()
    put.cancel()
    with pytest.raises(asyncio.CancelledError):
        await put
    assert await everything(store) == {}


async def test_many_puts_at_once_do_not_meet(store: Objects) -> None:
    size = CHUNK + 1
    async with asyncio.TaskGroup() as tasks:
        for seed in range(8):
            tasks.create_task(store.put(f"a/{seed}", in_chunks(content(size, seed))))
    for seed in range(8):
        assert await whole(store, f"a/{seed}") == content(size, seed)


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 1), (5, 10), (CHUNK - 1, CHUNK + 1), (LARGE - 1, LARGE), (0, LARGE), (7, None), (0, None)],
)
async def test_a_range_is_from_start_up_to_and_not_including_end(
    store: Objects, start: int, end: int | None
) -> None:
    await store.put("a", in_chunks(content(LARGE)))
    assert await whole(store, "a", start, end) == content(LARGE)[start:end]
    assert (await store.part("a", start, end)).size == LARGE


async def test_a_missing_object_is_a_file_not_found_error_before_any_byte(store: Objects) -> None:
    with pytest.raises(FileNotFoundError):
        await store.read("nothing/here")


async def test_deleting_removes_one_object_and_is_harmless_the_second_time(
    store: Objects,
) -> None:
    await store.put("a/1", in_chunks(b"one"))
    await store.put("a/2", in_chunks(b"two"))
    await store.delete("a/1")
    await store.delete("a/1")
    await store.delete("never/there")
    assert await everything(store) == {"a/2": 3}


async def test_deleting_below_a_prefix_spares_its_neighbours(store: Objects) -> None:
    for key in ("v/1/a", "v/1/b", "v/10/a", "v/2/a"):
        await store.put(key, in_chunks(b"x"))
    await store.delete_below("v/1/")
    await store.delete_below("v/1/")
    assert await everything(store) == {"v/10/a": 1, "v/2/a": 1}


async def test_a_list_has_every_key_below_its_prefix_with_its_size(store: Objects) -> None:
    wanted = {f"a/{i}": i + 1 for i in range(60)}
    for key, size in (wanted | {"b/1": 1}).items():
        await store.put(key, in_chunks(content(size)))
    assert await everything(store, "a/") == wanted
    assert await everything(store) == wanted | {"b/1": 1}
    assert await everything(store, "c/") == {}


async def test_a_part_of_an_open_file_can_be_put_and_an_object_be_opened(
    store: Objects, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content(LARGE))
    with path.open("rb") as file:
        await store.put_from("a", file.fileno(), 5, LARGE - 10)
    async with store.opened("a") as fd:
        assert os.pread(fd, LARGE, 0) == content(LARGE)[5:-5]


async def test_nobody_can_change_an_object_through_what_was_opened(store: Objects) -> None:
    await store.put("a", in_chunks(content(1000)))
    async with store.opened("a") as fd:
        for place in (0, 1000):
            with pytest.raises(OSError, match=r"not permitted|Bad file"):
                os.pwrite(fd, b"x", place)
        assert os.pread(fd, 2000, 0) == content(1000)
        with suppress(OSError):
            os.ftruncate(fd, 10)  # what is a copy in memory can be emptied, to no avail
    async with store.opened("a") as fd:
        assert os.pread(fd, 2000, 0) == content(1000)


async def test_a_file_that_is_shorter_than_promised_makes_no_object(
    store: Objects, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"short")
    with path.open("rb") as file, pytest.raises(EOFError):
        await store.put_from("a", file.fileno(), 0, 6)
    assert await everything(store) == {}


async def test_a_store_that_works_passes_its_check(store: Objects) -> None:
    await store.check()


class TestFiles:
    """What holds for a folder of files alone."""

    async def test_no_file_but_the_object_is_left_by_any_put(
        self, objects: Objects, objects_folder: Path
    ) -> None:
        async def failing() -> AsyncIterator[bytes]:
            yield content(LARGE)
            raise OwnError

        await objects.put("a/b", in_chunks(content(LARGE)))
        with pytest.raises(OwnError):
            await objects.put("a/c", failing())
        files = [path for path in objects_folder.rglob("*") if path.is_file()]
        assert files == [objects_folder / "a" / "b"]

    async def test_a_sweep_removes_what_a_crash_left_half_written_and_no_object(
        self, objects: Objects, objects_folder: Path
    ) -> None:
        await objects.put("a/b", in_chunks(b"whole"))
        staging = objects_folder / ".staging"
        staging.mkdir(exist_ok=True)
        (staging / "0123").write_bytes(b"hal")
        (staging / "4567#1").write_bytes(b"hal")
        await objects.sweep_staging()
        assert [p for p in objects_folder.rglob("*") if p.is_file()] == [objects_folder / "a/b"]
        await objects.sweep_staging()

    async def test_a_sweep_of_a_new_store_finds_nothing(self, objects: Objects) -> None:
        await objects.sweep_staging()
        assert await everything(objects) == {}

    async def test_a_put_that_the_folder_refuses_tells_nothing_of_the_folder(
        self, objects: Objects
    ) -> None:
        await objects.put("a", in_chunks(b"a file where a folder would be needed"))
        with pytest.raises(StoreUnavailable, match=r"^the store can't be used$"):
            await objects.put("a/b", in_chunks(b"x"))

    async def test_a_put_that_the_folder_refuses_leaves_nothing(
        self, objects: Objects, objects_folder: Path
    ) -> None:
        await objects.put("a", in_chunks(b"a file where a folder would be needed"))
        with pytest.raises(StoreUnavailable):
            await objects.put("a/b", in_chunks(b"x"))
        assert await everything(objects) == {"a": 37}

    async def test_a_store_whose_folder_is_gone_fails_its_check(
        self, objects: Objects, objects_folder: Path
    ) -> None:
        shutil.rmtree(objects_folder)
        with pytest.raises(OSError, match="not writable"):
            await objects.check()

    async def test_puts_are_not_disturbed_by_deletes_that_remove_the_folders_above(
        self, objects: Objects
    ) -> None:
        async def come_and_go(name: str) -> None:
            for _ in range(200):
                await objects.put(f"a/b/{name}/c", in_chunks(b"x"))
                await objects.delete(f"a/b/{name}/c")

        async with asyncio.TaskGroup() as tasks:
            for name in "stuvwxyz":
                tasks.create_task(come_and_go(name))
        assert await everything(objects) == {}
