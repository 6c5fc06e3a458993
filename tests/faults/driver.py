"""Does one fault after another to a started product under load, and looks at what is left."""

import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.faults.checks import Found, compare, compare_originals
from tests.faults.customer import Answers
from tests.faults.fault import Fault
from tests.faults.ground import Ground
from tests.faults.ledger import Ledger
from tests.faults.load import Load
from tests.faults.needs import LACKING
from tests.logbook import unforeseen
from tests.memory import Peak
from tests.product import Product
from tests.scaled import ScaledProduct, servers_of_its_own
from tests.servers import chosen_broker

CLIENTS = 3
LOG_LINES = 20
"""Shown of the product's log beside a fault that was not survived."""
BEFORE, AFTER = 3, 5
"""Pictures that are promised before and after each harm."""


@dataclass
class Row:
    """What became of one fault in one mode. `wrong` says what is amiss; `left_out`, why it was
    not done.
    """

    mode: str
    name: str
    wrong: list[str] = field(default_factory=list)
    left_out: str = ""
    kills: int = 0
    recovery: float = 0.0
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True)
class Extent:
    """How much is done: with which random choices, each fault how often at most, for how many
    minutes of overload, with how many seconds between two pictures of one client, with which bad
    files beside our own.
    """

    seed: int
    times: int
    minutes: float
    pause: float
    corpus: Path | None


@dataclass
class Outcome:
    """What became of one mode."""

    mode: str
    rows: list[Row] = field(default_factory=list)
    promised: int = 0
    lost: int = 0
    doubled: int = 0
    orphans: int = 0
    bad_files: Counter[bool] = field(default_factory=Counter)
    memory: dict[str, int] = field(default_factory=dict)


def run(
    mode: str,
    faults: Sequence[Fault],
    extent: Extent,
    tell: Callable[[Row], None],
) -> Outcome:
    """Every fault of this mode, in order; what one of them breaks is mended before the next."""
    outcome = Outcome(mode)
    with _started(mode, extent) as ground, Peak(ground.product) as ground.peak:
        ground.corpus = extent.corpus
        for fault in faults:
            if mode in fault.modes:
                # A number of its own, so that `--only` does what the whole run does.
                ground.random.seed(f"{extent.seed} {mode} {fault.name}")
                fault = replace(fault, times=min(fault.times, extent.times))
                outcome.rows.append(_row(ground, fault, outcome))
                tell(outcome.rows[-1])
        outcome.rows.append(_last_row(ground, outcome))
        outcome.promised, outcome.memory = len(ground.ledger), ground.peak.most
        outcome.bad_files = ground.bad_files
        tell(outcome.rows[-1])
    return outcome


def _row(ground: Ground, fault: Fault, outcome: Outcome) -> Row:
    row = Row(ground.mode, fault.name, left_out=LACKING[fault.needs]())
    if row.left_out:
        return row
    began, since, offset = time.monotonic(), len(ground.ledger), ground.log_size()
    ground.begin()
    try:
        _inject(ground, fault)
        found = compare(ground, since)
        row.wrong += found.all()
        _count(found, outcome)
    except Exception as error:
        # A fault that is not survived is a row of the table, and no end of it.
        row.wrong.append(f"{type(error).__name__}: {error}"[:1000])
    row.wrong += _said(ground, offset)
    row.notes = ground.notes
    row.kills, row.recovery = ground.kills, max(ground.recoveries, default=0.0)
    if row.wrong:
        _show_log(ground, offset)
        row.wrong += _mended(ground)
    row.seconds = time.monotonic() - began
    return row


def _inject(ground: Ground, fault: Fault) -> None:
    for _ in range(fault.times):
        ground.load.go_on()
        ground.promise_more(BEFORE)
        ground.wait_a_moment()
        fault.inject(ground)
        ground.recover()
        ground.promise_more(AFTER)
    ground.load.pause()
    ground.settle()


def _last_row(ground: Ground, outcome: Outcome) -> Row:
    """The bytes of everything that was ever promised; then it ends as it should, and nothing is
    amiss on the disk.
    """
    row, began = Row(ground.mode, "the end of everything"), time.monotonic()
    ground.load.end()
    try:
        found = Found()
        found.lost += compare_originals(ground)
        _count(found, outcome)
        row.wrong += found.all()
        if (code := ground.product.stop()) != 0:
            row.wrong.append(f"its exit code is {code}")
        code, words = ground.product.verify()
        row.wrong += [words] if code else []
    except Exception as error:
        # As with every other row.
        row.wrong.append(f"{type(error).__name__}: {error}"[:1000])
    row.seconds = time.monotonic() - began
    return row


def _count(found: Found, outcome: Outcome) -> None:
    outcome.lost += len(found.lost)
    outcome.doubled += len(found.doubled)
    outcome.orphans += len(found.orphans)


def _said(ground: Ground, offset: int) -> list[str]:
    """What clients were answered, and what the log tells, that nobody should be told."""
    wrong = [f"{words} ({n} times)" for words, n in ground.answers.wrong.items()]
    traced = filter(unforeseen, ground.log_since(offset).splitlines())
    if not ground.may_trace and (line := next(traced, "")):
        wrong.append(f"the log has an exception: {line[:200]} ... {line[-600:]}")
    return wrong


def _show_log(ground: Ground, offset: int) -> None:
    said = ground.log_since(offset).splitlines()
    telling = [line for line in said if '"level": "info"' not in line]
    for line in telling[-LOG_LINES:]:
        print(f"{ground.mode}: {line}", file=sys.stderr)


def _mended(ground: Ground) -> list[str]:
    """Nothing that was lost once is a fault of those that come after."""
    ground.load.pause()
    try:
        ground.mend()
    except Exception as error:
        return [f"it could not be started again: {error}"]
    return []


@contextmanager
def _started(mode: str, extent: Extent) -> Iterator[Ground]:
    with TemporaryDirectory(prefix="safelight-faults-") as folder, ExitStack() as ending:
        product = _product(mode, Path(folder), ending)
        ending.callback(product.end)
        product.start()
        ledger = Ledger(Path(folder) / "ledger")
        ground = Ground(
            mode, product, ledger, Answers(), random.Random(extent.seed), extent.minutes
        )
        ground.load = Load([ground.client() for _ in range(CLIENTS)], extent.pause)
        ending.callback(ground.load.end)
        yield ground


def _product(mode: str, folder: Path, ending: ExitStack) -> Product:
    (folder / "product").mkdir()
    if mode == "embedded":
        return Product(folder / "product", SAFELIGHT_CHILDREN="2")
    servers = ending.enter_context(servers_of_its_own(folder / "servers", chosen_broker()))
    return ScaledProduct(folder / "product", servers, apis=2, processors=2, SAFELIGHT_CHILDREN="1")
