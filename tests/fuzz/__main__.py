"""`make fuzz`: damaged pictures through the whole of a started product, for a while."""

import argparse
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

from tests.fuzz import aftermath
from tests.fuzz.inputs import Inputs
from tests.fuzz.sender import Sender, Tally
from tests.logbook import tracebacks
from tests.memory import Peak, processes
from tests.modes import MODES, started
from tests.product import Product
from tests.remains import amiss

CLIENTS = 4
TOLD = 5.0
"""Seconds between two lines that tell how far it is."""
KEPT = Path(".fuzz")
SETTINGS = {
    "SAFELIGHT_LOG_LEVEL": "warning",
    "SAFELIGHT_LIMIT_RENDER": "1000/second",
    "SAFELIGHT_DECODE_SECONDS": "5",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fuzz")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--mode", choices=MODES, default=MODES[0])
    parser.add_argument("--only", type=int, default=None, metavar="NUMBER")
    given = parser.parse_args()
    inputs = Inputs(given.seed, given.folder)
    numbers = count() if given.only is None else iter([given.only])
    print(f"{given.mode}, seed {given.seed}, from {inputs.source}", flush=True)
    tally = Tally()
    with TemporaryDirectory() as scratch:
        with started(given.mode, TMPDIR=scratch, **SETTINGS) as product:
            checks = _run(product, inputs, numbers, given.seconds, tally)
        left = [str(path) for path in Path(scratch).rglob("*")]
    checks["no temporary file is left"] = left
    for what, wrong in checks.items():
        print(f"{what}: {'; '.join(wrong[:10]) or 'right'}")
    for number, wrong in sorted(tally.wrong.items()):
        _keep(inputs, given.mode, given.seed, number, wrong)
    failed = len(tally.wrong) + sum(1 for wrong in checks.values() if wrong)
    print(f"{tally.counts['inputs'] + len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


def _run(
    product: Product, inputs: Inputs, numbers: Iterator[int], seconds: float, tally: Tally
) -> dict[str, list[str]]:
    """Throw, look, delete everything, look again."""
    senders = [Sender(product.base_url, tally) for _ in range(CLIENTS)]
    before = aftermath.open_files(product)
    with Peak(product) as peak:
        _throw(senders, inputs, numbers, seconds, tally)
    after = aftermath.open_files(product)
    alive = [process for _, process in processes(product)]
    left = amiss(product, [sender.client for sender in senders])
    dead, limited = aftermath.decoder_deaths(product, tally)
    print(_told(tally))
    print(f"most memory: {peak.words()}; decoders that ran into a limit: {limited}")
    return {
        "pictures became ready": aftermath.signs_of_life(tally, tally.counts["inputs"]),
        "no process was restarted, no file kept open": aftermath.restarted(before, after),
        "no decoder died but of its limits": dead,
        "no exception in the log": tracebacks(product.log),
        "memory is flat": aftermath.grown(peak),
        "nothing left, `safelight verify` clean": left,
        "every process has ended": aftermath.outlived(alive),
    }


def _throw(
    senders: list[Sender], inputs: Inputs, numbers: Iterator[int], seconds: float, tally: Tally
) -> None:
    """Several clients take the inputs in turn, until there are no more or time is over."""
    ends, lock = time.monotonic() + seconds, Lock()

    def take() -> int | None:
        with lock:
            return next(numbers, None) if time.monotonic() < ends else None

    def work(sender: Sender) -> None:
        while (number := take()) is not None:
            sender.send(inputs.number(number))

    with ThreadPoolExecutor(len(senders)) as pool:
        working = [pool.submit(work, sender) for sender in senders]
        told = time.monotonic()
        while not all(task.done() for task in working):
            time.sleep(0.1)
            if time.monotonic() - told > TOLD:
                told = time.monotonic()
                print(_told(tally), flush=True)
        for task in working:
            task.result()


def _told(tally: Tally) -> str:
    """How far it is, and what was said no to by which code."""
    counts = dict(tally.counts)
    first = [f"{counts.pop(what, 0)} {what}" for what in ("inputs", "accepted", "ready")]
    return ", ".join(first + [f"{number} {what}" for what, number in sorted(counts.items())])


def _keep(inputs: Inputs, mode: str, seed: int, number: int, wrong: list[str]) -> None:
    """The file, the form, and what is wrong with it, in a folder that is not committed."""
    KEPT.mkdir(exist_ok=True)
    thrown, path = inputs.number(number), KEPT / f"{mode}-seed-{seed}-number-{number}"
    path.write_bytes(thrown.content)
    path.with_suffix(".form").write_bytes(thrown.form.body)
    words = [thrown.how, thrown.form.content_type, *thrown.wordings, *wrong]
    path.with_suffix(".txt").write_text("\n".join(words) + "\n")
    again = f"make fuzz MODE={mode} SEED={seed} ONLY={number}"
    print(f"{path}: {thrown.how}: {'; '.join(wrong)[:500]} ({again})")


if __name__ == "__main__":
    sys.exit(main())
