"""The processor's HTTP side: how it is, and how much it has done. Nobody uploads here."""

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from safelight.backends.watch import Watch

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

log = structlog.get_logger()


class Station:
    """A bare ASGI app: three addresses need no framework, and the processor loads none."""

    def __init__(
        self,
        lifespan: Callable[[], AbstractAsyncContextManager[None]],
        checks: Mapping[str, Callable[[], bool]],
        check_objects: Callable[[], Awaitable[None]],
    ) -> None:
        self._lifespan = lifespan
        self._checks = checks
        self._check_objects = check_objects
        self._watch = Watch()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            status, content_type, body = await self._answer(scope["method"], scope["path"])
            headers = [
                (b"content-type", content_type.encode()),
                (b"x-content-type-options", b"nosniff"),
            ]
            headers.append((b"content-length", str(len(body)).encode()))
            await send({"type": "http.response.start", "status": status, "headers": headers})
            body = b"" if scope["method"] == "HEAD" else body
            await send({"type": "http.response.body", "body": body})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            async with self._lifespan():
                await send({"type": "lifespan.startup.complete"})
                await receive()
        except BaseException as error:
            log.exception("the processor could not start or end well")
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            raise
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, method: str, path: str) -> tuple[int, str, bytes]:
        if method not in ("GET", "HEAD"):
            return _problem(405, "method-not-allowed", "Only GET and HEAD are taken here.")
        match path:
            case "/health/live":
                return _json(200, {"status": "ok"})
            case "/health/ready":
                return await self._readiness()
            case "/metrics":
                return 200, CONTENT_TYPE_LATEST, generate_latest()
        return _problem(404, "not-found", "There is nothing at this address.")

    async def _readiness(self) -> tuple[int, str, bytes]:
        states = {name: "ok" if is_up() else "down" for name, is_up in self._checks.items()}
        states["objects"] = await self._watch.state("objects", self._check_objects())
        up = "down" not in states.values()
        return _json(200 if up else 503, {"status": "ok" if up else "down", "checks": states})


def _json(status: int, body: Mapping[str, Any]) -> tuple[int, str, bytes]:
    return status, "application/json", json.dumps(body).encode()


def _problem(status: int, code: str, detail: str) -> tuple[int, str, bytes]:
    body = {"type": f"/problems/{code}", "title": detail, "status": status, "detail": detail}
    return status, "application/problem+json", json.dumps(body).encode()
