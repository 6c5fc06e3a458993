"""`make bench-scaled`: the product in parts on real servers, measured and printed as a table."""

import sys
import tempfile
from pathlib import Path

from bench.photographs import write_photographs
from bench.scaled import latency, lists, processors, relay
from bench.scaled.servers import started
from bench.table import Row, show
from safelight import logs


def main() -> int:
    """0 when every target is met."""
    logs.configure("console", "error")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder, started(Path(folder)) as servers:
        photographs = write_photographs(Path(folder))
        broker = type(servers.broker).__name__
        print(f"PostgreSQL, Valkey, SeaweedFS and {broker} are up", file=sys.stderr, flush=True)
        _announce("the relay")
        rows += relay.measure(servers)
        _announce("lists")
        rows += lists.measure(servers)
        _announce("latency")
        rows += latency.measure(servers, photographs[0])
        _announce("processors")
        rows += processors.measure(servers, photographs)
    show(rows)
    print(f"\nThe broker was {broker}.")
    return 0 if all(row.met for row in rows) else 1


def _announce(what: str) -> None:
    print(f"measuring {what} ...", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
