"""Texts as watermarks: every script, in letters that FreeType draws too."""

import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from safelight.image_process_app.decoder import child, worker
from safelight.image_process_app.fonts import FONT_FILE
from safelight.image_process_app.limits import Limits, Rejected
from safelight.image_process_app.steps.lettering import lettering
from safelight.image_process_app.steps.overlays import Overlays
from safelight.image_process_app.steps.watermark import watermark
from tests.image_process_app import arrays
from tests.image_process_app.arrays import Array, Kind, kinds, picture, seen, values, wanted

ALIKE = 0.75
"""Of what either covers, the part that both cover. Hinting and the grid move edges by half a
pixel; other letters, or the box for one that the font lacks, have less than half in common."""
BOX = (400, 120)
SQUARE = (80, 80)
TEXTS = ["Proof g&y", "Жёлтый Щит", "東京都写真", "中文水印", "한국어사진", "ひらがなカナ"]
NOTHING = Overlays([], Limits())


def letters(text: str, box: tuple[int, int] = BOX) -> Array:
    """How white it is, from 0 to 1, without what is empty around it."""
    drawn = np.asarray(lettering(text, box).numpy(), dtype=float) / 255
    return cut(drawn[..., 0] * drawn[..., 1])


def cut(ink: Array) -> Array:
    rows, columns = np.where(ink > 0.3)
    return ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def by_freetype(text: str, sides: tuple[int, int]) -> Array:
    """The same text from the same file, by Pillow, large and then brought to these sides."""
    font = ImageFont.truetype(FONT_FILE, 200, layout_engine=ImageFont.Layout.BASIC)
    left, top, right, bottom = font.getbbox(text)
    drawn = Image.new("L", (int(right - left) + 20, int(bottom - top) + 20))
    ImageDraw.Draw(drawn).text((10 - left, 10 - top), text, 255, font)
    large = cut(np.asarray(drawn, dtype=float) / 255)
    small = Image.fromarray((large * 255).astype(np.uint8)).resize(sides)
    return np.asarray(small, dtype=float) / 255


def alike(one: Array, other: Array) -> float:
    both, either = (one > 0.5) & (other > 0.5), (one > 0.5) | (other > 0.5)
    return float(both.sum() / either.sum())


@pytest.mark.parametrize("text", TEXTS)
def test_letters_are_those_of_the_font_in_every_script(text: str) -> None:
    """One by one, since the other library sets them without kerning."""
    for letter in set(text) - {" "}:
        drawn = letters(letter, SQUARE)
        assert alike(drawn, by_freetype(letter, (drawn.shape[1], drawn.shape[0]))) >= ALIKE


def test_different_texts_look_different() -> None:
    assert len({letters(text).tobytes() for text in TEXTS}) == len(TEXTS)


@pytest.mark.parametrize(("text", "lacking"), [("東", "ب"), ("Ж", "ݐ"), ("g", "ބ")])
def test_a_letter_is_not_the_box_for_one_that_is_lacking(text: str, lacking: str) -> None:
    drawn = letters(text, SQUARE)
    box = Image.fromarray((letters(lacking, SQUARE) * 255).astype(np.uint8))
    other = np.asarray(box.resize((drawn.shape[1], drawn.shape[0])), dtype=float) / 255
    assert alike(drawn, other) < ALIKE / 2


@pytest.mark.parametrize("text", ["<b>bold</b>", "R&D", "&lt;", "100 % \"'", "<"])
def test_signs_of_markup_are_shown_as_they_are(text: str) -> None:
    drawn = letters(text)
    assert alike(drawn, by_freetype(text, (drawn.shape[1], drawn.shape[0]))) >= ALIKE


@pytest.mark.parametrize("box", [(1, 1), (3, 40), (40, 3), (50, 50), (333, 200), (2500, 3000)])
@pytest.mark.parametrize("text", ["i", "Proof 2026", "x" * 200])
def test_a_text_is_as_large_as_fits_and_no_larger(text: str, box: tuple[int, int]) -> None:
    drawn = lettering(text, box)
    assert drawn.width <= box[0]
    assert drawn.height <= box[1]
    if len(text) < 20 and min(box) >= 50:
        assert max(drawn.width / box[0], drawn.height / box[1]) >= 0.97


def test_a_text_can_be_read_on_white_and_on_black() -> None:
    mark = wanted(watermark={"text": "Proof", "scale": 1, "gravity": "center"})
    for level in (0.0, 1.0):
        plain = np.full((100, 300, 3), level)
        after = seen(watermark(picture(arrays.COLOUR, plain), mark, NOTHING))
        assert after.max() == 1
        assert after.min() < 0.5


@kinds
def test_a_text_is_on_every_kind_of_picture_and_keeps_its_bands(kind: Kind) -> None:
    before = [values(kind, (90, 70), seed) * 0.5 for seed in range(2)]
    made = watermark(
        picture(kind, *before), wanted(watermark={"text": "Проба", "scale": 0.8}), NOTHING
    )
    for number in range(2):
        after = seen(made, number)
        assert after.shape == before[number].shape
        assert np.array_equal(after[:40], np.round(before[number][:40] * kind.top) / kind.top)
        assert after[40:, 20:, : kind.colours].max() > 0.8


def test_nothing_to_see_is_told_of_as_such() -> None:
    with pytest.raises(Rejected) as refusal:
        lettering("ᅟ", BOX)
    assert refusal.value.code == "watermark-unusable"


def test_no_font_and_no_configuration_of_the_system_is_needed() -> None:
    """In a child's environment the same letters come out, and nobody complains."""
    lines = (
        "import sys, zlib",
        "from safelight.image_process_app.steps.lettering import lettering",
        "drawn = lettering(sys.argv[1], (300, 100))",
        "print(zlib.crc32(drawn.write_to_memory()))",
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", "\n".join(lines), "東京 Щ &c"],
        env={**worker.ENVIRONMENT, **child.ENVIRONMENT},
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stderr == ""
    here = lettering("東京 Щ &c", (300, 100)).write_to_memory()
    assert done.stdout.strip() == str(zlib.crc32(here))
