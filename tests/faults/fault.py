"""One thing that can go wrong."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.faults.ground import Ground

EMBEDDED = frozenset({"embedded"})
SCALED = frozenset({"scaled"})
BOTH = EMBEDDED | SCALED


@dataclass(frozen=True)
class Fault:
    """`inject` does the harm while the load runs, and has undone it when it returns; what it
    raises is a failure. It is done so many `times`, with a recovery after each.

    `needs` names what this machine must have, one of `needs.LACKING`; where it is missing, the
    fault is left out, and its row says why.
    """

    name: str
    modes: frozenset[str]
    inject: Callable[["Ground"], None]
    times: int = 1
    needs: str = ""
