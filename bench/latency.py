"""From upload to four ready variants, against the bare pyvips work in one process."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.client import Client, form
from bench.table import Row
from tests.product import running

ROUNDS = 9
LIMIT = 1.5


def measure(path: Path) -> list[Row]:
    """Medians of rounds taken in turn, so that a busy machine slows both alike."""
    body = form(path.read_bytes(), path.name)
    bare, product_times = [], []
    worker = subprocess.Popen(
        [sys.executable, "-m", "bench.bare_worker", str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    assert worker.stdin
    assert worker.stdout
    with running(SAFELIGHT_LOG_LEVEL="error") as product, worker:
        worker.stdout.readline()
        client = Client(product.base_url)
        client.sign_up("latency")
        client.wait_until_processed(client.upload(body))
        for _ in range(ROUNDS):
            worker.stdin.write("go\n")
            bare.append(float(worker.stdout.readline()))
            started = time.perf_counter()
            client.wait_until_processed(client.upload(body))
            product_times.append(time.perf_counter() - started)
        worker.stdin.close()
    reference, measured = statistics.median(bare), statistics.median(product_times)
    ratio = measured / reference
    return [
        Row(
            "upload → four variants ready, 12 MP, times bare pyvips in one process",
            f"{reference * 1000:.0f} ms",
            f"{measured * 1000:.0f} ms = {ratio:.2f}",
            ratio <= LIMIT,
            f"≤ {LIMIT}",
        )
    ]
