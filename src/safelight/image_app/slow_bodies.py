"""Bodies that come too slowly: nobody may keep the API waiting for as long as they like."""

import asyncio
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from safelight.image_app import errors

GRACE_SECONDS = 10.0
"""For so long nothing has to come."""


class SlowBodies:
    """Whoever reads a body waits for all of it no longer than `seconds`, and for `grace` seconds
    without having got `rate` bytes for each of them; then `request-timeout` is raised there.

    What the API itself needs between two chunks counts for nobody.
    """

    def __init__(
        self, app: ASGIApp, seconds: float, rate: int, grace: float = GRACE_SECONDS
    ) -> None:
        self._app = app
        self._seconds, self._rate, self._grace = seconds, rate, grace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            body = _Body(receive, send, self._seconds, self._rate, self._grace)
            await self._app(scope, body.hear, body.say)
        else:
            await self._app(scope, receive, send)


class _Body:
    """One body, while it comes; once it has, or is answered, nothing is waited for any more."""

    def __init__(
        self, receive: Receive, send: Send, seconds: float, rate: int, grace: float
    ) -> None:
        self._receive, self._send = receive, send
        self._rate, self._grace = rate, grace
        self._seconds, self._patience = seconds, grace
        self._ended = False

    async def hear(self) -> Message:
        if self._ended:
            return await self._receive()
        started = time.monotonic()
        try:
            async with asyncio.timeout(max(0.0, min(self._seconds, self._patience))):
                message = await self._receive()
        except TimeoutError:
            if self._ended:
                return await self._receive()
            raise errors.REQUEST_TIMEOUT() from None
        waited = time.monotonic() - started
        come = len(message.get("body", b"")) / self._rate
        self._seconds -= waited
        self._patience = min(self._grace, self._patience - waited + come)
        if not message.get("more_body"):
            self._ended = True
        return message

    async def say(self, message: Message) -> None:
        self._ended = True
        await self._send(message)
