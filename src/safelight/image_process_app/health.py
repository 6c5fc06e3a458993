"""The processor's HTTP side: how it is, how much it has done, and what it is asked to render."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from safelight.backends.watch import LEAVING, Watch
from safelight.image_process_app.asgi import (
    Answer,
    Application,
    Receive,
    Scope,
    Send,
    json_answer,
    problem,
    respond,
)

RENDER = "/render"

log = structlog.get_logger()


class Station:
    """A bare ASGI app: four addresses need no framework, and the processor loads none."""

    def __init__(
        self,
        lifespan: Callable[[], AbstractAsyncContextManager[None]],
        checks: Mapping[str, Callable[[], bool]],
        check_objects: Callable[[], Awaitable[None]],
        render: Application | None = None,
    ) -> None:
        """`render` answers `POST /render`, if anybody may have something rendered here."""
        self._lifespan = lifespan
        self._checks = checks
        self._check_objects = check_objects
        self._render = render
        self._watch = Watch()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._render is not None and scope["path"] == RENDER:
            await self._render(scope, receive, send)
        else:
            answer = await self._answer(
                scope["method"], scope["path"], LEAVING in scope.get("state", {})
            )
            await respond(send, answer, with_body=scope["method"] != "HEAD")

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

    async def _answer(self, method: str, path: str, leaving: bool) -> Answer:
        if method not in ("GET", "HEAD"):
            return problem(405, "method-not-allowed", "Only GET and HEAD are taken here.")
        match path:
            case "/health/live":
                return json_answer(200, {"status": "ok"})
            case "/health/ready":
                return await self._readiness(leaving)
            case "/metrics":
                return Answer(200, CONTENT_TYPE_LATEST, generate_latest())
        return problem(404, "not-found", "There is nothing at this address.")

    async def _readiness(self, leaving: bool) -> Answer:
        states = {name: "ok" if is_up() else "down" for name, is_up in self._checks.items()}
        states["objects"] = await self._watch.state("objects", self._check_objects())
        up = "down" not in states.values()
        status = "stopping" if leaving else "ok" if up else "down"
        return json_answer(200 if status == "ok" else 503, {"status": status, "checks": states})
