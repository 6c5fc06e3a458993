"""How the work spreads over processors that have one decoder each, and whose time it takes."""

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from statistics import median

from bench.client import Client, form
from bench.scaled.cpu import CpuSeconds, cpu_seconds, machine_seconds
from bench.scaled.group import settle
from bench.scaled.product import scaled
from bench.table import Row
from tests.scaled import ScaledProduct, Servers

COUNTS = (1, 2, 4)
ROUNDS = 3
PHOTOGRAPHS = 40
CLIENTS = 4
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Run:
    """One number of processors, once."""

    rate: float
    """Photographs a second, from the first upload to the last ready picture."""
    seconds: float
    cpu: CpuSeconds
    machine: float
    """CPU seconds of the whole machine meanwhile, which others use too."""

    def cores(self) -> tuple[float, float, float]:
        """That worked on average: for all of it, for the decoders of it, for others."""
        ours = self.cpu.total()
        return (
            ours / self.seconds,
            self.cpu.decoders / self.seconds,
            (self.machine - ours) / self.seconds,
        )


def measure(servers: Servers, paths: Sequence[Path]) -> list[Row]:
    """Medians of rounds, in each of which every number of processors has its turn."""
    bodies = [form(path.read_bytes(), path.name) for path in paths]
    chosen = [bodies[number % len(bodies)] for number in range(PHOTOGRAPHS)]
    rounds = [[_run(servers, count, chosen) for count in COUNTS] for _ in range(ROUNDS)]
    runs = dict(zip(COUNTS, zip(*rounds, strict=True), strict=True))
    one = median(run.rate for run in runs[1])
    rows = [_row(count, one, runs[count]) for count in COUNTS]
    return [*rows, _costs(runs[2])]


def _row(count: int, one: float, runs: Sequence[Run]) -> Row:
    rate = median(run.rate for run in runs)
    ours, decoding, others = map(median, zip(*(run.cores() for run in runs), strict=True))
    return Row(
        f"12 MP photographs a second, processors with one decoder each: {count}",
        f"{one:.2f} with one",
        f"{rate:.2f} = {rate / one:.2f}; cores: {ours:.2f}, decoding {decoding:.2f}, "
        f"others' {others:.2f}",
    )


def _costs(runs: Sequence[Run]) -> Row:
    """A photograph's whole price, and how many of them the machine could pay for."""
    prices = [astuple(run.cpu.divided(PHOTOGRAPHS)) for run in runs]
    price = [median(seconds) for seconds in zip(*prices, strict=True)]
    names = (part.name for part in fields(CpuSeconds))
    parts = (f"{name} {seconds * 1000:.0f}" for name, seconds in zip(names, price, strict=True))
    cores = os.cpu_count() or 1
    return Row(
        "CPU a photograph with two processors",
        f"at most {cores / sum(price):.2f} a second on {cores} cores",
        f"{sum(price) * 1000:.0f} ms: {', '.join(parts)}",
    )


def _run(servers: Servers, count: int, bodies: Sequence[bytes]) -> Run:
    settings = {"SAFELIGHT_LOG_LEVEL": "error", "SAFELIGHT_CHILDREN": "1"}
    with scaled(servers, processors=count, **settings) as product:
        settle(product, count, children=1)
        owner = Client(product.base_url)
        owner.sign_up("processors")
        for image_id in [owner.upload(body) for body in bodies[: 2 * count]]:
            owner.wait_until_processed(image_id)
        before, machine, started = cpu_seconds(product), machine_seconds(), time.perf_counter()
        _upload_all(product, owner, bodies)
        # A connection of its own: the server has closed the one that was silent meanwhile.
        _wait_for_all(Client(product.base_url, owner.token))
        seconds = time.perf_counter() - started
        spent, everybody = cpu_seconds(product).since(before), machine_seconds() - machine
    return Run(len(bodies) / seconds, seconds, spent, everybody)


def _upload_all(product: ScaledProduct, owner: Client, bodies: Sequence[bytes]) -> None:
    def work(share: Sequence[bytes]) -> None:
        client = Client(product.base_url, owner.token)
        for body in share:
            client.upload(body)

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(work, (bodies[client::CLIENTS] for client in range(CLIENTS))))


def _wait_for_all(owner: Client) -> None:
    while "processing" in (found := set(owner.statuses().values())):
        time.sleep(POLL_SECONDS)
    assert found == {"ready"}
