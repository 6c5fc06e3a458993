"""Whatever can be asked of the product, a child that is locked in makes it, byte for byte."""

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import pytest

from docs.samples.examples import EXAMPLES, OVERLAY, OVERLAY_ID, SHEET
from docs.samples.sources import ORIGINALS
from safelight.backends.memory_file import memory_file
from safelight.contract.messages import Overlay, WantedVariant
from safelight.contract.presets import BUILT_IN
from safelight.contract.transformations import Transformation
from safelight.image_process_app.decoder.pool import DecoderPool
from safelight.image_process_app.limits import Limits, Rejected
from safelight.image_process_app.pipeline import Encoded, Pipeline
from tests.image_process_app.conftest import Held
from tests.image_process_app.test_metadata import talkative
from tests.journeys import pictures

FORMATS = ("jpeg", "png", "webp", "avif", "gif", "tiff", "auto")
EVERY_FORMAT = [
    Transformation.model_validate({"format": form, "metadata": "copyright", "width": 60})
    for form in FORMATS
]
EVERYTHING = [*EVERY_FORMAT, *BUILT_IN.values()]
PICTURES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "photograph": ("jpeg", pictures.jpeg),
    "turned": ("jpeg", lambda: pictures.turned_jpeg(6)),
    "ink": ("jpeg", pictures.cmyk_jpeg),
    "with all metadata": ("jpeg", lambda: talkative("© me", "© you", "© them")),
    "wide gamut": ("png", pictures.wide_gamut_png),
    "alpha": ("png", pictures.alpha_png),
    "sixteen bits": ("png", pictures.sixteen_bit_png),
    **{form: (form, partial(pictures.still, form.upper())) for form in ("tiff", "avif")},
    **{f"moving {f}": (f, partial(pictures.animation, f.upper())) for f in ("gif", "webp")},
}


def half(make: Callable[[], bytes]) -> bytes:
    content = make()
    return content[: len(content) // 2]


BROKEN: dict[str, tuple[str, Callable[[], bytes]]] = {
    f"half a {name}": (form, partial(half, make)) for name, (form, make) in PICTURES.items()
} | {
    "nothing": ("jpeg", lambda: b""),
    "text": ("png", lambda: b"no picture at all" * 99),
    "another": ("gif", pictures.jpeg),
}

Made = list[bytes | str]
"""The file of each variant, or the code by which it failed; one code where the picture did."""


def made_here(source: int, form: str, wanted: Sequence[WantedVariant], mark: int) -> Made:
    """In this process, which nothing is kept from."""
    try:
        pipeline = Pipeline(source, form, Limits(), wanted, [(an_overlay(), mark)])
        found = {variant.name: made for variant, made in pipeline.variants()}
        pipeline.describe()
    except Rejected as refusal:
        return [refusal.code]
    except Exception:
        return ["corrupt-image"]
    return [_told(found[variant.name]) for variant in wanted]


def _told(made: object) -> bytes | str:
    if isinstance(made, Encoded):
        return made.data
    return made.code if isinstance(made, Rejected) else "variant-failed"


async def made_there(
    pool: DecoderPool, source: int, form: str, wanted: Sequence[WantedVariant], mark: int
) -> Made:
    """In a child."""
    with memory_file("variants") as target:
        try:
            async with pool.child() as child:
                marks = [(an_overlay(), mark)]
                made, _ = await child.decode(form, wanted, source, target, marks)
        except Rejected as refusal:
            return [refusal.code]
        found: dict[str, bytes | str] = {}
        offset = 0
        for variant in made:
            found[variant.name] = (
                variant.error.code if variant.error else os.pread(target, variant.size, offset)
            )
            offset += variant.size
    return [found[variant.name] for variant in wanted]


def an_overlay() -> Overlay:
    return Overlay(image_id=OVERLAY_ID, content_type=ORIGINALS[OVERLAY]().content_type)


async def compared(
    pool: DecoderPool, held: Held, content: bytes, form: str, wanted: Sequence[Transformation]
) -> Made:
    """What both have made, which is the same."""
    asked = [WantedVariant(name=str(n), transformation=t) for n, t in enumerate(wanted)]
    source, mark = held(content), held(ORIGINALS[OVERLAY]().content)
    here = made_here(source, form, asked, mark)
    assert await made_there(pool, source, form, asked, mark) == here
    return here


def rows() -> Iterator[Any]:
    for example in EXAMPLES:
        asked = [{**example.both, **told} for told in (example.before, example.after)]
        yield pytest.param(example.original, asked, id=example.option)
    for number, (original, told, both) in enumerate(SHEET):
        yield pytest.param(original, [{**both, **told}], id=f"sheet {number}")


@pytest.mark.parametrize(("name", "asked"), list(rows()))
async def test_every_option_is_made(
    pool: DecoderPool, held: Held, name: str, asked: list[dict[str, Any]]
) -> None:
    original = ORIGINALS[name]()
    wanted = [Transformation.model_validate(options) for options in asked]
    made = await compared(pool, held, original.content, original.content_type, wanted)
    assert all(isinstance(file, bytes) for file in made)


@pytest.mark.parametrize("name", PICTURES)
async def test_every_kind_of_picture_is_made_into_every_format(
    pool: DecoderPool, held: Held, name: str
) -> None:
    form, make = PICTURES[name]
    made = await compared(pool, held, make(), f"image/{form}", EVERYTHING)
    assert all(isinstance(file, bytes) for file in made)


@pytest.mark.parametrize("name", BROKEN)
async def test_what_is_damaged_is_refused_as_ever(pool: DecoderPool, held: Held, name: str) -> None:
    form, make = BROKEN[name]
    await compared(pool, held, make(), f"image/{form}", EVERYTHING)
