"""The four built-in presets of one picture: in one job, one by one, and by sharp."""

from collections.abc import Mapping
from pathlib import Path

from bench.pixels import pictures
from bench.pixels.engines import Candidate, Engines
from bench.pixels.product_worker import EACH
from bench.table import Row
from safelight.contract.presets import BUILT_IN
from safelight.contract.transformations import Transformation

ROUNDS = 7
SHARED = 0.7
"""The most that all in one job may take of what they take one by one."""
WAYS = {
    "separate": "a pipeline for each",
    "clone": "clones of one input",
    "raw": "one decode to raw pixels",
    "chain": "one decode, small ones from the preview's pixels",
}
"""How sharp may do it, see `sharp_worker.mjs`. The best one counts."""


def measure(engines: Engines, folder: Path) -> list[Row]:
    source = pictures.twenty_four_megapixels(folder)
    candidates = {
        "job": Candidate("product", BUILT_IN),
        "each": Candidate("product", BUILT_IN, EACH),
        **{way: Candidate("sharp", BUILT_IN, way) for way in WAYS},
        "pillow": Candidate("pillow", _without_attention(BUILT_IN)),
    }
    found = engines.compare(source, "image/jpeg", candidates, ROUNDS)
    best = min(WAYS, key=lambda way: found[way].seconds)
    job, sharp = found["job"], found[best]
    what = "24 MP JPEG → the four presets"
    rows = [
        Row(
            f"{what}: product, in one job",
            f"{sharp.milliseconds()} sharp, {WAYS[best]}",
            f"{job.milliseconds()} = {job.seconds / sharp.seconds:.2f}, {_bytes(job.sizes)}",
            job.seconds < sharp.seconds,
            "< 1",
        ),
        Row(
            f"{what}: product, in one job over a job for each",
            f"{found['each'].milliseconds()} a job for each",
            f"{job.milliseconds()} = {job.seconds / found['each'].seconds:.2f}",
            job.seconds <= SHARED * found["each"].seconds,
            f"≤ {SHARED}",
        ),
    ]
    told = {f"sharp, {words}": found[way] for way, words in WAYS.items()}
    for who, other in (told | {"Pillow": found["pillow"]}).items():
        ratio = other.seconds / sharp.seconds
        measured = f"{other.milliseconds()} = {ratio:.2f}, {_bytes(other.sizes)}"
        rows.append(Row(f"{what}: {who}", f"{sharp.milliseconds()} sharp's best", measured))
    return rows


def _bytes(sizes: Mapping[str, int]) -> str:
    return f"{sum(sizes.values()):,} bytes"


def _without_attention(presets: Mapping[str, Transformation]) -> dict[str, Transformation]:
    """For Pillow, which has no such gravity."""
    return {n: t.model_copy(update={"gravity": "center"}) for n, t in presets.items()}
