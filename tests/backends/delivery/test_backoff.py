"""How often, and after which pauses, a message is tried again."""

import pytest
from structlog.testing import CapturingLogger

from safelight.backends.database import DatabaseUnavailable
from safelight.backends.delivery import BACKOFF, NotYet, Undelivered, Unreadable
from safelight.backends.delivery import backoff as module
from safelight.backends.delivery.backoff import (
    AWAY_SECONDS,
    HANDLE_SECONDS,
    BackOff,
    log_failure,
    reason_of,
)
from safelight.backends.objects import StoreUnavailable
from safelight.contract.messages import EVENTS, Message

PAUSES = (1.0, 2.0, 4.0)
MANY = 100


def test_whatever_is_wrong_with_a_message_it_has_as_many_more_tries_as_there_are_pauses() -> None:
    backoff = BackOff(PAUSES)
    assert [backoff.after(ValueError()) for _ in range(5)] == [1.0, 2.0, 4.0, None, None]


def test_what_can_not_be_read_has_none() -> None:
    assert BackOff(PAUSES).after(Unreadable("no Job")) is None


def test_what_is_not_done_yet_takes_a_try_and_is_told_in_a_few_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    not_yet = NotYet("something is just made of it")
    backoff = BackOff(PAUSES)
    assert [backoff.after(not_yet) for _ in range(4)] == [1.0, 2.0, 4.0, None]
    log = CapturingLogger()
    monkeypatch.setattr(module, "log", log)
    for error in (not_yet, ValueError("what?")):
        log_failure(Message(EVENTS, "a", b"", {}), error)
    assert [call.kwargs["exc_info"] for call in log.calls] == [False, True]


def test_what_is_away_is_waited_for_and_takes_no_try_away() -> None:
    backoff = BackOff(PAUSES)
    errors = (DatabaseUnavailable(), StoreUnavailable(), Undelivered())
    pauses = [backoff.after(errors[n % len(errors)]) for n in range(MANY)]
    assert pauses == [1.0, 2.0, *[4.0] * (MANY - 2)]
    assert [backoff.after(ValueError()) for _ in range(4)] == [1.0, 2.0, 4.0, None]


def test_a_group_is_away_when_all_of_it_is() -> None:
    away = StoreUnavailable("away")
    alone, mixed = BackOff(PAUSES), BackOff(PAUSES)
    group = ExceptionGroup("both", [away, ExceptionGroup("one", [away])])
    assert None not in [alone.after(group) for _ in range(MANY)]
    wrong = ExceptionGroup("both", [away, ValueError()])
    assert [mixed.after(wrong) for _ in range(4)] == [1.0, 2.0, 4.0, None]


def test_in_the_end_it_is_let_go_of() -> None:
    assert BackOff(PAUSES, away_seconds=0).after(StoreUnavailable()) is None
    assert BackOff(PAUSES, away_seconds=0).after(ValueError()) == 1.0


def test_kafka_takes_no_message_away_whose_last_try_takes_long() -> None:
    """A frozen store lets each of a job's two requests wait a minute for its answer."""
    assert AWAY_SECONDS + BACKOFF[-1] + 2 * 60 < HANDLE_SECONDS


def test_the_reason_says_what_kind_of_error_it_was() -> None:
    assert reason_of(OSError("disk on fire")) == "OSError: disk on fire"
    assert reason_of(Unreadable("no Job")) == "no Job"
    group = ExceptionGroup("all parts", [OSError("full"), OSError("full"), ValueError("what?")])
    assert reason_of(group) == "OSError: full; ValueError: what?"
