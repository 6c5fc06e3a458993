"""Alpha: weighing colour by it and back, and laying one picture over another.

In floats, alpha in levels as colour is. Each result reads its sources as seldom as can be: libvips
computes what comes before once for every time that it is read.
"""

import pyvips

from safelight.image_process_app.bands import top, whole


def premultiplied(frame: pyvips.Image) -> pyvips.Image:
    """Colour times alpha, and alpha behind it; for a frame that has alpha."""
    return frame.premultiply(max_alpha=top(frame))


def straight(bands: pyvips.Image, like: pyvips.Image) -> pyvips.Image:
    """The way back from `premultiplied`; what is transparent is black."""
    return bands.unpremultiply(max_alpha=top(like))


def over(upper: pyvips.Image, lower: pyvips.Image, opacity: float = 1.0) -> pyvips.Image:
    """`upper`, which has alpha, laid over `lower` of the same sides, depth and colour space; the
    result has alpha where `lower` has. The "over" of Porter and Duff, rounded once. `upper` is
    read more than once.
    """
    seen = premultiplied(upper) * opacity
    left = 1 - seen[seen.bands - 1] / top(upper)
    if lower.hasalpha():
        return whole(straight(seen + premultiplied(lower) * left, lower), lower)
    return whole(seen[0 : seen.bands - 1] + lower * left, lower)
