"""`make bench`: every number that the product promises, measured and printed as a table."""

import sys
import tempfile
from pathlib import Path

from bench import latency, memory, throughput
from bench.photographs import write_photographs
from bench.table import Row, show


def main() -> int:
    """0 when every target is met."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        photographs = write_photographs(Path(folder))
        for name, measure in (
            ("latency", lambda: latency.measure(photographs[0])),
            ("throughput", lambda: throughput.measure(photographs)),
            ("memory", lambda: memory.measure(photographs[0].read_bytes())),
        ):
            print(f"measuring {name} ...", file=sys.stderr, flush=True)
            rows += measure()
    show(rows)
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
