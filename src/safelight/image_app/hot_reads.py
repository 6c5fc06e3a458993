"""The two reads that clients ask most, answered before the framework looks for a route.

Here is only the short way: a token that is known, an address without a flaw, an answer that the
cache has or a single image that the database has. Whatever else there is goes on to the routes,
which answer the same, refuse what is wrong, and keep what they have read.
"""

from typing import Any, NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from safelight.contract import keys
from safelight.image_app.images import service
from safelight.image_app.resources import Resources
from safelight.image_app.responses import JSON, not_modified


class Template(NamedTuple):
    """What a request is counted under."""

    path: str


LIST = "/v1/images"
LIST_ROUTE, ITEM_ROUTE = Template(LIST), Template("/v1/images/{image_id}")
ITEM = "/v1/images/"
ID_LENGTH = 36


class HotReads:
    """Plain ASGI in front of the router, within what turns failures into answers."""

    def __init__(self, router: ASGIApp, resources: Resources) -> None:
        self._router, self._resources = router, resources

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET":
            path = scope["path"]
            is_meant = path == LIST or path.startswith(ITEM)
            if is_meant and (reply := await self._find(scope, path)):
                await _answer(reply, scope, send)
                return
        await self._router(scope, receive, send)

    async def _find(self, scope: Scope, path: str) -> service.Reply | None:
        account_id = self._account(scope["headers"])
        if account_id is None:
            return None
        if path == LIST:
            scope["route"] = LIST_ROUTE
            question = service.list_question(scope["query_string"])
            return await service.cached(self._resources, account_id, question)
        image_id = path[len(ITEM) :]
        if scope["query_string"] or len(image_id) != ID_LENGTH or not keys.is_id(image_id):
            return None
        scope["route"] = ITEM_ROUTE  # under which it is counted, too, that there is none
        return await service.get_image(self._resources, account_id, image_id)

    def _account(self, headers: list[tuple[bytes, bytes]]) -> str | None:
        """Whose token came, when there is one and it has been seen before."""
        given = [value for name, value in headers if name == b"authorization"]
        if len(given) != 1 or not given[0].startswith(b"Bearer "):
            return None
        return self._resources.tokens.remembered(given[0][7:].decode("latin-1"))


async def _answer(reply: service.Reply, scope: Scope, send: Send) -> None:
    headers = [(b"etag", reply.etag.encode())]
    if reply.link:
        headers.append((b"link", reply.link.encode()))
    asked = [value for name, value in scope["headers"] if name == b"if-none-match"]
    # Of several lines the first counts, as it does for the routes.
    unchanged = bool(asked) and not_modified(asked[0].decode("latin-1"), reply.etag)
    body = b"" if unchanged else reply.body
    start: dict[str, Any] = {"type": "http.response.start", "status": 200, "headers": headers}
    if unchanged:
        start["status"] = 304
    else:
        headers.append((b"content-type", JSON.encode()))
        headers.append((b"content-length", str(len(body)).encode()))
    await send(start)
    await send({"type": "http.response.body", "body": body})
