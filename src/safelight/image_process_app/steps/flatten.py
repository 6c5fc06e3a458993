"""Put white behind what is transparent, where the format can't keep it so."""

from safelight.contract.transformations import Transformation
from safelight.image_process_app.compositing import WHITE, before
from safelight.image_process_app.picture import Picture
from safelight.image_process_app.steps.encode import chosen_format


def flatten(picture: Picture, wanted: Transformation) -> Picture:
    """White behind a picture that becomes a JPEG."""
    if not picture.has_alpha or chosen_format(picture, wanted) != "jpeg":
        return picture
    return before(picture, WHITE)
