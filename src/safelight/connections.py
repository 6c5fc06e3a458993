"""What a client may do with a connection before anything of the product hears of it.

The parser, in C, refuses whatever could be read in two ways; this adds what it leaves open, bounds
what a head may hold and how long it may take, and says every refusal as a problem document.
"""

import asyncio
import json
import re
import uuid
from dataclasses import dataclass
from typing import Any, cast

import httptools
import structlog
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.server import ServerState

from safelight.image_app import errors
from safelight.image_app.errors import MEDIA_TYPE, Problem

HEAD_BYTES = 32 * 1024
HEADERS = 100
SLOWEST = 1024
"""Bytes a second that a client has to read."""
LINGER_SECONDS = 2.0
"""For so long a refused client may read why; closing at once would reset the connection."""
LINGERING = 64
"""Connections beyond the most that are told so; any further are closed without a word."""

_HOST = re.compile(rb"[A-Za-z0-9.\-_~%!$&'()*+,;=:\[\]]*")
_VERSIONS = ("1.1", "1.0")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many connections there may be, and how long they may keep it waiting, in seconds."""

    connections: int = 800
    head: float = 10.0
    keep_alive: float = 75.0
    stall: float = 60.0
    """In which a client has to read something of what is written to it, at `SLOWEST`."""


DEFAULTS = Bounds()


class Connection(HttpToolsProtocol):
    """One connection. A head has to be whole within `Bounds.head` seconds of its first byte, or of
    the connection's beginning.
    """

    def __init__(
        self,
        bounds: Bounds,
        turned_away: set[asyncio.Protocol],
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._bounds = bounds
        self.timeout_keep_alive = bounds.keep_alive  # type: ignore[assignment] # seconds
        self._turned_away = turned_away
        self._deadline: asyncio.TimerHandle | None = None
        self._stalling: asyncio.TimerHandle | None = None
        self._in_head = False
        self._between = True
        """No request has begun whose body is still to come."""
        self._head_bytes = 0
        self._ended = False
        """A request has ended in the bytes that came last, so not all of them are of a head."""
        self._fault: Problem | None = None
        self._refusal: Problem | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn
        super().connection_made(transport)
        if len(self.connections) <= self._bounds.connections:
            self._start_the_clock()
            return
        self.connections.discard(self)
        if len(self._turned_away) < LINGERING:
            self._turned_away.add(self)
            self._refuse(errors.SERVICE_UNAVAILABLE("Too many connections are open."))
        else:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_the_clock()
        self._turned_away.discard(self)
        self.resume_writing()
        super().connection_lost(exc)
        self._unset_keepalive_if_required()

    def data_received(self, data: bytes) -> None:
        if self._refusal is not None:
            return
        self._unset_keepalive_if_required()
        self._ended = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # it is answered as if it had not asked
        except httptools.HttpParserError:
            self._refuse(self._fault or errors.MALFORMED_REQUEST())
        else:
            if self._in_head or (self._between and self._is_idle()):
                self._await_head(0 if self._ended else len(data))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:  # a trailer, which means nothing here
            self._count(len(name) + len(value))
            return
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._in_head = self._between = False
        self._head_bytes = 0
        if self._deadline is not None:
            self._stop_the_clock()
        self._fault = _fault_of(self.parser.get_http_version(), self.url, self.headers)
        if self._fault is not None:
            raise ValueError(self._fault)
        super().on_headers_complete()
        if self.parser.should_upgrade():
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        self._between = self._ended = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self._unless_read()
        elif self._refusal is not None:
            if self._is_idle():
                self._say(self._refusal)
        elif not self._between and self._deadline is None:  # what is left of the body is not wanted
            self._start_the_clock()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unless_read()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stalling is not None:
            self._stalling.cancel()
            self._stalling = None

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._unless_read()

    def _unless_read(self) -> None:
        """End the connection in a while if too little of what was written is read by then."""
        if self._stalling is None:
            unread = self.transport.get_write_buffer_size()
            self._stalling = self.loop.call_later(self._bounds.stall, self._look_back, unread)

    def _look_back(self, unread_then: int) -> None:
        self._stalling = None
        unread = self.transport.get_write_buffer_size()
        if unread_then - unread < SLOWEST * self._bounds.stall:
            self.transport.abort()
        else:
            self._unless_read()

    def _await_head(self, received: int) -> None:
        if self._deadline is None:
            self._start_the_clock()
        self._head_bytes += received
        if self._head_bytes > HEAD_BYTES:
            self._refuse(errors.HEADERS_TOO_LARGE())

    def _count(self, received: int) -> None:
        self._head_bytes += received
        if self._head_bytes > HEAD_BYTES:
            self._fault = errors.HEADERS_TOO_LARGE()
            raise ValueError(self._fault)

    def _start_the_clock(self) -> None:
        self._deadline = self.loop.call_later(self._bounds.head, self._too_late)

    def _stop_the_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        self._deadline = None
        if not self._is_idle():  # whatever comes next is not even read yet
            self._start_the_clock()
        elif self._in_head:
            self._refuse(errors.REQUEST_TIMEOUT("The head of the request took too long."))
        else:
            self.transport.close()

    def _is_idle(self) -> bool:
        """Whether everything that was asked is answered."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _refuse(self, problem: Problem) -> None:
        """Answer this and no more, once whatever was asked before is answered."""
        self._stop_the_clock()
        self._refusal = problem
        log.info("refused a connection", code=problem.kind.code, client=self.client)
        if self._is_idle():
            self._say(problem)
        elif self.cycle.more_body:  # it is the body of what is being answered that makes no sense
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            if self.cycle.response_started or self.pipeline:
                self.transport.close()
            else:
                self._say(problem)

    def _say(self, problem: Problem) -> None:
        self._unset_keepalive_if_required()
        if self.transport.is_closing():
            return
        self.transport.write(_written(problem, self.server_state.default_headers))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._deadline = self.loop.call_later(LINGER_SECONDS, self.transport.abort)


def _fault_of(version: str, url: bytes, headers: list[tuple[bytes, bytes]]) -> Problem | None:
    """What is wrong with a head that the parser has taken."""
    size, hosts = len(url), 0
    for name, value in headers:
        size += len(name) + len(value)
        if name == b"host":
            hosts += 1
            if hosts > 1 or not _HOST.fullmatch(value):
                return errors.MALFORMED_REQUEST("Host must be given once, as host or host:port.")
        elif name == b"transfer-encoding" and (value.lower() != b"chunked" or version != "1.1"):
            return errors.MALFORMED_REQUEST("The only Transfer-Encoding is chunked, in HTTP/1.1.")
    if size > HEAD_BYTES or len(headers) > HEADERS:
        return errors.HEADERS_TOO_LARGE()
    if version not in _VERSIONS:
        return errors.MALFORMED_REQUEST("HTTP/1.1 and HTTP/1.0 are understood here.")
    if not hosts and version == "1.1":
        return errors.MALFORMED_REQUEST("HTTP/1.1 needs a Host.")
    return None


def _written(problem: Problem, default_headers: list[tuple[bytes, bytes]]) -> bytes:
    """The whole answer as bytes."""
    request_id = str(uuid.uuid4())
    body = json.dumps(problem.document(request_id)).encode()
    headers = {
        "content-type": MEDIA_TYPE,
        "content-length": str(len(body)),
        "x-request-id": request_id,
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
        **problem.headers,
        "connection": "close",
    }
    lines = [*default_headers, *((n.encode(), v.encode()) for n, v in headers.items())]
    head = b"".join(name.lower() + b": " + value + b"\r\n" for name, value in lines)
    return STATUS_LINE[problem.kind.status] + head + b"\r\n" + body


def protocol(bounds: Bounds) -> type[asyncio.Protocol]:
    """The protocol class that the server is to use, with these bounds."""
    turned_away: set[asyncio.Protocol] = set()

    def connect(**given: Any) -> Connection:
        return Connection(bounds, turned_away, **given)

    return cast("type[asyncio.Protocol]", connect)
