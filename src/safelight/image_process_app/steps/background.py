"""Put a colour behind what is transparent."""

from safelight.contract.options import CLEAR
from safelight.contract.transformations import Transformation
from safelight.image_process_app.backdrop import before
from safelight.image_process_app.picture import Picture


def background(picture: Picture, wanted: Transformation) -> Picture:
    """An opaque colour takes the alpha away, a half-transparent one leaves it; grey becomes
    colour where the background is one.
    """
    if wanted.background in (None, CLEAR) or not picture.has_alpha:
        return picture
    return before(picture, wanted.background)
