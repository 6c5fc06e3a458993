"""How much memory a started product takes: the most of each kind of process, and over time."""

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import psutil

from tests.product import Part, Product

MIB = 1 << 20
PAUSE = 0.25
CHILD = "decoder.child"
HIGH_WATER = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


class Peak:
    """While the block runs, a thread looks at every process of a product.

    `most`: bytes, the most that one process of a kind (`up`, `api`, `processor`, `decoder`) had in
    memory. `seen`: at `time.monotonic()` seconds, bytes of all processes of each kind together.
    """

    def __init__(self, product: Product, pause: float = PAUSE) -> None:
        self._product = product
        self._pause = pause
        self._ended = Event()
        self._thread = Thread(target=self._watch, daemon=True)
        self.most: dict[str, int] = {}
        self.seen: list[tuple[float, dict[str, int]]] = []

    def __enter__(self) -> "Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self.look()

    def _watch(self) -> None:
        while not self._ended.wait(self._pause):
            self.look()

    def look(self) -> None:
        """Take one sample."""
        together: dict[str, int] = {}
        for kind, process in processes(self._product):
            with suppress(psutil.Error):
                now = process.memory_info().rss
                together[kind] = together.get(kind, 0) + now
                self.most[kind] = max(self.most.get(kind, 0), now, _high_water(process.pid))
        self.seen.append((time.monotonic(), together))

    def words(self) -> str:
        """The most of each kind, in MB."""
        return ", ".join(f"{kind} {most / MIB:.0f} MB" for kind, most in sorted(self.most.items()))


def processes(product: Product) -> Iterator[tuple[str, psutil.Process]]:
    """Every living process of a product, and its kind: `up`, `api` or `processor` by the command,
    `decoder` for what opens pictures.
    """
    for part in list(product.parts):
        for pid in (part.process.pid, *child_ids(part)):
            with suppress(psutil.Error):
                process = psutil.Process(pid)
                yield (part.kind if pid == part.process.pid else _kind_of(process)), process


def child_ids(part: Part) -> set[int]:
    """Quicker than psutil, which looks at every process there is."""
    tasks = Path(f"/proc/{part.process.pid}/task")
    if not tasks.parent.parent.is_dir():
        return {child.pid for child in part.children()}
    found: set[int] = set()
    with suppress(OSError):  # it has ended
        for task in tasks.iterdir():
            with suppress(OSError):  # one of its threads has, and what it started is another's now
                found.update(map(int, (task / "children").read_text().split()))
    return found


def _kind_of(child: psutil.Process) -> str:
    return "decoder" if any(CHILD in word for word in child.cmdline()) else "other"


def _high_water(pid: int) -> int:
    """What no sample sees: the most it ever had, in bytes, where the kernel tells."""
    with suppress(OSError):
        if found := HIGH_WATER.search(Path(f"/proc/{pid}/status").read_text()):
            return int(found[1]) * 1024
    return 0
