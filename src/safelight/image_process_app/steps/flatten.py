"""Put a background behind what is transparent, where the format can't keep it so."""

from safelight.contract.transformations import Transformation
from safelight.image_process_app.picture import GREY, Picture
from safelight.image_process_app.steps.encode import chosen_format

WHITE = {"uchar": 255, "ushort": 65535}


def flatten(picture: Picture, wanted: Transformation) -> Picture:
    """White behind a picture that becomes a JPEG."""
    if not picture.has_alpha or chosen_format(picture, wanted) != "jpeg":
        return picture
    white = WHITE[picture.first.format]
    bands = 1 if picture.first.interpretation in GREY else 3
    return picture.map(lambda frame: frame.flatten(background=[white] * bands))
