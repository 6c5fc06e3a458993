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
        print("measuring latency ...", file=sys.stderr, flush=True)
        rows += latency.measure(photographs[0])
        print("measuring throughput ...", file=sys.stderr, flush=True)
        rows += throughput.measure(photographs)
        print("measuring memory ...", file=sys.stderr, flush=True)
        rows += memory.measure(photographs[0].read_bytes())
    show(rows)
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
