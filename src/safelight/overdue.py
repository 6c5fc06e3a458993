"""An end that does not come is made, and what held it up is told."""

import asyncio
import faulthandler
import os
import sys
import time
import traceback
from threading import Event, Thread
from typing import Any

import structlog

log = structlog.get_logger()


def watch(loop: asyncio.AbstractEventLoop, seconds: float) -> Event:
    """What to set when this process is asked to end; a handler of signals may.

    If the process is still there `seconds` later, it logs what its tasks are at, writes where its
    threads are to standard error, and ends with exit code 1. Whoever waits for it, such as a
    deployment, would wait for ever otherwise; it loses what a crash does, which is nothing.
    """
    asked = Event()
    Thread(target=_end, args=(loop, asked, seconds), name="overdue", daemon=True).start()
    return asked


def _end(loop: asyncio.AbstractEventLoop, asked: Event, seconds: float) -> None:
    asked.wait()
    time.sleep(seconds)
    try:
        log.error("asked to stop, and can't: ended now, as a crash would", after_seconds=seconds)
        for task in asyncio.all_tasks(loop):
            log.error("what holds it up", task=task.get_name(), at=_stack(task.get_coro()))
        sys.stderr.flush()
        faulthandler.dump_traceback(sys.stderr)
    finally:
        os._exit(1)


def _stack(waiting: Any) -> list[str]:
    """A place for each coroutine, from the task's own down to the one that waits. A task's
    `print_stack` ends at the first.
    """
    places = []
    while frame := getattr(waiting, "cr_frame", None) or getattr(waiting, "ag_frame", None):
        [place] = traceback.extract_stack(frame, limit=1)
        places.append(f"{place.filename}:{place.lineno} in {place.name}")
        waiting = getattr(waiting, "cr_await", None) or getattr(waiting, "ag_await", None)
    return places
