"""The engines that are compared: each a process of its own, all on the same core, in turns."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safelight.contract.transformations import Transformation
from safelight.image_process_app.decoder import child, worker

ROOT = Path(__file__).parents[2]
NODE = Path(sys.executable).with_name("node")
COMMANDS: Mapping[str, Sequence[str | Path]] = {
    "product": [sys.executable, "-m", "bench.pixels.product_worker"],
    "pillow": [sys.executable, "-m", "bench.pixels.pillow_worker"],
    "sharp": [NODE, Path(__file__).with_name("sharp_worker.mjs")],
}


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds of the processor, all threads, the median over all rounds; bytes of each result,
    which stands in `folder` by its name.

    On one core that is what a clock shows where nobody else wants the core. Where somebody does,
    the clock tells more of them than of the engine.
    """

    seconds: float
    sizes: Mapping[str, int]
    folder: Path

    def milliseconds(self) -> str:
        return f"{self.seconds * 1000:.1f} ms"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One engine, and how it is to do the work."""

    engine: str
    wanted: Mapping[str, Transformation]
    way: str = ""


class Engines:
    """The running processes. Only one of them works at a time."""

    def __init__(self, running: Mapping[str, "subprocess.Popen[str]"], folder: Path) -> None:
        self._running = running
        self._folder = folder
        self._delays: list[float] = []
        self.versions = [str(_hear(process)["versions"]) for process in running.values()]

    def compare(
        self, source: Path, content_type: str, candidates: Mapping[str, Candidate], rounds: int
    ) -> dict[str, Measured]:
        """Every candidate has its turn in each round and does the work twice, as one that is
        busy: the second time counts. After a pause a process pays for memory that the machine
        has taken back meanwhile, a quarter of the work where that is large. The first round, in
        which everything is loaded and the results are kept, does not count at all.
        """
        folders = {name: self._folder / "made" / source.stem / name for name in candidates}
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in candidates}
        for number in range(rounds + 1):
            for name, candidate in candidates.items():
                folders[name].mkdir(parents=True, exist_ok=True)
                task = {
                    "source": str(source),
                    "content_type": content_type,
                    "wanted": {n: _whole(t) for n, t in candidate.wanted.items()},
                    "way": candidate.way,
                    "folder": "" if number else str(folders[name]),
                }
                self._ask(candidate.engine, task)
                answer = self._ask(candidate.engine, task)
                found[name].append(answer)
                self._delays.append(answer["clock"] / answer["seconds"])
        return {
            name: Measured(
                statistics.median(answer["seconds"] for answer in answers[1:]),
                answers[0]["sizes"],
                folders[name],
            )
            for name, answers in found.items()
        }

    def _ask(self, engine: str, task: dict[str, Any]) -> dict[str, Any]:
        process = self._running[engine]
        assert process.stdin
        process.stdin.write(json.dumps(task) + "\n")
        return _hear(process)

    def delay(self) -> float:
        """What the clock showed, as a multiple of the processor's time: the median so far."""
        return statistics.median(self._delays)


@contextmanager
def started(core: int, folder: Path) -> Iterator[Engines]:
    """All engines, pinned to one core, with the environment that the product's decoders have."""
    with ExitStack() as stack:
        running = {
            name: stack.enter_context(_start(command, core)) for name, command in COMMANDS.items()
        }
        yield Engines(running, folder)


def _start(command: Sequence[str | Path], core: int) -> "subprocess.Popen[str]":
    """Ends when its standard input does, which is at the end of its block."""
    here = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})  # which a child inherits
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            cwd=ROOT,
            env={**os.environ, **worker.ENVIRONMENT, **child.ENVIRONMENT},
        )
    finally:
        os.sched_setaffinity(0, here)


def _whole(wanted: Transformation) -> dict[str, Any]:
    """With its defaults, for those who do not know them."""
    return {name: getattr(wanted, name) for name in type(wanted).model_fields}


def _hear(process: "subprocess.Popen[str]") -> dict[str, Any]:
    assert process.stdout
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("an engine has ended; what it said is above")
    heard: dict[str, Any] = json.loads(line)
    return heard
