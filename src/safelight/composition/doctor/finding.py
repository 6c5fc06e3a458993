"""What a check found."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

PATIENCE = 15.0
"""Seconds that a check may take, whatever does not answer."""

State = Literal["ok", "warning", "fault"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table: a warning may be meant so, with a fault the product can't do its
    work. `remedy` is what to do, empty where all is well.
    """

    check: str
    state: State
    words: str
    remedy: str = ""


Check = Callable[[], Awaitable[Finding | Sequence[Finding]]]


def ok(check: str, words: str) -> Finding:
    return Finding(check, "ok", words)


def warning(check: str, words: str, remedy: str) -> Finding:
    return Finding(check, "warning", words, remedy)


def fault(check: str, words: str, remedy: str) -> Finding:
    return Finding(check, "fault", words, remedy)


async def made(name: str, check: Check, remedy: str) -> AsyncIterator[Finding]:
    """What the check finds; what it raises, or that it takes too long, is a fault."""
    try:
        async with asyncio.timeout(PATIENCE):
            found = await check()
    except TimeoutError:
        yield fault(name, f"no answer within {PATIENCE:.0f} seconds", remedy)
    except Exception as error:
        # Whatever is wrong, and however it says so, the operator has to read it.
        reason = str(error).partition("\n")[0] or type(error).__name__
        yield fault(name, reason, remedy)
    else:
        for finding in [found] if isinstance(found, Finding) else found:
            yield finding
