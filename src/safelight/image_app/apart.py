"""Metrics on a port of their own: they alone are there, and nowhere else."""

from starlette.types import ASGIApp, Receive, Scope, Send

from safelight.image_app import errors
from safelight.image_app.responses import problem_response

METRICS = "/metrics"


class Apart:
    """Plain ASGI; to be left away where the metrics are beside the rest."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._belongs(scope):
            await self._app(scope, receive, send)
            return
        response = problem_response(errors.NOT_FOUND(), scope["state"]["request_id"])
        await response(scope, receive, send)

    def _belongs(self, scope: Scope) -> bool:
        server = scope["server"]
        is_apart = server is not None and server[1] == self._port
        return bool(is_apart == (scope["path"] == METRICS))
