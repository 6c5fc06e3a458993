"""When a message whose handler raised is tried again, and what is said of it."""

from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from time import monotonic

import structlog

from safelight.backends.delivery import NotYet, Unreadable
from safelight.backends.unavailable import is_unavailable
from safelight.contract.messages import Message

HANDLE_SECONDS = 900
"""Longest that a message may be handled, all tries together, before Kafka gives it to another."""
AWAY_SECONDS = 600.0
"""How long what a handler needs may be away before its message is let go of. A last try that begins
then, and takes as long as a server that is frozen lets it, is over in time.
"""

log = structlog.get_logger()


class BackOff:
    """The pauses before the further tries of one message.

    After each of them there is one more. That a server is away or full is no fault of the message:
    such a try does not count until `away_seconds` after the first of them, and the last pause is
    repeated; after that there is none.
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
        if is_unavailable(error):
            return next(self._while_away, None) if self._may_be_away() else None
        return next(self._pauses, None)

    def _may_be_away(self) -> bool:
        now = monotonic()
        if self._away_since is None:
            self._away_since = now
        return now < self._away_since + self._away_seconds


def reason_of(error: Exception) -> str:
    """Why a message was not handled, in the words of its dead letter."""
    if isinstance(error, Unreadable):
        return str(error)
    return "; ".join(dict.fromkeys(f"{type(e).__name__}: {e}" for e in _members(error)))


def log_failure(message: Message, error: Exception) -> None:
    """With a traceback where the words alone would not be enough."""
    is_clear = isinstance(error, NotYet | Unreadable) or is_unavailable(error)
    whose = {"topic": message.topic, "key": message.key}
    log.warning("not handled", **whose, reason=reason_of(error), exc_info=not is_clear)


def _members(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield from _members(member)
    else:
        yield error
