"""Put a margin around a picture."""

from safelight.contract.transformations import Transformation
from safelight.image_process_app.compositing import prepare_canvas
from safelight.image_process_app.picture import Picture


def pad(picture: Picture, wanted: Transformation) -> Picture:
    """As many pixels as each side gets, in the background, or transparent where there is alpha."""
    above, right, below, left = wanted.pad
    if not any(wanted.pad):
        return picture
    picture, empty = prepare_canvas(picture, wanted)
    width = picture.first.width + left + right
    height = picture.first.height + above + below
    return picture.map(
        lambda frame: frame.embed(left, above, width, height, extend="background", background=empty)
    )
