"""An object store without room."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from safelight.backends.files import CHUNK
from safelight.backends.objects import NoRoom, Objects
from tests.backends.given import content, everything, in_chunks, whole


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB; only a privileged user can make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=2m", "safelight-test", str(folder)]
    try:
        made = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        made = False
    if not made:
        pytest.skip("a small file system can't be made here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


async def test_a_full_disk_is_no_room_and_leaves_nothing(small_disk: Path) -> None:
    store = Objects((small_disk / "objects").as_uri())
    await store.put("before", in_chunks(content(CHUNK)))
    with pytest.raises(NoRoom, match=r"^the store is full$"):
        await store.put("large", in_chunks(content(3 * CHUNK)))
    assert await everything(store) == {"before": CHUNK}
    await store.put("after", in_chunks(content(1000)))
    assert await whole(store, "after") == content(1000)
