"""Files without a name, of which nothing is left to whoever was handed them."""

import os

import pytest

from safelight.backends.memory_file import NOT_SEALED, memory_file, seal

if NOT_SEALED:
    pytest.skip(NOT_SEALED, allow_module_level=True)

CONTENT = b"what was made of a picture"


@pytest.mark.parametrize("sealed", [False, True])
def test_whoever_kept_a_descriptor_has_nothing_when_the_file_is_gone(sealed: bool) -> None:
    with memory_file("it") as fd:
        os.write(fd, CONTENT)
        if sealed:
            seal(fd)
        kept = os.dup(fd)
    with os.fdopen(kept, "r+b", buffering=0) as file:
        left = os.fstat(kept)
        assert (left.st_size, left.st_blocks) == (0, 0)
        with pytest.raises(PermissionError):
            file.write(b"more")


def test_a_sealed_file_can_be_read_and_not_written() -> None:
    with memory_file("it") as fd:
        os.write(fd, CONTENT)
        seal(fd)
        for place in (0, len(CONTENT)):
            with pytest.raises(PermissionError):
                os.pwrite(fd, b"x", place)
        assert os.pread(fd, 100, 0) == CONTENT
