"""The two reads that clients ask most, answered before the framework looks at them.

Here is only the short way: a plain request, a token that is known, an answer that the cache has or
a single image that the database has. Whatever else there is goes on to the routes, which answer
the same, refuse what is wrong, and keep what they have read. What surrounds every answer is written
here once more, as `Surroundings` has it: half of the time is in the layers between.
"""

import time
from typing import NamedTuple

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from safelight.contract import keys
from safelight.image_app import clock
from safelight.image_app.images import service
from safelight.image_app.metrics import count_request
from safelight.image_app.middleware import SANE_ID
from safelight.image_app.resources import Resources
from safelight.image_app.responses import JSON, not_modified
from safelight.image_app.safety import Safety
from safelight.image_app.surface import Surface


class Template(NamedTuple):
    """What a request is counted under."""

    path: str


LIST = "/v1/images"
LIST_ROUTE, ITEM_ROUTE = Template(LIST), Template("/v1/images/{image_id}")
ITEM = "/v1/images/"
ID_LENGTH = 36
NOT_PLAIN = frozenset((b"origin", b"content-length", b"transfer-encoding", b"expect"))
FAILURE = "failure"

Headers = dict[bytes, bytes]

log = structlog.get_logger()


class HotReads:
    """In front of the whole application."""

    def __init__(self, resources: Resources, surface: Surface) -> None:
        self._resources = resources
        self._metrics_port = surface.metrics_port
        self._safe = Safety(surface.is_https).around([])

    async def answered(self, scope: Scope, send: Send) -> bool:
        """Whether there was a short way; nothing is sent otherwise."""
        started = time.perf_counter()
        if not scope["path"].startswith(LIST) or scope["server"][1] == self._metrics_port:
            return False
        headers = dict(scope["headers"])
        if len(headers) != len(scope["headers"]) or not NOT_PLAIN.isdisjoint(headers):
            return False
        try:
            reply = await self._find(scope, headers)
        except Exception as failure:
            scope["state"][FAILURE] = failure  # the long way tells of it, and asks nobody again
            return False
        if reply is None:
            return False
        status = await self._answer(reply, headers, send)
        seconds = time.perf_counter() - started
        count_request(scope, status, seconds)
        log.debug("request", path=scope["path"], status=status, ms=round(seconds * 1000, 1))
        return True

    async def _find(self, scope: Scope, headers: Headers) -> service.Reply | None:
        account_id = self._account(headers)
        if account_id is None:
            return None
        path: str = scope["path"]
        if path == LIST:
            scope["route"] = LIST_ROUTE
            question = service.list_question(scope["query_string"])
            return await service.cached(self._resources, account_id, question)
        image_id = path[len(ITEM) :]
        is_whole = path.startswith(ITEM) and len(image_id) == ID_LENGTH and keys.is_id(image_id)
        if scope["query_string"] or not is_whole:
            return None
        scope["route"] = ITEM_ROUTE  # under which it is counted, too, that there is none
        return await service.get_image(self._resources, account_id, image_id)

    def _account(self, headers: Headers) -> str | None:
        """Whose token came, when there is one and it has been seen before."""
        given = headers.get(b"authorization", b"")
        if not given.startswith(b"Bearer "):
            return None
        return self._resources.tokens.remembered(given[7:].decode("latin-1"))

    async def _answer(self, reply: service.Reply, headers: Headers, send: Send) -> int:
        given = headers.get(b"x-request-id", b"")
        request_id = given if SANE_ID.fullmatch(given) else clock.new_id().encode()
        etag = reply.etag.encode()
        said = [(b"etag", etag), (b"x-request-id", request_id), *self._safe]
        if reply.link:
            said.append((b"link", reply.link.encode()))
        asked = headers.get(b"if-none-match")
        unchanged = asked is not None and (
            asked == etag or not_modified(asked.decode("latin-1"), reply.etag)
        )
        status, body = (304, b"") if unchanged else (200, reply.body)
        if not unchanged:
            said.append((b"content-type", JSON.encode()))
            said.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": said})
        await send({"type": "http.response.body", "body": body})
        return status


class Failed:
    """In front of the router, within what turns failures into answers: raises what failed on the
    short way.
    """

    def __init__(self, router: ASGIApp) -> None:
        self._router = router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        failure: Exception | None = scope.get("state", {}).get(FAILURE)
        if failure is not None:
            raise failure
        await self._router(scope, receive, send)
