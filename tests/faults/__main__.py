"""`make test-faults`: the faults, the load, the checks, and the scoreboard."""

import argparse
import os
import re
import signal
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from tests.commands import Forked
from tests.faults.driver import Extent, Outcome, Row, run
from tests.faults.everything import FAULTS
from tests.faults.scoreboard import board, line, write
from tests.product import Product
from tests.servers.apache_kafka import missing

MODES = ("embedded", "scaled")
SEED = 5


def main() -> int:
    options = _options()
    if not missing():
        os.environ.setdefault("SAFELIGHT_TEST_BROKER", "kafka")
    began = time.monotonic()
    modes = [options.mode] if options.mode else MODES
    # Both at once: most of the time either of them waits.
    with ProcessPoolExecutor(len(modes), get_context("fork")) as pool:
        outcomes = list(pool.map(_run, modes, [options] * len(modes)))
    table = board(outcomes, options.seed, time.monotonic() - began)
    print(f"\n{table}\n")
    if options.write:
        write(options.write, table, options.seed)
    rows = [row for outcome in outcomes for row in outcome.rows if not row.left_out]
    failed = [row for row in rows if row.wrong]
    # Again, since the end is what people read.
    for row in failed:
        print(line(row))
    print(f"{len(rows) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


def _run(mode: str, options: argparse.Namespace) -> Outcome:
    # The pool ends a worker so when the other one breaks: it leaves no server behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if options.forked:
        Product.begin = Forked
    faults = [fault for fault in FAULTS if re.search(options.only, fault.name)]
    if options.skip:
        faults = [fault for fault in faults if not re.search(options.skip, fault.name)]
    extent = Extent(
        options.seed, options.times, options.minutes_of_overload, options.pause, options.corpus
    )
    return run(mode, faults, extent, _tell)


def _tell(row: Row) -> None:
    print(line(row), flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED, help="of every random choice")
    parser.add_argument("--mode", choices=MODES, help="one of the two; both without")
    parser.add_argument("--only", default="", metavar="PATTERN", help="of names: these alone")
    parser.add_argument("--skip", default="", metavar="PATTERN", help="of names: these not")
    parser.add_argument("--times", type=int, default=100, metavar="N", help="each, at most")
    parser.add_argument("--minutes-of-overload", type=float, default=5.0, metavar="N")
    parser.add_argument("--pause", type=float, default=0.25, metavar="SECONDS", help="of a client")
    parser.add_argument("--corpus", type=Path, metavar="DIR", help="bad files beside our own")
    parser.add_argument("--forked", action="store_true", help="load the product once, not anew")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the table into this page")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
