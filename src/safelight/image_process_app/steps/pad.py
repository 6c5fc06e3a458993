"""Put a margin around a picture."""

from safelight.contract.geometry import padded_sides
from safelight.contract.transformations import Transformation
from safelight.image_process_app.backdrop import backdrop
from safelight.image_process_app.picture import Picture


def pad(picture: Picture, wanted: Transformation) -> Picture:
    """As many pixels as each side gets, in the background, or transparent where there is alpha."""
    if not any(wanted.pad):
        return picture
    above, _, _, left = wanted.pad
    sides = padded_sides(picture.frame_sides, wanted)
    picture, empty = backdrop(picture, wanted)
    return picture.map(
        lambda frame: frame.embed(left, above, *sides, extend="background", background=empty)
    ).with_sides(sides)
