"""The second wall by itself, without seccomp in front of it."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from safelight.image_process_app.decoder.kernel import Missing

if sys.platform != "linux":
    pytest.skip("only Linux has Landlock", allow_module_level=True)

from safelight.image_process_app.decoder import landlock

TRIES = """
import json, os, signal, socket, sys
from pathlib import Path
from threading import Thread
from safelight.image_process_app.decoder import landlock
from safelight.image_process_app.decoder.kernel import PR_SET_NO_NEW_PRIVS, prctl

folder, port = Path(sys.argv[1]), int(sys.argv[2])
prctl(PR_SET_NO_NEW_PRIVS, 1)
landlock.restrict([str(folder / "font")])
tries = {
    "read the font": lambda: (folder / "font").read_text(),
    "write to the font": lambda: (folder / "font").write_text("x"),
    "read another": lambda: (folder / "other").read_text(),
    "list": lambda: list(folder.iterdir()),
    "make": lambda: (folder / "mine").write_text("x"),
    "make a folder": lambda: (folder / "mine").mkdir(),
    "remove": lambda: (folder / "other").unlink(),
    "rename": lambda: (folder / "other").rename(folder / "mine"),
    "connect": lambda: socket.create_connection(("127.0.0.1", port), 5),
    "signal": lambda: os.kill(os.getppid(), 0),
}
refused = {}

def attempt():
    for name, do in tries.items():
        try:
            do()
            refused[name] = False
        except PermissionError:
            refused[name] = True

thread = Thread(target=attempt)
thread.start()
thread.join()
print(json.dumps(refused))
"""


def version() -> int:
    try:
        return landlock._version()
    except (Missing, OSError) as error:
        pytest.skip(str(error))


def test_nothing_but_what_is_named_can_be_opened_and_nobody_reached(tmp_path: Path) -> None:
    known = version()
    for name in ("font", "other"):
        (tmp_path / name).write_text(name)
    with socket.create_server(("127.0.0.1", 0)) as server:
        command = [sys.executable, "-c", TRIES, str(tmp_path), str(server.getsockname()[1])]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    refused = json.loads(done.stdout)
    assert refused.pop("connect") == (known >= landlock.WITH_TCP)
    assert refused.pop("signal") == (known >= landlock.WITH_SCOPES)
    assert refused.pop("read the font") is False
    assert refused == dict.fromkeys(refused, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["font", "other"]
