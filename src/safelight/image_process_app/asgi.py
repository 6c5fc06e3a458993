"""Answers of a bare ASGI app."""

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, NamedTuple

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

NOSNIFF = (b"x-content-type-options", b"nosniff")


class Answer(NamedTuple):
    """A whole answer."""

    status: int
    content_type: str
    body: bytes
    headers: Mapping[str, str] = {}


def json_answer(status: int, body: Mapping[str, Any]) -> Answer:
    return Answer(status, "application/json", json.dumps(body).encode())


def problem(
    status: int,
    code: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Answer:
    """A problem document (RFC 9457)."""
    body = {"type": f"/problems/{code}", "title": detail, "status": status, "detail": detail}
    return Answer(
        status, "application/problem+json", json.dumps(body | more).encode(), headers or {}
    )


async def respond(send: Send, answer: Answer, with_body: bool = True) -> None:
    """Send it whole."""
    await begin(send, answer.status, answer.content_type, len(answer.body), answer.headers)
    body = answer.body if with_body else b""
    await send({"type": "http.response.body", "body": body})


async def begin(
    send: Send, status: int, content_type: str, size: int, headers: Mapping[str, str]
) -> None:
    """Send what comes before `size` bytes of body."""
    given = {"content-type": content_type, "content-length": str(size), **headers}
    raw = [(name.lower().encode(), value.encode()) for name, value in given.items()]
    await send({"type": "http.response.start", "status": status, "headers": [*raw, NOSNIFF]})
