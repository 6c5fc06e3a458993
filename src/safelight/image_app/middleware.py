"""What surrounds every request: an id, safe headers, a log line, a count, a clean end."""

import asyncio
import re
import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from safelight.image_app import clock, errors, limited
from safelight.image_app.metrics import count_request
from safelight.image_app.responses import problem_response
from safelight.image_app.safety import Safety

SANE_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
LINGER_SECONDS = 5.0
LINGER_BYTES = 64 << 20

log = structlog.get_logger()


class Surroundings:
    """Plain ASGI, since a `BaseHTTPMiddleware` costs most of the server's speed."""

    def __init__(self, app: ASGIApp, is_https: bool = False) -> None:
        self._app = app
        self._safety = Safety(is_https)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await _Exchange(scope, receive, send, self._safety).run(self._app)
        else:
            await self._app(scope, receive, send)


class _Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, safety: Safety) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._safety = safety
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        self._id = given.decode() if SANE_ID.fullmatch(given) else clock.new_id()
        scope.setdefault("state", {})["request_id"] = self._id
        length = headers.get(b"content-length", b"0")
        self._unread = length != b"0" or b"transfer-encoding" in headers
        self._withheld = headers.get(b"expect", b"").lower() == b"100-continue"
        self._status = 0

    async def run(self, app: ASGIApp) -> None:
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=self._id)
        started = time.perf_counter()
        try:
            await app(self._scope, self._hear, self._say)
        except Exception:
            log.exception("unexpected failure", path=self._scope["path"])
            if self._status:
                raise
            response = problem_response(errors.INTERNAL_ERROR(), self._id)
            await response(self._scope, self._hear, self._say)
        finally:
            seconds = time.perf_counter() - started
            count_request(self._scope, self._status, seconds)
            self._log(seconds)

    async def _hear(self) -> Message:
        self._withheld = False
        message = await self._receive()
        if message["type"] != "http.request" or not message.get("more_body"):
            self._unread = False
        return message

    async def _say(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            added = [(b"x-request-id", self._id.encode())]
            if self._unread:
                added.append((b"connection", b"close"))
            given = limited.told(self._scope, message["headers"])
            message["headers"] = self._safety.around(given, *added)
        elif self._unread and not message.get("more_body"):
            await self._send({**message, "more_body": True})
            await self._linger()
            message = {"type": "http.response.body"}
        await self._send(message)

    async def _linger(self) -> None:
        """Take the rest of a refused body for a while: closing at once would reset the
        connection, and the client might never read its answer. A client that still waits for
        `100 Continue` sends nothing.
        """
        left = 0 if self._withheld else LINGER_BYTES
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                while self._unread and left > 0:
                    left -= len((await self._hear()).get("body", b""))
        except TimeoutError:
            return

    def _log(self, seconds: float) -> None:
        method = self._scope["method"]
        quiet = method in ("GET", "HEAD") and self._status < errors.UNAUTHENTICATED.status
        tell = log.debug if quiet else log.info
        tell(
            "request",
            method=method,
            path=self._scope["path"],
            status=self._status,
            ms=round(seconds * 1000, 1),
        )
