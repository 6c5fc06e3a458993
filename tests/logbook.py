"""What a product's log tells of its own troubles."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TRY_FAILED = "try failed"
"""What a processor logs when a decoder died, hung or said what can't be."""
OVERTIME = "a decoder took more than"
"""How its reason begins when the decoder was ended at its deadline, which is what that is for."""
NOT_HANDLED = "not handled"
"""What is logged when a handler raised."""
IDLE_DEATHS = ("an idle decoder has died", "no new decoder could be started")
FORESEEN = (
    "could not render",
    "no new decoder could be started",
    "not delivered yet",
    "the outside world is unwell",
    "the relay could not read its promises",
    "the relay stumbled",
)
"""Events that are logged with their exception, and that a server which is away explains, or a
decoder that was killed."""
TRACEBACK = "Traceback (most recent call last)"


def lines(log: Path) -> Iterator[dict[str, Any]]:
    """Every line that is one of the product's own."""
    for line in log.read_text(errors="replace").splitlines():
        if line.startswith("{"):
            yield json.loads(line)


def deaths(log: Path) -> list[dict[str, Any]]:
    """Every time that a decoder ended other than by being replaced: at its own picture's fault,
    with `image_id` and `reason`, or while it had nothing to do.
    """
    return [line for line in lines(log) if line["event"] in (TRY_FAILED, *IDLE_DEATHS)]


def unforeseen(line: str) -> bool:
    """Whether it tells of an exception that is not due to what is outside the product."""
    if not line.startswith("{"):
        return TRACEBACK in line
    told = json.loads(line)
    return "exception" in told and told["event"] not in FORESEEN


def tracebacks(log: Path) -> list[str]:
    """Each line in which an exception was logged, whatever explains it, and each traceback that
    nobody caught.
    """
    return [line for line in log.read_text(errors="replace").splitlines() if _tells(line)]


def _tells(line: str) -> bool:
    if TRACEBACK in line:
        return True
    told = json.loads(line) if line.startswith("{") else {}
    return "exception" in told or told.get("event") == NOT_HANDLED
