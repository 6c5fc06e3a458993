"""`make docs-pictures`: a picture before and after for every option, and the contact sheet."""

import asyncio
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from docs.samples.drawing import frames, grid, tiles
from docs.samples.examples import EXAMPLES, SHEET, Example
from docs.samples.rendering import Renderer, renderer
from docs.samples.sources import COPYRIGHT, FRAME_MS

DOCS = Path(__file__).parents[1]
PICTURES = DOCS / "pictures"
CONTACT_SHEET = DOCS / "contact-sheet.webp"
MOST_BYTES = 250_000
COLUMNS = 5
QUALITY = 82
EXACT = {"format": "png"}


async def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    async with renderer() as product:
        for example in EXAMPLES:
            await _show(product, example)
        await _contact_sheet(product)


async def _show(product: Renderer, example: Example) -> None:
    """Beside each other; where a result moves, so does the picture."""
    moves = example.option == "animated"
    exact = {} if moves else EXACT
    asked = [exact | dict(example.both) | dict(told) for told in (example.before, example.after)]
    before, after = await product.render(example.original, asked)
    labels = [_label(example.before), _label(example.after)]
    for number, content in enumerate((before, after)):
        labels[number] += _told(content, example)
    seen = [frames(content, example.shown) for content in (before, after)]
    drawn = [grid(tiles(pair, labels), 2) for pair in _together(*seen)]
    rest: dict[str, Any] = {"append_images": drawn[1:], "duration": FRAME_MS}
    drawn[0].save(
        PICTURES / f"{example.option}.webp",
        quality=QUALITY,
        method=6,
        save_all=moves,
        **(rest if moves else {}),
    )


def _together(
    before: list[Image.Image], after: list[Image.Image]
) -> Iterator[tuple[Image.Image, Image.Image]]:
    for number in range(max(len(before), len(after))):
        yield before[number % len(before)], after[number % len(after)]


async def _contact_sheet(product: Renderer) -> None:
    pictures = []
    for original, told, both in SHEET:
        [content] = await product.render(original, [EXACT | dict(both) | dict(told)])
        pictures.append(frames(content)[0])
    drawn = tiles(pictures, [_label(told) for _, told, _ in SHEET])
    grid(drawn, COLUMNS).save(CONTACT_SHEET, quality=QUALITY, method=6)
    size = CONTACT_SHEET.stat().st_size
    if size > MOST_BYTES:
        raise ValueError(f"the contact sheet has {size} bytes, more than {MOST_BYTES}")


def _label(told: Mapping[str, Any]) -> str:
    """What was asked for, as in a URL; a watermark by its words."""
    mark = told.get("watermark")
    if mark:
        return f"watermark: {mark.get('text', 'an image')}"
    return ",".join(f"{name}={_value(value)}" for name, value in told.items()) or "as it is"


def _told(content: bytes, example: Example) -> str:
    """What can't be seen: the size of the file, or its line of copyright."""
    if example.option == "metadata":
        with Image.open(BytesIO(content)) as opened:
            line = opened.getexif().get(COPYRIGHT)
        return f" · {line}" if line else ""
    return f" · {len(content):,} bytes" if example.bytes_told else ""


def _value(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case list():
            return ":".join(map(_value, value))
    return str(value)


if __name__ == "__main__":
    asyncio.run(main())
