"""What each variant is made from: the smallest picture that is fine enough, so that one decode
serves all.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from safelight.contract.geometry import Sides, scaled_sides
from safelight.contract.transformations import Transformation
from safelight.image_process_app.picture import Picture
from safelight.image_process_app.steps.colour import converts_late, to_srgb
from safelight.image_process_app.steps.encode import animates
from safelight.image_process_app.steps.orient import is_sideways, is_turned, orient
from safelight.image_process_app.steps.resize import scale

FINE = 2
"""A smaller picture may stand for the original where it has this many times the wanted sides:
the result differs by less than a level, and costs a fraction."""


@dataclass
class Way:
    """One way to look at the picture, and what was made of it: `kept` are scaled down and in
    memory, each smaller than the one before.
    """

    upright: bool
    moving: bool
    kept: list[Picture] = field(default_factory=list)
    whole: Picture | None = None


class Sources:
    """Of one opened picture. What it gives is turned as wanted, in sRGB, and can be read in any
    order. Raises pyvips.Error.

    The picture is held in memory only where it is read more than once, or as a whole. Else it
    `streams`: it is scaled down while it is decoded, so an error then is that of the picture.
    """

    def __init__(self, opened: Picture, wanted: Sequence[Transformation], describe: bool) -> None:
        self._sides = opened.sides
        self._sideways = is_sideways(opened.first)
        self._turned = is_turned(opened.first)
        self._moves = opened.animated
        self._ways: dict[tuple[bool, bool], Way] = {}
        self._reads, wholes = self._planned(wanted, describe)
        self.streams = self._reads == 1 and not wholes and not self._moves
        if wholes or not converts_late(opened.first):
            opened = to_srgb(opened)
        # An animation has been decoded into memory already, and its frames are parts of it.
        self._stored = opened if self.streams or self._moves else opened.in_memory()

    def sides(self, wanted: Transformation | None = None) -> Sides:
        """Of the picture as it is displayed, or as the transformation begins with it."""
        upright = wanted is None or wanted.auto_orient
        return self._sides[::-1] if self._sideways and upright else self._sides

    def area(self, wanted: Transformation) -> int:
        """Pixels of what it is to become, before anything is cut away."""
        width, height = self._reduced(wanted) or self._sides
        return width * height

    def source(self, wanted: Transformation) -> Picture:
        """What to make it from. Ask once for each, by `area`, the largest first."""
        way, whole = self._way(wanted), self._reduced(wanted)
        fine = [kept for kept in way.kept if whole and _is_fine(kept.frame_sides, whole)]
        if fine:
            return fine[-1]
        if whole is None:
            found = self._whole(way)
        else:
            found = self._scaled(way, whole)
            way.kept.append(found)
        self._reads -= 1
        if not self._reads:
            self._let_go()
        return found

    def smallest(self) -> Picture:
        """The cheapest that shows it as it is displayed; ask last."""
        seen = [way.kept[-1] for way in self._ways.values() if way.upright and way.kept]
        return seen[-1] if seen else self._whole(self._way(Transformation()))

    def _planned(self, wanted: Sequence[Transformation], describe: bool) -> tuple[int, int]:
        """How often the picture will be read, and how often of these it will be as a whole."""
        kept: dict[int, list[Sides]] = {}
        reads = wholes = 0
        for transformation in sorted(wanted, key=self.area, reverse=True):
            whole = self._reduced(transformation)
            sides = kept.setdefault(id(self._way(transformation)), [])
            if whole is None:
                wholes += 1
            elif not any(_is_fine(known, whole) for known in sides):
                sides.append(whole)
                reads += 1
        seen = any(kept.get(id(way)) for way in self._ways.values() if way.upright)
        wholes += describe and not seen
        return reads + wholes, wholes

    def _way(self, wanted: Transformation) -> Way:
        upright = wanted.auto_orient or not self._turned
        moving = self._moves and animates(wanted)
        return self._ways.setdefault((upright, moving), Way(upright, moving))

    def _reduced(self, wanted: Transformation) -> Sides | None:
        """Sides of the whole picture where it is first of all to be made smaller; None where it
        is wanted as it is, or as a part.
        """
        sides = self.sides(wanted)
        if wanted.trim is not None or wanted.crop is not None:
            return None
        whole = scaled_sides(sides, wanted)
        smaller = whole != sides and whole[0] <= sides[0] and whole[1] <= sides[1]
        return whole if smaller else None

    def _whole(self, way: Way) -> Picture:
        if way.whole is None:
            whole = to_srgb(self._read(way))
            whole = orient(whole) if way.upright else whole
            way.whole = whole if self._moves else whole.in_memory()
        return way.whole

    def _scaled(self, way: Way, whole: Sides) -> Picture:
        """Scaled first and turned afterwards, when it is little work."""
        stored = whole[::-1] if self._sideways and way.upright else whole
        scaled = to_srgb(scale(self._read(way), stored)).in_memory()
        return orient(scaled).in_memory() if way.upright and self._turned else scaled

    def _read(self, way: Way) -> Picture:
        return self._stored if way.moving else self._stored.still()

    def _let_go(self) -> None:
        """Free the picture's memory for what is made of it."""
        self._stored = Picture((), self._stored.sides)
        for way in self._ways.values():
            way.whole = None


def _is_fine(sides: Sides, wanted: Sides) -> bool:
    return sides[0] >= wanted[0] * FINE and sides[1] >= wanted[1] * FINE
