"""Draw a line of text that can be read on light and on dark."""

from html import escape

import pyvips

from safelight.contract.geometry import Sides
from safelight.image_process_app.bands import whole
from safelight.image_process_app.compositing import straight
from safelight.image_process_app.fonts import FONT, FONT_FILE
from safelight.image_process_app.limits import Rejected
from safelight.image_process_app.picture import Picture
from safelight.image_process_app.steps.blur import blurred
from safelight.image_process_app.steps.resize import scale

SAMPLE = 100
"""Pixels of a letter to measure by."""
SMALLEST = 2.0
LARGEST = 2000.0
"""Sizes that are drawn; beyond, the picture of the text is scaled."""
TRIES = 4
CAREFUL = 0.995
SOFTNESS = 0.04
MARGIN = 0.1
"""Sigma and reach of the shadow around the letters, in parts of their size."""
DARKNESS = 0.7
SPREAD = 2.5
"""How dark the shadow is where it is darkest, and how far it stays so."""
WHITE = 255
NOTHING = "None of the letters of the watermark's text can be seen."


def lettering(text: str, box: Sides) -> pyvips.Image:
    """White letters with a soft shadow, grey with alpha in 8 bits, as large as fits into the box.

    Raises `Rejected` when there is nothing to see.
    """
    sample = _letters(text, SAMPLE)
    across, down = (side / SAMPLE + 2 * MARGIN for side in (sample.width, sample.height))
    size = min(LARGEST, max(SMALLEST, min(box[0] / across, box[1] / down)))
    for _ in range(TRIES):
        letters, margin = _letters(text, size), round(size * MARGIN)
        over = max((letters.width + 2 * margin) / box[0], (letters.height + 2 * margin) / box[1])
        if over <= 1:
            break
        # Letters are set on whole pixels, so that a line of them may be a few longer.
        size = max(SMALLEST, size / over * CAREFUL)
    drawn = _shaded(letters, margin, size)
    return _scaled(drawn, box) if over > 1 or size == LARGEST else drawn


def _letters(text: str, size: float) -> pyvips.Image:
    """How much of each pixel is covered by letters."""
    try:
        # The text is no markup, for which `<` and `&` would have a meaning.
        return pyvips.Image.text(
            escape(text, quote=False), font=f"{FONT} {size:.2f}", fontfile=FONT_FILE, dpi=72
        )
    except pyvips.Error as error:
        if "no text to render" in str(error):
            raise Rejected("watermark-unusable", NOTHING) from None
        raise


def _shaded(letters: pyvips.Image, margin: int, size: float) -> pyvips.Image:
    sides = letters.width + 2 * margin, letters.height + 2 * margin
    light = letters.embed(margin, margin, *sides)
    dark = (blurred(light, size * SOFTNESS) * SPREAD).clamp(min=0, max=WHITE) * DARKNESS
    covered = light + dark * (1 - light / WHITE)
    drawn = light.bandjoin(covered.rint().cast("uchar")).copy(interpretation="b-w")
    # White letters before a black shadow: how much is covered by letters is how light it is.
    return whole(straight(drawn, drawn), drawn).copy_memory()


def _scaled(drawn: pyvips.Image, box: Sides) -> pyvips.Image:
    return scale(Picture((drawn,), box), fitting((drawn.width, drawn.height), box)).first


def fitting(sides: Sides, box: Sides) -> Sides:
    """The largest sides of the same proportions within the box."""
    factor = min(box[0] / sides[0], box[1] / sides[1])
    return (
        min(box[0], max(1, round(sides[0] * factor))),
        min(box[1], max(1, round(sides[1] * factor))),
    )
