"""Bare pyvips in a process of its own: prints `ready`, then does its share at each line it
hears, and prints the seconds that took.
"""

import sys
import time
from pathlib import Path

from bench.bare import make_variants


def main(paths: list[Path]) -> None:
    make_variants(paths[0].read_bytes())
    print("ready", flush=True)
    for _ in sys.stdin:
        started = time.perf_counter()
        for path in paths:
            make_variants(path.read_bytes())
        print(time.perf_counter() - started, flush=True)


if __name__ == "__main__":
    main([Path(path) for path in sys.argv[1:]])
