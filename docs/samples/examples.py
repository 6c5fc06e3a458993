"""What the documentation shows of each option: a picture before and after, and what was asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

WIDTH, HEIGHT = 240, 180
Options = Mapping[str, Any]
BOX: Options = {"width": WIDTH, "height": HEIGHT, "fit": "cover"}
WITHIN: Options = {"width": WIDTH, "height": HEIGHT}
OVERLAY = "logo"
"""The original that a watermark with an `image_id` takes."""
OVERLAY_ID = "00000000-0000-7000-8000-000000000001"
"""The id by which `rendering` knows it."""


@dataclass(frozen=True)
class Example:
    """`before` and `after` are told beside the picture, `both` is asked for silently."""

    option: str
    original: str
    after: Options
    before: Options = field(default_factory=dict)
    both: Options = field(default_factory=lambda: BOX)
    bytes_told: bool = False
    """Whether the pictures look alike, and their files are what differs."""
    shown: float = 1
    """The part of each file that has arrived."""


def _encoded(option: str, original: str, before: Options, after: Options, **more: Any) -> Example:
    return Example(option, original, after, before, bytes_told=True, **more)


EXAMPLES = (
    Example("width", "harbour", {"width": 120}, {"width": 240}, both={}),
    Example("height", "harbour", {"height": 80}, {"height": 160}, both={}),
    Example("dpr", "harbour", {"width": 120, "dpr": 2}, {"width": 120}, both={}),
    Example(
        "fit",
        "harbour",
        {"fit": "cover"},
        {"fit": "scale-down"},
        both={"width": 180, "height": 180},
    ),
    Example("gravity", "astronaut", {"gravity": "attention"}, {"gravity": "south"}),
    Example("crop", "coffee", {"crop": [0.28, 0.02, 0.45, 0.5]}),
    Example("trim", "framed", {"trim": True}, both=WITHIN),
    Example("rotate", "cat", {"rotate": -8, "background": "steelblue"}, both=WITHIN),
    Example("flip", "cat", {"flip": "h"}),
    Example("auto_orient", "sideways", {"auto_orient": True}, {"auto_orient": False}, both=WITHIN),
    Example("grayscale", "astronaut", {"grayscale": True}, both={**BOX, "gravity": "attention"}),
    Example("tint", "coffee", {"tint": "teal"}),
    Example("brightness", "cat", {"brightness": 1.5}),
    Example("contrast", "harbour", {"contrast": 1.7}),
    Example("saturation", "coffee", {"saturation": 0.25}),
    Example("hue", "coffee", {"hue": 120}),
    Example("gamma", "rocket", {"gamma": 2.2}),
    Example("blur", "coffee", {"blur": 5}),
    Example("sharpen", "cat", {"sharpen": 2}),
    Example("pixelate", "astronaut", {"pixelate": 12}, both={**BOX, "gravity": "attention"}),
    Example(
        "pad",
        "harbour",
        {"pad": [8, 8, 36], "background": "bisque"},
        both={"width": 216, "height": 136, "fit": "cover"},
    ),
    Example("background", "logo", {"background": "gold"}, both=WITHIN),
    Example("watermark", "harbour", {"watermark": {"text": "© Safelight", "scale": 0.5}}),
    _encoded("format", "cat", {"format": "png"}, {"format": "webp"}),
    _encoded("quality", "cat", {"quality": 80}, {"quality": 10}, both={**BOX, "format": "jpeg"}),
    _encoded(
        "lossless",
        "logo",
        {"lossless": False},
        {"lossless": True},
        both={**WITHIN, "format": "webp"},
    ),
    Example(
        "progressive",
        "cat",
        {"progressive": True},
        {"progressive": False},
        both={**BOX, "format": "jpeg"},
        shown=0.4,
    ),
    _encoded("effort", "cat", {"effort": 0}, {"effort": 6}, both={**BOX, "format": "webp"}),
    Example("animated", "moving", {"animated": True}, {"animated": False}),
    Example(
        "metadata",
        "signed",
        {"metadata": "copyright"},
        {"metadata": "none"},
        both={**BOX, "format": "jpeg"},
    ),
    _encoded("max_bytes", "cat", {}, {"max_bytes": 4096}, both={**BOX, "format": "jpeg"}),
)
"""One for each option, in the order of the vocabulary."""

_HEAD = {**BOX, "gravity": "attention"}
SHEET: tuple[tuple[str, Options, Options], ...] = (
    ("harbour", {"fit": "cover"}, BOX),
    ("astronaut", {"fit": "pad", "background": "navy"}, WITHIN),
    ("astronaut", {"gravity": "attention"}, BOX),
    ("coffee", {"crop": [0.28, 0.02, 0.45, 0.5]}, BOX),
    ("framed", {"trim": True}, BOX),
    ("cat", {"rotate": -8, "background": "navy"}, WITHIN),
    ("cat", {"flip": "h"}, BOX),
    ("astronaut", {"grayscale": True}, _HEAD),
    ("coffee", {"tint": "teal"}, BOX),
    ("cat", {"brightness": 1.4}, BOX),
    ("harbour", {"contrast": 1.7}, BOX),
    ("astronaut", {"saturation": 0.25}, _HEAD),
    ("coffee", {"hue": 120}, BOX),
    ("rocket", {"gamma": 2.2}, BOX),
    ("coffee", {"blur": 5}, BOX),
    ("cat", {"sharpen": 2}, BOX),
    ("astronaut", {"pixelate": 10}, _HEAD),
    ("harbour", {"pad": [8, 8, 32], "background": "bisque"}, {**BOX, "width": 224, "height": 140}),
    ("harbour", {"gravity": [0.52, 0.5]}, {"width": 130, "height": 180, "fit": "cover"}),
    ("logo", {"background": "gold"}, {"height": 180}),
    ("harbour", {"watermark": {"text": "© Safelight", "scale": 0.5}}, BOX),
    (
        "rocket",
        {"watermark": {"text": "Образец", "scale": 0.35, "opacity": 0.5, "tile": True}},
        BOX,
    ),
    ("harbour", {"watermark": {"text": "夕方の港", "gravity": "north", "scale": 0.6}}, BOX),
    ("coffee", {"watermark": {"image_id": OVERLAY_ID, "scale": 0.4}}, BOX),
    ("rocket", {"grayscale": True, "contrast": 1.6}, BOX),
)
"""What the contact sheet shows: the original, what is told, what is asked for silently."""
