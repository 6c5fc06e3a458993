"""Transformations as they stand in an address: sensible, extreme, and nonsense."""

from random import Random
from string import printable

from safelight.contract.transformations import Transformation

SIDES = ("17", "100", "300", "1", "2", "701", "0", "-1", "16384", "16385", "1e3", "99999999999")
NUMBERS = ("0.5", "1", "2", "0", "0.3", "3.5", "10", "90", "-45.5", "250", "NaN", "inf", "1e308")
COLOURS = ("ff0000", "00ff0080", "transparent", "rebeccapurple", "#12", "red;")
VALUES: dict[str, tuple[str, ...]] = {
    "width": SIDES,
    "height": SIDES,
    "fit": ("scale-down", "contain", "cover", "crop", "pad", "squeeze", "COVER"),
    "gravity": ("north", "southwest", "entropy", "attention", "0.2:0.9", "1:1", "2:0", "x"),
    "crop": ("0:0:5:5", "0.2:0.2:0.5:0.5", "50:30:400:400", "0:0:0:0", "-1:-1:9:9", "1:2:3"),
    "trim": ("true", "10", "255", "false", "255", "256"),
    "flip": ("h", "v", "hv", "vh"),
    "tint": COLOURS,
    "background": COLOURS,
    "pad": ("3", "1:2:3:4", "0:9", "100000", "-1"),
    "format": ("auto", "png", "webp", "jpeg", "avif", "gif", "tiff", "svg", "pdf"),
    "quality": ("1", "50", "100", "0", "101"),
    "effort": ("0", "1", "4", "10"),
    "pixelate": ("2", "40", "256", "1"),
    "metadata": ("none", "copyright", "all"),
    "max_bytes": ("1024", "20000", "52428800", "1"),
    "preset": ("thumb", "small", "nothing", ""),
    "watermark": ("x", "{}"),
    "vips_option": ("1",),
}
FLAGS = ("true", "false")
SENSIBLE, SAFE = 0.9, 3
"""How often a value is one of the first, which are allowed."""
OPTIONS = tuple(dict.fromkeys((*Transformation.model_fields, *VALUES)))


def wording(rng: Random) -> str:
    """One text: mostly one that is allowed, every fourth damaged."""
    names = rng.choices(OPTIONS[:-2] if rng.random() < SENSIBLE else OPTIONS, k=rng.randint(0, 4))
    given = {name: _value(rng, name) for name in ["width", *names]}
    parts = [f"{name}={value}" for name, value in given.items()]
    text = ",".join(parts if rng.random() < SENSIBLE else parts * rng.choice((2, 99)))
    for _ in range(rng.choice((0, 0, 0, 1, 3))):
        at = rng.randrange(len(text) + 1)
        strange = rng.choice((rng.choice(printable), "\u0000", "é", "\u202e", "%", "/", "..", "💥"))
        text = text[:at] + strange + text[at + rng.randrange(2) :]
    return text


def _value(rng: Random, name: str) -> str:
    field = Transformation.model_fields.get(name)
    flag = bool(field and field.annotation is bool)
    values = VALUES.get(name, FLAGS if flag else NUMBERS)
    return rng.choice(values[:SAFE] if rng.random() < SENSIBLE else values)
