"""Turn a picture the way it is displayed."""

import pyvips

from safelight.image_process_app.picture import Picture

UPRIGHT = 1
TURNS = range(2, 9)
SIDEWAYS = range(5, 9)
TAG = "orientation"


def is_turned(image: pyvips.Image) -> bool:
    """Whether it is stored in another way than it is displayed."""
    return _tag(image) in TURNS


def is_sideways(image: pyvips.Image) -> bool:
    """Whether it is stored with its width for its height."""
    return _tag(image) in SIDEWAYS


def orient(picture: Picture) -> Picture:
    """Apply EXIF orientation and drop its tag; a tag out of range counts as upright. Reads the
    pixels in any order.
    """
    if not is_turned(picture.first):
        return picture
    sides = picture.sides[::-1] if is_sideways(picture.first) else picture.sides
    return picture.map(lambda frame: frame.autorot()).with_sides(sides)


def _tag(image: pyvips.Image) -> int:
    return int(image.get(TAG)) if image.get_typeof(TAG) else UPRIGHT
