"""Turn a picture the way it is displayed."""

from dataclasses import replace

from safelight.image_process_app.picture import Picture

UPRIGHT = 1
TURNS = range(2, 9)
SIDEWAYS = range(5, 9)
TAG = "orientation"


def orient(picture: Picture) -> Picture:
    """Apply EXIF orientation and drop its tag; a tag out of range counts as upright."""
    tag = picture.first.get(TAG) if picture.first.get_typeof(TAG) else UPRIGHT
    if tag in TURNS:
        picture = picture.map(lambda frame: frame.autorot()).in_memory()
    return replace(picture, sides=picture.sides[::-1]) if tag in SIDEWAYS else picture
