"""When a message whose handler raised is tried again."""

from collections.abc import Sequence
from itertools import chain, repeat
from time import monotonic

from safelight.backends.delivery import Unreadable
from safelight.backends.unavailable import is_unavailable

AWAY_SECONDS = 600.0
"""How long what a handler needs may be away before its message is let go of. Kafka gives one that
is handled for longer than a quarter of an hour to another member.
"""


class BackOff:
    """The pauses before the further tries of one message.

    A handler that raises gets as many tries as there are pauses. That a server is away or full is
    no fault of the message: such a try does not count, for as long as `AWAY_SECONDS` from the first
    of them, and the last pause is the longest.
    """

    def __init__(self, pauses: Sequence[float], away_seconds: float = AWAY_SECONDS) -> None:
        self._pauses = iter(pauses)
        self._while_away = chain(pauses, repeat(pauses[-1]) if pauses else ())
        self._away_seconds = away_seconds
        self._away_since: float | None = None

    def after(self, error: Exception) -> float | None:
        """Seconds until the next try; None when there is to be none."""
        if isinstance(error, Unreadable):
            return None
        if is_unavailable(error) and self._may_be_away():
            return next(self._while_away, None)
        return next(self._pauses, None)

    def _may_be_away(self) -> bool:
        now = monotonic()
        if self._away_since is None:
            self._away_since = now
        return now < self._away_since + self._away_seconds


def reason_of(error: Exception) -> str:
    """Why a message was not handled, in the words of its dead letter."""
    return str(error) if isinstance(error, Unreadable) else f"{type(error).__name__}: {error}"
