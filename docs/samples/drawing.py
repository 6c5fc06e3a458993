"""Tiles with a label, beside each other. Only the labels and the frames are drawn here."""

from collections.abc import Sequence
from functools import cache
from io import BytesIO

from PIL import Image, ImageDraw, ImageFile, ImageFont, ImageSequence

from docs.samples.examples import HEIGHT, WIDTH
from safelight.image_process_app.fonts import FONT_FILE

GAP = 20
LABEL = 32
FONT_SIZE = 17
RADIUS = 8
FINE = 4
"""Corners are drawn this much larger and reduced, so that they are smooth."""
SQUARE = 10
PAPER, INK, LIGHT, DARK = "#ffffff", "#24292f", "#f6f7f9", "#eaedf0"


def frames(content: bytes, part: float = 1) -> list[Image.Image]:
    """Every frame of a file, or what is to be seen when only its first part has arrived."""
    arrived = content[: round(len(content) * part)]
    ImageFile.LOAD_TRUNCATED_IMAGES = part < 1
    with Image.open(BytesIO(arrived)) as opened:
        return [frame.convert("RGBA") for frame in ImageSequence.Iterator(opened)]


def tiles(pictures: Sequence[Image.Image], labels: Sequence[str]) -> list[Image.Image]:
    """A tile for each picture, with its label in letters of the same size."""
    font = _fitting(labels)
    return [_tile(picture, label, font) for picture, label in zip(pictures, labels, strict=True)]


def _tile(picture: Image.Image, label: str, font: ImageFont.FreeTypeFont) -> Image.Image:
    """The picture, pixel by pixel, in the middle of a panel; under it what was asked for."""
    drawn = Image.new("RGB", (WIDTH, HEIGHT + LABEL), PAPER)
    panel = _checkered().copy()
    place = (WIDTH - picture.width) // 2, (HEIGHT - picture.height) // 2
    panel.alpha_composite(picture, place)
    drawn.paste(panel.convert("RGB"), (0, 0), _rounded())
    draw = ImageDraw.Draw(drawn)
    middle = (WIDTH / 2, HEIGHT + LABEL / 2 + 2)
    draw.text(middle, label, INK, font, anchor="mm")
    return drawn


def grid(drawn: Sequence[Image.Image], columns: int) -> Image.Image:
    """Tiles in rows, with the same gap everywhere."""
    width, height = drawn[0].size
    rows = -(-len(drawn) // columns)
    sides = columns * (width + GAP) + GAP, rows * height + (rows + 1) * GAP // 2 + GAP // 2
    sheet = Image.new("RGB", sides, PAPER)
    for number, tile in enumerate(drawn):
        row, column = divmod(number, columns)
        sheet.paste(tile, (GAP + column * (width + GAP), GAP + row * (height + GAP // 2)))
    return sheet


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONT_FILE, size)


def _fitting(labels: Sequence[str]) -> ImageFont.FreeTypeFont:
    """As large as the tiles allow."""
    for size in range(FONT_SIZE, 8, -1):
        if all(_font(size).getlength(label) <= WIDTH for label in labels):
            return _font(size)
    raise ValueError(f"no room for one of the labels {labels}")


@cache
def _checkered() -> Image.Image:
    """What is seen where a picture is transparent, or smaller than its panel."""
    panel = Image.new("RGBA", (WIDTH, HEIGHT), LIGHT)
    draw = ImageDraw.Draw(panel)
    for top in range(0, HEIGHT, SQUARE):
        for left in range(top // SQUARE % 2 * SQUARE, WIDTH, 2 * SQUARE):
            draw.rectangle((left, top, left + SQUARE - 1, top + SQUARE - 1), DARK)
    return panel


@cache
def _rounded() -> Image.Image:
    mask = Image.new("L", (WIDTH * FINE, HEIGHT * FINE))
    box = (0, 0, WIDTH * FINE - 1, HEIGHT * FINE - 1)
    ImageDraw.Draw(mask).rounded_rectangle(box, RADIUS * FINE, 255)
    return mask.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
