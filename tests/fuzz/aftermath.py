"""What must hold once everything is thrown: nothing broken, nothing left, nothing grown."""

from collections.abc import Sequence
from statistics import median

import psutil

from tests.fuzz.sender import Tally
from tests.logbook import OVERTIME, deaths
from tests.memory import Peak, processes
from tests.product import Product

MIB = 1 << 20
GROWTH, GROWN = 1.25, 32 * MIB
"""A process has grown when it has, in the last quarter of the run, so many times what it had in
the second, and so much more."""
FILES_MORE = 20


def open_files(product: Product) -> dict[str, int]:
    """Descriptors of each process that lasts, by kind and id."""
    found = {}
    for kind, process in processes(product):
        if kind != "decoder":
            found[f"{kind} {process.pid}"] = process.num_fds()
    return found


def restarted(before: dict[str, int], after: dict[str, int]) -> list[str]:
    """Processes that were there and are not any more, or hold many more files."""
    gone = [f"{name} is gone" for name in before if name not in after]
    grown = [
        f"{name} had {before[name]} open files and has {count}"
        for name, count in after.items()
        if count > before.get(name, count) + FILES_MORE
    ]
    return gone + grown


def decoder_deaths(product: Product, tally: Tally) -> tuple[list[str], int]:
    """Decoders that died of anything but their own deadline, each blamed on its input; and how
    many ran into that.
    """
    wrong, excused = [], 0
    for line in deaths(product.log):
        reason = line.get("reason", line["event"])
        if reason.startswith(OVERTIME):
            excused += 1
            continue
        wrong.append(f"{reason} (image {line.get('image_id')})")
        number = tally.number_of.get(line.get("image_id", ""))
        if number is not None:
            tally.blame(number, reason)
    return wrong, excused


def grown(peak: Peak) -> list[str]:
    """Kinds of lasting processes whose memory did not stay flat."""
    quarter = len(peak.seen) // 4
    if not quarter:
        return []
    second, last = peak.seen[quarter : 2 * quarter], peak.seen[-quarter:]
    found = []
    for kind in peak.most.keys() - {"decoder", "other"}:
        before = median(sample.get(kind, 0) for _, sample in second)
        after = median(sample.get(kind, 0) for _, sample in last)
        if after > before * GROWTH and after > before + GROWN:
            found.append(f"{kind} grew from {before / MIB:.0f} to {after / MIB:.0f} MB")
    return found


def signs_of_life(tally: Tally, inputs: int) -> list[str]:
    """A run in which nothing was taken has tried nothing."""
    if inputs > 200 and not (tally.counts["ready"] and tally.counts["rendered"]):
        return ["no picture became ready"]
    return []


def outlived(children: Sequence[psutil.Process]) -> list[str]:
    """Processes of the product that outlived it."""
    return [f"process {child.pid} is still there" for child in children if child.is_running()]
