"""The HTTP server: a socket of our own, and an end that drains."""

import asyncio
import errno
import gc
import math
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from safelight import overdue
from safelight.backends.unusable import Unusable
from safelight.backends.watch import LEAVING
from safelight.connections import DEFAULTS, Bounds, protocol

TICK_SECONDS = 0.05
DRAINS = 4
"""Requests, promises, messages and renderings have the time to drain each."""
LAST_SECONDS = 60.0
"""What an end may take besides, at most: to take leave of servers that do not answer."""


def end_at_a_signal() -> None:
    """Until a server listens to them itself, Ctrl-C and SIGTERM end this process at once and with
    exit code 0: nothing has begun that would have to be ended.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; raises `Unusable` saying why there is none."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        reasons = {
            errno.EADDRINUSE: f"port {port} of {host} is taken: stop what uses it, "
            "or choose another with --port",
            errno.EACCES: f"port {port} may not be opened by this user: choose one above 1023",
            errno.EADDRNOTAVAIL: f"this machine has no address {host}: choose another with --host",
        }
        reason = reasons.get(error.errno or 0, f"can't listen on {host} port {port}: {error}")
        raise Unusable(reason) from None
    listener.setblocking(False)
    return listener


class Server(uvicorn.Server):
    """Ends with exit code 0 on Ctrl-C and SIGTERM, once what was under way is done.

    For `notice_seconds` before that it serves on while requests find `LEAVING` in their state, so
    that whoever asks whether it is ready sends nobody here any more. A process that serves by
    `serve_on` is ended with exit code 1 when it is there `last_seconds` after all had their time.
    """

    def __init__(
        self,
        app: Any,
        drain_seconds: float,
        notice_seconds: float = 0,
        bounds: Bounds = DEFAULTS,
        last_seconds: float = LAST_SECONDS,
    ) -> None:
        config = uvicorn.Config(
            app,
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=True,
            http=protocol(bounds),
            timeout_graceful_shutdown=max(1, round(drain_seconds)),
            lifespan="on",
            ws="none",
            proxy_headers=False,
        )
        super().__init__(config)
        self._notice_seconds = notice_seconds
        self._end_seconds = notice_seconds + DRAINS * drain_seconds + last_seconds
        self._owns_process = False

    async def main_loop(self) -> None:
        # What is there by now stays: looking through it for garbage would hold up everybody.
        gc.collect()
        gc.freeze()
        gc.enable()
        await super().main_loop()
        self.lifespan.state[LEAVING] = True
        for _ in range(math.ceil(self._notice_seconds / TICK_SECONDS)):
            if not self.force_exit:
                await asyncio.sleep(TICK_SECONDS)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at the first signal; uvicorn would raise it again when all is done."""
        is_to_end = None
        if self._owns_process:
            is_to_end = overdue.watch(asyncio.get_running_loop(), self._end_seconds)
        before = {s: signal.signal(s, self.handle_exit) for s in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            if is_to_end:
                is_to_end()  # nobody may have asked: it did not come up, say
            for number, handler in before.items():
                signal.signal(number, handler)

    def serve_on(self, *listeners: socket.socket) -> bool:
        """Serve until asked to stop; whether it came up at all. For the last act of a process."""
        self._owns_process = True
        self.run(sockets=list(listeners))
        return self.started


def address(listener: socket.socket) -> str:
    """Where a client on this machine finds it."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
