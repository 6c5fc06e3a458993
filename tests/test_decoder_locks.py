"""What becomes of the product where the kernel, or a container, can't give a lock."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from safelight.image_process_app.decoder.locks import LOCKS
from tests.commands import SAFELIGHT
from tests.product import PATIENCE

if sys.platform != "linux":
    pytest.skip("other systems have no locks to take away", allow_module_level=True)

WITHOUT = """
import errno, os, sys
from safelight.image_process_app.decoder import landlock, seccomp
from safelight.image_process_app.decoder.kernel import PR_SET_NO_NEW_PRIVS, prctl

machine = seccomp.this_machine()
taken = {"landlock": landlock.CREATE_RULESET, "seccomp": machine.seccomp}[sys.argv[1]]
prctl(PR_SET_NO_NEW_PRIVS, 1)
seccomp.install(machine, [
    (seccomp.LOAD, 0, 0, seccomp.NUMBER),
    (seccomp.IF_EQUAL, 0, 1, taken),
    (seccomp.RETURN, 0, 0, seccomp.REFUSE | errno.ENOSYS),
    seccomp.ALLOWED,
])
os.execv(sys.argv[2], sys.argv[2:])
"""
"""As an old kernel, or a container's profile, takes a call away from all that is started."""
MISSING = pytest.mark.parametrize("lock", ["landlock", "seccomp"])


def command(lock: str) -> list[str]:
    return [sys.executable, "-c", WITHOUT, lock, str(SAFELIGHT), "up", "--port", "0"]


def environment(folder: Path, **settings: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "SAFELIGHT_DATA_DIR": str(folder / "data"),
        "SAFELIGHT_CHILDREN": "1",
        "SAFELIGHT_LOG_FORMAT": "json",
        **settings,
    }


@MISSING
def test_a_lock_that_is_required_and_missing_is_told_in_one_line(tmp_path: Path, lock: str) -> None:
    done = subprocess.run(
        command(lock),
        env=environment(tmp_path, SAFELIGHT_DECODER_LOCKS="require"),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert f"the room of the decoders can't be locked: {lock} (the kernel has no" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "data").exists()


def told(arguments: list[str], folder: Path) -> str:
    """The log of a product that has started with these words."""
    log = folder / "log"
    with log.open("w") as file:
        process = subprocess.Popen(
            arguments, env=environment(folder), stdout=subprocess.DEVNULL, stderr=file
        )
    try:
        for _ in waiting():
            if "the decoders are locked in" in log.read_text():
                break
            assert process.poll() is None, log.read_text()
    finally:
        process.terminate()
        assert process.wait(PATIENCE) == 0, log.read_text()
    return log.read_text()


def waiting() -> Iterator[None]:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        yield
        time.sleep(0.05)
    raise AssertionError("the product did not start")


@MISSING
def test_a_lock_that_is_missing_is_warned_of_with_what_it_means(tmp_path: Path, lock: str) -> None:
    lines = [line for line in told(command(lock), tmp_path).splitlines() if '"warning"' in line]
    (warned,) = [line for line in lines if "a lock is missing" in line]
    assert f'"lock": "{lock}"' in warned
    assert LOCKS[lock].without in warned
    assert LOCKS[lock].remedy in warned


def test_where_all_hold_one_line_says_so(tmp_path: Path) -> None:
    said = told([str(SAFELIGHT), "up", "--port", "0"], tmp_path)
    (line,) = [line for line in said.splitlines() if "the decoders are locked in" in line]
    assert all(name in line for name in LOCKS)
    assert "a lock is missing" not in said
