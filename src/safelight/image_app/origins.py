"""Pages of other origins that may call the API from a browser (CORS): those that are named.

There are no cookies, so no answer is ever credentialed: a page has to hold a token to get anything.
"""

from collections.abc import Set as AbstractSet

from starlette.types import ASGIApp, Message, Receive, Scope, Send

EVERYONE = "*"
Header = tuple[bytes, bytes]

ALLOWED = (
    b"Authorization, Content-Type, If-Match, If-None-Match, If-Range, Idempotency-Key, Range, "
    b"X-Request-ID, Last-Event-ID"
)
EXPOSED = (
    b"Location, ETag, Link, RateLimit, RateLimit-Policy, Retry-After, X-Request-ID, "
    b"Content-Range, Content-Disposition, Accept-Ranges, Allow"
)
VARY: Header = (b"vary", b"Origin")
MAX_AGE = b"600"


class Origins:
    """Plain ASGI; to be left away where nobody is named."""

    def __init__(self, app: ASGIApp, allowed: AbstractSet[str]) -> None:
        self._app = app
        self._everyone = EVERYONE in allowed
        self._allowed = {origin.encode() for origin in allowed}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"])
        added = self._added(given.get(b"origin"))
        asks_before = scope["method"] == "OPTIONS" and b"access-control-request-method" in given

        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message["headers"], *added]
                if asks_before and len(added) > 1:
                    headers += _permissions(message["headers"])
                message["headers"] = headers
            await send(message)

        await self._app(scope, receive, say)

    def _added(self, origin: bytes | None) -> list[Header]:
        """Nothing but `Vary` for an origin that is not named: its browser keeps the answer back."""
        exposed = (b"access-control-expose-headers", EXPOSED)
        if self._everyone:
            return [(b"access-control-allow-origin", b"*"), exposed]
        if origin in self._allowed:
            return [VARY, (b"access-control-allow-origin", origin), exposed]
        return [VARY]


def _permissions(answered: list[Header]) -> list[Header]:
    """What the answer to `OPTIONS` permits: the methods that the address takes."""
    methods = dict(answered).get(b"allow", b"")
    return [
        (b"access-control-allow-methods", methods),
        (b"access-control-allow-headers", ALLOWED),
        (b"access-control-max-age", MAX_AGE),
    ]
