"""Pillow in a process of its own, as its documentation would have it."""

from io import BytesIO

from PIL import Image, ImageOps, features
from PIL import __version__ as version

from bench.pixels.worker import Task, serve
from safelight.contract.geometry import fitted_sides, scaled_sides
from safelight.contract.transformations import Transformation

DRAFT = "draft"
"""The way that lets the JPEG decoder scale, as far as the wanted sides allow."""
LANCZOS = Image.Resampling.LANCZOS


def work(task: Task) -> dict[str, bytes]:
    """One decode for all, at whatever sides the largest needs."""
    with Image.open(task.source) as opened:
        if task.way == DRAFT:
            [wanted] = task.wanted.values()
            opened.draft("RGB", scaled_sides(opened.size, wanted))
        opened.load()
        return {name: _made(opened, wanted) for name, wanted in task.wanted.items()}


def _made(opened: Image.Image, wanted: Transformation) -> bytes:
    sides = fitted_sides(opened.size, wanted)
    picture = opened
    if wanted.fit == "cover":
        picture = ImageOps.fit(opened, sides, LANCZOS)
    elif sides != opened.size:
        picture = opened.resize(sides, LANCZOS)
    if wanted.grayscale:
        picture = picture.convert("L")
    file = BytesIO()
    match wanted.format:
        case "webp":
            quality, effort = wanted.quality or 79, wanted.effort or 2
            picture.save(file, "WEBP", quality=quality, method=effort)
        case "png":
            picture.save(file, "PNG")
        case _:
            quality = wanted.quality or 80
            picture.save(file, "JPEG", quality=quality, progressive=wanted.progressive)
    return file.getvalue()


if __name__ == "__main__":
    turbo = features.version("libjpeg_turbo")
    serve(f"Pillow {version} (libjpeg-turbo {turbo})", work)
