"""`make bench-pixels`: what the product promises of its pixels, printed as a table."""

import os
import platform
import sys
import tempfile
from pathlib import Path

from bench.pixels import isolation, presets, resizing
from bench.pixels.engines import started
from bench.table import Row, show


def main() -> int:
    """0 when every target is met."""
    core = max(os.sched_getaffinity(0))
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name, started(core, Path(name)) as engines:
        folder = Path(name)
        versions = f"Python {platform.python_version()}, {', '.join(engines.versions)}"
        _say("measuring one result of one picture ...")
        rows += resizing.measure(engines, folder)
        _say("measuring the four presets ...")
        rows += presets.measure(engines, folder)
        _say("measuring the decoder child ...")
        rows += isolation.measure(engines, folder, core)
        delay = engines.delay()
    show(rows)
    print(f"\n{versions}; on one core of {os.cpu_count()}.")
    print(f"Times are the processor's; the clock showed {delay:.2f} times as much.")
    return 0 if all(row.met for row in rows) else 1


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
