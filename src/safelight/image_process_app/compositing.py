"""Alpha: weighing colour by it and back, and laying one picture over another."""

import pyvips

from safelight.image_process_app.bands import alpha_of, colour_of, top, whole


def premultiplied(frame: pyvips.Image, alpha: pyvips.Image) -> pyvips.Image:
    """Colour times alpha in levels, and alpha from 0 to 1 behind it."""
    return (colour_of(frame) * alpha).bandjoin(alpha)


def straight(bands: pyvips.Image, highest: int) -> pyvips.Image:
    """The way back from `premultiplied`, in levels; what is transparent is black."""
    alpha = bands[bands.bands - 1]
    # Division by zero is zero in libvips.
    return (bands[0 : bands.bands - 1] / alpha).bandjoin(alpha * highest)


def over(upper: pyvips.Image, lower: pyvips.Image, opacity: float = 1.0) -> pyvips.Image:
    """`upper` laid over `lower`, of the same sides, depth and colour space; the result has alpha
    where `lower` has. The "over" of Porter and Duff, in floats, rounded once.
    """
    alpha = alpha_of(upper)
    covered = opacity if alpha is None else alpha * opacity
    left = 1 - covered
    seen = colour_of(upper) * covered
    behind = alpha_of(lower)
    if behind is None:
        return whole(seen + lower * left, lower)
    both = covered + behind * left
    colour = seen + colour_of(lower) * (behind * left)
    return whole(straight(colour.bandjoin(both), top(lower)), lower)
