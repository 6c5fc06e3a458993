"""Mirror a picture."""

from safelight.contract.transformations import Transformation
from safelight.image_process_app.picture import Picture


def flip(picture: Picture, wanted: Transformation) -> Picture:
    """Left for right (`h`), top for bottom (`v`), or both."""
    if wanted.flip is None:
        return picture
    if "h" in wanted.flip:
        picture = picture.map(lambda frame: frame.fliphor())
    return picture.map(lambda frame: frame.flipver()) if "v" in wanted.flip else picture
