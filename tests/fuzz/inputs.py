"""Everything that is thrown: input number n of a seed is always the same."""

import json
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

from safelight.image_app.images import sniff
from tests.fuzz.forms import Form, form
from tests.fuzz.mutations import mutated
from tests.fuzz.wordings import wording
from tests.journeys import pictures

WHOLE = 0.03
"""How many files stay as they are: a product that refuses everything would pass otherwise."""
MOST_WORDINGS = 3
LIGHT_BYTES, LIGHT_PIXELS, RARE = 300_000, 3_000_000, 0.05


@dataclass(frozen=True)
class Input:
    """One picture's way through the product."""

    number: int
    content: bytes
    form: Form
    wordings: list[str]
    hasty: bool
    """Deleted at once, while it is processed."""
    how: str


class Inputs:
    """Made from the pictures of a corpus, or from those that the tests make themselves."""

    def __init__(self, seed: int, folder: Path) -> None:
        self._seed = seed
        has_corpus = (folder / "manifest.json").is_file()
        self.source = str(folder) if has_corpus else "pictures of the tests' own"
        self._common, self._rare = _of_corpus(folder) if has_corpus else (_own(), [])

    def number(self, number: int) -> Input:
        rng = Random(f"{self._seed}:{number}")
        name, content = self._picture(rng)
        other_name, other = self._picture(rng)
        done: list[str] = []
        if rng.random() >= WHOLE:
            content, done = mutated(rng, content, other)
        sent = form(rng, content)
        wordings = [wording(rng) for _ in range(rng.randrange(MOST_WORDINGS + 1))]
        how = f"{name} ({other_name}): {', '.join(done) or 'whole'}"
        return Input(number, content, sent, wordings, rng.random() < 0.05, how)

    def _picture(self, rng: Random) -> tuple[str, bytes]:
        seldom = self._rare and rng.random() < RARE
        return rng.choice(self._rare if seldom else self._common)


Named = list[tuple[str, bytes]]


def _of_corpus(folder: Path) -> tuple[Named, Named]:
    """Those that are taken and cheap to open, and the others, which come seldom."""
    light: Named = []
    rare: Named = []
    for entry in json.loads((folder / "manifest.json").read_text())["files"]:
        named = entry["file"], (folder / entry["file"]).read_bytes()
        pixels = (entry.get("width") or 0) * (entry.get("height") or 0)
        is_light = len(named[1]) <= LIGHT_BYTES and pixels <= LIGHT_PIXELS
        is_taken = sniff.content_type(named[1][: sniff.ENOUGH]) is not None
        (light if is_light and is_taken else rare).append(named)
    return light, rare


def _own() -> Named:
    """One of each kind, and small ones, in which a damage hits what matters more often."""
    made = {name: make() for name, (_, make) in pictures.KINDS.items()}
    made |= {f"turned {number}": pictures.turned_jpeg(number) for number in (3, 6)}
    made |= {"clear PNG": pictures.alpha_png(), "small JPEG": pictures.jpeg((40, 30))}
    made |= {f"film {form}": pictures.animation(form) for form in ("GIF", "WEBP")}
    speck = Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3))
    made |= {
        f"speck {form}": pictures.saved(speck, form)
        for form in ("PNG", "GIF", "WEBP", "TIFF", "AVIF")
    }
    return sorted(made.items())
