"""The four built-in presets of one picture: in one job, one by one, and by sharp."""

from collections.abc import Mapping
from pathlib import Path

from bench.pixels import pictures
from bench.pixels.engines import Candidate, Engines, Measured
from bench.pixels.product_worker import EACH, WHOLE_EACH
from bench.table import Row
from safelight.contract.presets import BUILT_IN
from safelight.contract.transformations import Transformation

ROUNDS = 5
SHARED = 0.7
"""The most that all may take together of what they take with a decode of the whole picture for
each. A JPEG's decoder scales for the small ones by themselves, which is told beside it: what is
shared then is little, for one of the four is as large as the original.
"""
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
        "whole": Candidate("product", BUILT_IN, WHOLE_EACH),
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
            f"{_over(job, sharp)}, {_bytes(job.sizes)}",
            job.seconds < sharp.seconds,
            "< 1",
        ),
        Row(
            f"{what}: product, one decode for all over one for each",
            f"{found['whole'].milliseconds()} a decode for each",
            _over(job, found["whole"]),
            job.seconds <= SHARED * found["whole"].seconds,
            f"≤ {SHARED}",
        ),
        Row(
            f"{what}: product, in one job over a job for each, scaled by the decoder",
            f"{found['each'].milliseconds()} a job for each",
            _over(job, found["each"]),
        ),
    ]
    told = {f"sharp, {words}": found[way] for way, words in WAYS.items()}
    for who, other in (told | {"Pillow": found["pillow"]}).items():
        measured = f"{_over(other, sharp)}, {_bytes(other.sizes)}"
        rows.append(Row(f"{what}: {who}", f"{sharp.milliseconds()} sharp's best", measured))
    return rows


def _over(measured: Measured, reference: Measured) -> str:
    return f"{measured.milliseconds()} = {measured.seconds / reference.seconds:.2f}"


def _bytes(sizes: Mapping[str, int]) -> str:
    return f"{sum(sizes.values()):,} bytes"


def _without_attention(presets: Mapping[str, Transformation]) -> dict[str, Transformation]:
    """For Pillow, which has no such gravity."""
    return {n: t.model_copy(update={"gravity": "center"}) for n, t in presets.items()}
