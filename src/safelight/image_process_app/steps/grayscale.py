"""Take the colour out."""

from safelight.contract.transformations import Transformation
from safelight.image_process_app.bands import colour_of, joined, shared
from safelight.image_process_app.picture import GREY, Picture


def grayscale(picture: Picture, wanted: Transformation) -> Picture:
    """Luminance alone, alpha and depth as they were."""
    if not wanted.grayscale or picture.first.interpretation in GREY:
        return picture
    grey = "grey16" if picture.first.format == "ushort" else "b-w"
    picture = picture.map(shared) if picture.has_alpha else picture
    return picture.map(lambda frame: joined(colour_of(frame).colourspace(grey), frame))
