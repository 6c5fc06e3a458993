"""One picture, one result: the time it takes beside the others, and how right its pixels are."""

from collections.abc import Mapping
from pathlib import Path

from bench.pixels import pictures
from bench.pixels.engines import Candidate, Engines, Measured
from bench.pixels.likeness import Sides, likeness, reduced
from bench.pixels.pillow_worker import DRAFT
from bench.table import Row
from safelight.contract.transformations import Transformation

RESULT = "result"
OWN = "own"
"""sharp at its defaults, as whoever calls it without a word on the encoder has it."""
ROUNDS = 15
FEWER_ROUNDS = 9
"""For what takes long."""
SHARP_ENOUGH = 0.955
"""SSIM of the default, within `PATIENCE` times sharp's default time."""
PATIENCE = 1.5


def measure(engines: Engines, folder: Path) -> list[Row]:
    return [
        *_six_megapixels(engines, folder),
        *_twenty_four_megapixels(engines, folder),
        *_png_with_alpha(engines, folder),
    ]


def _six_megapixels(engines: Engines, folder: Path) -> list[Row]:
    source, what = pictures.six_megapixels(folder), "6 MP JPEG → 720 × 588 JPEG, quality 80"
    sides = (720, 588)
    default = Transformation(width=sides[0], height=sides[1], format="jpeg")
    plain = default.model_copy(update={"progressive": False})
    fast = plain.model_copy(update={"effort": 0})
    candidates = {
        "effort 0": Candidate("product", {RESULT: fast}),
        "default": Candidate("product", {RESULT: default}),
        "default, not progressive": Candidate("product", {RESULT: plain}),
        "sharp": Candidate("sharp", {RESULT: plain}),
        "Pillow": Candidate("pillow", {RESULT: plain}),
        "Pillow with draft": Candidate("pillow", {RESULT: plain}, DRAFT),
    }
    found = engines.compare(source, "image/jpeg", candidates, ROUNDS)
    alike = _alike(found, source, sides)
    sharp = found["sharp"].seconds
    quick = found["effort 0"].seconds <= sharp and _no_less(alike["effort 0"], alike["sharp"])
    right = found["default"].seconds <= sharp * PATIENCE and alike["default"] >= SHARP_ENOUGH
    verdicts = {
        "effort 0": (quick, "≤ 1, SSIM ≥ sharp's"),
        "default": (right, f"≤ {PATIENCE}, SSIM ≥ {SHARP_ENOUGH}"),
    }
    return _rows(what, found, alike, verdicts)


def _twenty_four_megapixels(engines: Engines, folder: Path) -> list[Row]:
    source, sides = pictures.twenty_four_megapixels(folder), (200, 200)
    wanted = {RESULT: Transformation(width=200, height=200, fit="cover", format="webp")}
    candidates = {
        "default": Candidate("product", wanted),
        "sharp": Candidate("sharp", wanted, OWN),
        "sharp with the product's options": Candidate("sharp", wanted),
        "Pillow": Candidate("pillow", wanted),
        "Pillow with draft": Candidate("pillow", wanted, DRAFT),
    }
    found = engines.compare(source, "image/jpeg", candidates, ROUNDS)
    alike = _alike(found, source, sides)
    return _rows("24 MP JPEG → 200 × 200 cover WebP", found, alike, _ahead(found))


def _png_with_alpha(engines: Engines, folder: Path) -> list[Row]:
    source, sides = pictures.png_with_alpha(folder), (1000, 750)
    wanted = {RESULT: Transformation(width=sides[0], height=sides[1], format="png")}
    candidates = {
        "default": Candidate("product", wanted),
        "sharp": Candidate("sharp", wanted),
        "Pillow": Candidate("pillow", wanted),
    }
    found = engines.compare(source, "image/png", candidates, FEWER_ROUNDS)
    alike = _alike(found, source, sides)
    return _rows("3 MP PNG with alpha → half size PNG", found, alike, _ahead(found))


Verdicts = Mapping[str, tuple[bool, str]]


def _ahead(found: Mapping[str, Measured]) -> Verdicts:
    return {"default": (found["default"].seconds < found["sharp"].seconds, "< 1")}


def _alike(found: Mapping[str, Measured], source: Path, sides: Sides) -> dict[str, float]:
    reference = reduced(source, sides)
    return {name: likeness(m.folder / RESULT, reference) for name, m in found.items()}


def _no_less(ssim: float, than: float) -> bool:
    """To three digits: the next ones say more of the encoder than of the pixels."""
    return round(ssim, 3) >= round(than, 3)


def _rows(
    what: str, found: Mapping[str, Measured], alike: Mapping[str, float], verdicts: Verdicts
) -> list[Row]:
    sharp = found["sharp"]
    rows = []
    for name, measured in found.items():
        told = f"SSIM {alike[name]:.4f}, {measured.sizes[RESULT]:,} bytes"
        if name == "sharp":
            rows.append(Row(f"{what}: sharp", "", f"{measured.milliseconds()}, {told}"))
            continue
        ratio = f"{measured.milliseconds()} = {measured.seconds / sharp.seconds:.2f}"
        met, target = verdicts.get(name, (True, ""))
        who = name if name.startswith(("Pillow", "sharp")) else f"product, {name}"
        told = f"{ratio}, {told}"
        rows.append(Row(f"{what}: {who}", f"{sharp.milliseconds()} sharp", told, met, target))
    return rows
