"""Peak memory of the API process while 8 clients upload 25 MB files at once."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.client import Client, form
from bench.table import Row
from tests.product import Product, running

CLIENTS = 8
UPLOADS_EACH = 3
FILE_BYTES = 25 << 20
LIMIT_MB = 60


def measure(picture: bytes) -> list[Row]:
    """Growth over idle, in MB. The files are a photograph with bytes behind its end."""
    body = form(picture + os.urandom(FILE_BYTES - len(picture)), "large.jpg")
    with running(SAFELIGHT_LOG_LEVEL="error") as product:
        owner = Client(product.base_url)
        owner.sign_up("memory")
        owner.wait_until_processed(owner.upload(form(picture, "first.jpg")))
        idle = _forget_peak(product)

        def work(_: int) -> list[str]:
            client = Client(product.base_url, owner.token)
            return [client.upload(body) for _ in range(UPLOADS_EACH)]

        with ThreadPoolExecutor(CLIENTS) as clients:
            uploaded = [id_ for ids in clients.map(work, range(CLIENTS)) for id_ in ids]
        for image_id in uploaded:
            owner.wait_until_processed(image_id, pause=0.1)
        grown = _peak(product) - idle
    what = f"peak memory of the API, {CLIENTS} clients uploading 25 MB files, MB above idle"
    return [Row(what, f"idle {idle:.0f} MB", f"{grown:.0f} MB", grown <= LIMIT_MB, f"≤ {LIMIT_MB}")]


def _forget_peak(product: Product) -> float:
    Path(f"/proc/{product.parts[0].process.pid}/clear_refs").write_text("5")
    return _peak(product)


def _peak(product: Product) -> float:
    """Most memory the process has had at once since the last reset, in MB (Linux)."""
    for line in Path(f"/proc/{product.parts[0].process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the kernel does not tell the peak")
