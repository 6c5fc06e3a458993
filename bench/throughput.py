"""100 photographs from 8 clients at once, against the bare pyvips work on the same cores."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.client import Client, form
from bench.table import Row
from tests.product import running

PHOTOGRAPHS = 100
CLIENTS = 8
LIMIT = 0.8
POLL_SECONDS = 0.5


def measure(paths: list[Path]) -> list[Row]:
    """Photographs a second, from the first upload to the last ready picture."""
    chosen = [paths[i % len(paths)] for i in range(PHOTOGRAPHS)]
    bare = _bare(chosen)
    seconds, lost = _product(chosen)
    ratio = bare / seconds
    what = f"{PHOTOGRAPHS} photographs from {CLIENTS} clients"
    return [
        Row(
            f"{what}, throughput over bare pyvips on the same cores",
            f"{PHOTOGRAPHS / bare:.2f} a second",
            f"{PHOTOGRAPHS / seconds:.2f} a second = {ratio:.2f}",
            ratio >= LIMIT,
            f"≥ {LIMIT}",
        ),
        Row(f"{what}, lost", f"{PHOTOGRAPHS} sent", str(lost), lost == 0, "0"),
    ]


def _bare(chosen: list[Path]) -> float:
    """Seconds that one bare process a core needs, each with its share, decoders warm."""
    cores = os.cpu_count() or 1
    shares = [[str(path) for path in chosen[core::cores]] for core in range(cores)]
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "bench.bare_worker", *share],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        for share in shares
    ]
    for worker in workers:
        _hear(worker)
    started = time.perf_counter()
    for worker in workers:
        assert worker.stdin
        worker.stdin.write("go\n")
    for worker in workers:
        _hear(worker)
    seconds = time.perf_counter() - started
    for worker in workers:
        worker.communicate()
    return seconds


def _hear(worker: subprocess.Popen[str]) -> str:
    assert worker.stdout
    return worker.stdout.readline()


def _product(chosen: list[Path]) -> tuple[float, int]:
    bodies = {path: form(path.read_bytes(), path.name) for path in set(chosen)}
    with running(SAFELIGHT_LOG_LEVEL="error") as product:
        owner = Client(product.base_url)
        owner.sign_up("throughput")
        owner.wait_until_processed(owner.upload(bodies[chosen[0]]))

        def work(share: list[Path]) -> list[str]:
            client = Client(product.base_url, owner.token)
            return [client.upload(bodies[path]) for path in share]

        started = time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as clients:
            shares = [chosen[client::CLIENTS] for client in range(CLIENTS)]
            sent = {id_ for ids in clients.map(work, shares) for id_ in ids}
        while "processing" in (found := owner.statuses()).values():
            time.sleep(POLL_SECONDS)
        seconds = time.perf_counter() - started
    return seconds, sum(found.get(id_) != "ready" for id_ in sent)
