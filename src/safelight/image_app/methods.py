"""Which methods an address takes: `HEAD` wherever it takes `GET`, `OPTIONS` everywhere."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Sequence

from fastapi.routing import iter_route_contexts
from starlette.responses import Response
from starlette.routing import BaseRoute, compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Methods:
    """The methods that these routes take."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        by_path: dict[str, set[str]] = defaultdict(set)
        for route in iter_route_contexts(routes):
            if route.path is not None:
                by_path[route.path] |= route.methods or set()
        self._taken = [(compile_path(path)[0], methods) for path, methods in by_path.items()]

    def handled(self, path: str) -> set[str]:
        """Those that a route of its own takes there; none where there is nothing."""
        found = (methods for pattern, methods in self._taken if _matches(pattern, path))
        return set().union(*found)

    def allowed(self, path: str) -> str:
        """All that are taken there, for `Allow`; nothing where there is nothing."""
        handled = self.handled(path)
        if not handled:
            return ""
        more = {"HEAD", "OPTIONS"} if "GET" in handled else {"OPTIONS"}
        return ", ".join(sorted(handled | more))


def _matches(pattern: re.Pattern[str], path: str) -> bool:
    return pattern.match(path) is not None


class Answering:
    """Answers `OPTIONS`, and `HEAD` as `GET` up to where the body would begin."""

    def __init__(self, app: ASGIApp, methods: Methods) -> None:
        self._app = app
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope.get("method")
        if method == "HEAD":
            await self._describe(scope, receive, send)
        elif method == "OPTIONS" and (allowed := self._methods.allowed(scope["path"])):
            response = Response(status_code=204, headers={"Allow": allowed})
            await response(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _describe(self, scope: Scope, receive: Receive, send: Send) -> None:
        handled = self._methods.handled(scope["path"])
        if "HEAD" in handled or "GET" not in handled:
            await self._app(scope, receive, send)
            return
        as_get = {**scope, "method": "GET"}
        ended = False

        async def say(message: Message) -> None:
            nonlocal ended
            if message["type"] == "http.response.start":
                scope["route"] = as_get.get("route")
                await send(message)
            elif not ended:
                ended = True
                await send({"type": "http.response.body"})
            else:
                await asyncio.sleep(0)  # so that whoever streams hears that nobody listens

        await self._app(as_get, receive, say)
