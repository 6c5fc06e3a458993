"""Whose processor time it was."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import astuple, dataclass

import psutil

from tests.product import Part
from tests.scaled import ScaledProduct


@dataclass(frozen=True)
class CpuSeconds:
    """Seconds of work, the kernel's on their behalf included."""

    decoders: float
    processors: float
    """Without their decoders."""
    api: float
    servers: float
    """Database, cache, object store, broker."""
    client: float
    """Who uploads and asks: this process."""

    def since(self, before: "CpuSeconds") -> "CpuSeconds":
        pairs = zip(astuple(self), astuple(before), strict=True)
        return CpuSeconds(*(now - then for now, then in pairs))

    def divided(self, count: int) -> "CpuSeconds":
        return CpuSeconds(*(seconds / count for seconds in astuple(self)))

    def total(self) -> float:
        return float(sum(astuple(self)))


def cpu_seconds(product: ScaledProduct) -> CpuSeconds:
    """So far. Everything that this process started and that is no part of the product serves it."""
    here = psutil.Process()
    api, processors = _spent(map(_process, product.apis)), _spent(map(_process, product.processors))
    decoders = _spent(product.decoders())
    everything = _spent(here.children(recursive=True))
    return CpuSeconds(
        decoders, processors, api, everything - api - processors - decoders, _spent([here])
    )


def machine_seconds() -> float:
    """What all processes of the machine have had so far, and what its host kept from it."""
    times = psutil.cpu_times()
    parts = (times.user, times.nice, times.system, times.irq, times.softirq, times.steal)
    return float(sum(parts))


def _process(part: Part) -> psutil.Process:
    return psutil.Process(part.process.pid)


def _spent(processes: Iterable[psutil.Process]) -> float:
    seconds = 0.0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            seconds += times.user + times.system
    return seconds
