"""The machine: what runs here, how much of everything it has, and the folder of what is kept."""

import os
import platform
import resource
import shutil
import stat
from importlib.metadata import version
from pathlib import Path

from safelight.composition.decoders import children
from safelight.composition.doctor.finding import Finding, fault, ok, warning
from safelight.settings import GIB, MIB, Settings

FEW_FILES, TOO_FEW_FILES = 1024, 256
"""An API holds some for each client and each object that is under way."""
OTHER_FILES = 200
"""What an API opens beside its connections."""
LITTLE_SPACE, NO_SPACE = 5 * GIB, GIB // 2
CGROUP = Path("/sys/fs/cgroup/memory.max")


async def machine(settings: Settings) -> list[Finding]:
    words = f"Safelight {version('safelight')}, Python {platform.python_version()}"
    return [
        ok("version", words),
        ok("platform", f"{platform.platform()}, {os.cpu_count()} cores"),
        _descriptors(settings),
        _memory(settings),
    ]


def _descriptors(settings: Settings) -> Finding:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    words = f"{soft} files may be open at once"
    remedy = f"raise it: `ulimit -n {16 * FEW_FILES}`, or LimitNOFILE of the service"
    if soft != resource.RLIM_INFINITY and soft < TOO_FEW_FILES:
        return fault("open files", words, remedy)
    if soft != resource.RLIM_INFINITY and soft < FEW_FILES:
        return warning("open files", words, remedy)
    if soft != resource.RLIM_INFINITY and soft < settings.connections + OTHER_FILES:
        words += f", for SAFELIGHT_CONNECTIONS={settings.connections} and what else it opens"
        return warning("open files", words, remedy)
    return ok("open files", words)


def _memory(settings: Settings) -> Finding:
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if CGROUP.exists() and (limit := CGROUP.read_text().strip()).isdigit():
        there = min(there, int(limit))
    count = children(settings)
    wanted = count * settings.decode_bytes
    words = f"{there // MIB} MiB; {count} decoders may take {wanted // MIB} MiB together"
    if wanted > there:
        return warning("memory", words, "lower SAFELIGHT_CHILDREN")
    return ok("memory", words)


async def data_folder(settings: Settings) -> Finding:
    folder = settings.data_dir
    if settings.database_url and settings.objects_url:
        return _folder(folder, needed=False)
    return _folder(folder, needed=True)


def _folder(folder: Path, needed: bool) -> Finding:
    name = "data folder"
    if not folder.is_dir():
        if folder.exists():
            return fault(name, f"{folder} is no folder", "choose another with --data-dir")
        if not needed:
            return ok(name, f"{folder} is not there, and nothing is kept in it")
        return warning(name, f"there is no {folder} yet", "`safelight up` makes it; or --data-dir")
    if not os.access(folder, os.W_OK | os.X_OK):
        remedy = "let whoever runs Safelight write to it, or choose another with --data-dir"
        return fault(name, f"{folder} is not writable", remedy)
    free = shutil.disk_usage(folder).free
    words = f"{folder.resolve()}, {free // MIB} MiB free"
    if needed and free < NO_SPACE:
        return fault(name, words, "make room: uploads are refused on a full disk")
    if needed and free < LITTLE_SPACE:
        return warning(name, words, "make room before uploads are refused")
    if stat.S_IMODE(folder.stat().st_mode) & stat.S_IRWXO and needed:
        return warning(name, f"{words}; others may read it", f"`chmod 700 {folder}`")
    return ok(name, words)
