"""What a transformation comes to for one client: `format=auto` by `Accept`. Pure functions."""

import re
from dataclasses import dataclass
from typing import Literal

from safelight.contract.options import levels
from safelight.contract.transformations import Transformation

QUICK = 1
"""Effort of an AVIF while somebody waits: a fraction of the time, a few bytes more."""
OPAQUE = 255
WEIGHT = re.compile(r"[01](\.[0-9]*)?")

Concrete = Literal["jpeg", "png", "webp", "avif", "gif", "tiff"]


@dataclass(frozen=True, slots=True)
class Picture:
    """What is known of an original; `frames` and `has_alpha` are None until it was looked at."""

    content_type: str
    frames: int | None
    has_alpha: bool | None

    def may_move(self) -> bool:
        if self.frames is None:
            return self.content_type in ("image/gif", "image/webp")
        return self.frames > 1

    def may_have_alpha(self) -> bool:
        if self.has_alpha is None:
            return self.content_type != "image/jpeg"
        return self.has_alpha


def settle(wanted: Transformation, accept: str, picture: Picture) -> Transformation:
    """The transformation that is really done: its format is never `auto`.

    The same work has the same fingerprint, whether it was asked for by `auto` or by name.
    """
    form = wanted.format if wanted.format != "auto" else choose(wanted, accept, picture)
    changes: dict[str, object] = {"format": form}
    if form == "avif" and wanted.effort is None:
        changes["effort"] = QUICK
    return wanted.model_copy(update=changes)


def choose(wanted: Transformation, accept: str, picture: Picture) -> Concrete:
    """The best format that the client says it takes and that keeps what is in the picture."""
    taken = accepted(accept)
    if wanted.animated and picture.may_move():
        return "webp" if "image/webp" in taken else "gif"  # AVIF would lose the frames
    if "image/avif" in taken:
        return "avif"
    if "image/webp" in taken:
        return "webp"
    return "png" if wanted.lossless or keeps_alpha(wanted, picture) else "jpeg"


def accepted(accept: str) -> set[str]:
    """The media types that an `Accept` header names and does not refuse with `q=0`.

    Wildcards count for nothing: who sends `*/*` or `image/*` may know neither AVIF nor WebP.
    """
    weights: dict[str, float] = {}
    for part in accept.lower().split(","):
        media_type, *parameters = (piece.strip() for piece in part.split(";"))
        weights[media_type] = min(weights.get(media_type, 1), _weight(parameters))
    return {media_type for media_type, weight in weights.items() if weight > 0}


def keeps_alpha(wanted: Transformation, picture: Picture) -> bool:
    """Whether the result may be transparent somewhere."""
    if wanted.background is None:
        return picture.may_have_alpha()
    clear = levels(wanted.background)[3] < OPAQUE
    return clear and (picture.may_have_alpha() or _adds_area(wanted))


def _adds_area(wanted: Transformation) -> bool:
    """Whether some of the result is background, also of a picture without alpha."""
    boxed = wanted.fit == "pad" and None not in (wanted.width, wanted.height)
    return boxed or any(wanted.pad) or wanted.rotate % 90 != 0


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            return float(value) if WEIGHT.fullmatch(value) else 0  # not a weight, not a wish
    return 1
