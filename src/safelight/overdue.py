"""An end that does not come is made, and what held it up is told."""

import asyncio
import faulthandler
import gc
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from inspect import isasyncgen, iscoroutine
from queue import SimpleQueue
from threading import Thread
from typing import Any

import structlog

TELL_SECONDS = 5.0
"""Longest that telling may take: whoever reads standard error may be what holds it up."""

log = structlog.get_logger()


def watch(loop: asyncio.AbstractEventLoop, seconds: float) -> Callable[[], None]:
    """What to call when this process is to end without a signal. Call in the main thread, once
    `loop` runs and before the handlers of SIGINT and SIGTERM are set.

    If the process is still there `seconds` after that call or either signal, it logs what its
    tasks are at, writes where its threads are to standard error, and ends with exit code 1. Whoever
    waits for it, such as a deployment, would wait for ever otherwise; it loses what a crash does,
    which is nothing.
    """
    asked: SimpleQueue[bool] = SimpleQueue()
    # A handler runs in the main thread alone, and not while that hangs in a call of the system.
    # The number of a signal is written here all the same.
    hearing, telling = os.pipe()
    os.set_blocking(telling, False)
    signal.set_wakeup_fd(telling, warn_on_full_buffer=False)  # uvloop's own until now
    Thread(target=_hear, args=(hearing, loop, asked), name="signals", daemon=True).start()
    Thread(target=_end, args=(loop, asked, seconds), name="overdue", daemon=True).start()
    return lambda: asked.put(True)


def _hear(hearing: int, loop: asyncio.AbstractEventLoop, asked: SimpleQueue[bool]) -> None:
    while numbers := os.read(hearing, 64):
        with suppress(RuntimeError):  # it has ended
            loop.call_soon_threadsafe(_run_handlers)
        if {signal.SIGINT, signal.SIGTERM}.intersection(numbers):
            asked.put(True)


def _run_handlers() -> None:
    """Python runs those of the signals that came before whatever is called in the main thread."""


def _end(loop: asyncio.AbstractEventLoop, asked: SimpleQueue[bool], seconds: float) -> None:
    asked.get()
    time.sleep(seconds)
    telling = Thread(target=_tell, args=(loop, seconds), name="tell what is there", daemon=True)
    telling.start()
    telling.join(TELL_SECONDS)
    os._exit(1)


def _tell(loop: asyncio.AbstractEventLoop, seconds: float) -> None:
    log.error("asked to stop, and can't: ended now, as a crash would", after_seconds=seconds)
    for task in asyncio.all_tasks(loop):
        log.error("still there", task=task.get_name(), at=_places(task.get_coro()))
    sys.stderr.flush()
    faulthandler.dump_traceback(sys.stderr)


def _places(waiting: Any) -> list[str]:
    """A place for each coroutine, from the task's own down to the one that waits. A task's
    `print_stack` ends at the first.
    """
    places = []
    while waiting is not None:
        if frame := getattr(waiting, "cr_frame", None) or getattr(waiting, "ag_frame", None):
            code = frame.f_code
            places.append(f"{code.co_filename}:{frame.f_lineno} in {code.co_qualname}")
            waiting = getattr(waiting, "cr_await", None) or getattr(waiting, "ag_await", None)
        else:  # what asks a generator for its next value says nothing of it
            hidden = gc.get_referents(waiting)
            waiting = next((x for x in hidden if isasyncgen(x) or iscoroutine(x)), None)
    return places
