"""An upload of five megabytes, beside a bare route that writes the same body to a file and hashes
it on the way.
"""

import statistics
import tempfile
from pathlib import Path

from bench.api.album import SETTINGS
from bench.api.generator import bare, generating, request
from bench.client import BOUNDARY, Client, form
from bench.table import Row
from tests.product import running

ROUNDS = 15
BYTES = 5_000_000
AT_LEAST = 0.6
SECONDS = 60.0
"""More than one upload takes."""


def measure(photograph: Path) -> list[Row]:
    """Medians of rounds taken in turn; each upload is processed before the next begins."""
    body = form(_of_size(photograph.read_bytes()), photograph.name)
    kind = f"Content-Type: multipart/form-data; boundary={BOUNDARY}"
    bare_times: list[float] = []
    times: list[float] = []
    with (
        tempfile.TemporaryDirectory() as served,
        tempfile.TemporaryDirectory() as written,
        running(**SETTINGS) as product,
        bare(Path(served)) as reference,
        generating(Path(written)) as generator,
    ):
        client = Client(product.base_url)
        client.sign_up("uploader")
        signed = f"Authorization: Bearer {client.token}"
        received = generator.write("bare", request("POST /received", kind, body=body))
        upload = generator.write("upload", request("POST /v1/images", signed, kind, body=body))
        for _ in range(ROUNDS):
            for address, asked, kept in (
                (reference, received, bare_times),
                (product.base_url, upload, times),
            ):
                answered = generator.run(address, asked, SECONDS, 201, 1, again=False)
                kept += answered.latencies
            while "processing" in client.statuses().values():
                pass
    ratio = statistics.median(b / t for b, t in zip(bare_times, times, strict=True))
    return [
        Row(
            "an upload of 5 MB, speed beside a bare route that writes it to a file",
            f"{statistics.median(bare_times) * 1000:.1f} ms",
            f"{statistics.median(times) * 1000:.1f} ms = {ratio:.2f}",
            ratio >= AT_LEAST,
            f"≥ {AT_LEAST}",
        )
    ]


def _of_size(photograph: bytes) -> bytes:
    """The photograph with bytes after its end, which readers of JPEG pass over."""
    return photograph[:BYTES] if len(photograph) > BYTES else photograph.ljust(BYTES, b"\0")
