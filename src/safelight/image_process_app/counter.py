"""The counter at which the API has pictures made while somebody waits: `POST /render`."""

import asyncio
import hmac
from collections.abc import Awaitable

import structlog
from pydantic import ValidationError

from safelight.backends.objects import StoreUnavailable
from safelight.backends.rendering import (
    Rendered,
    Renderer,
    RendererBusy,
    RendererUnavailable,
    RenderRefused,
)
from safelight.contract.messages import Job
from safelight.image_process_app import metrics
from safelight.image_process_app.asgi import Answer, Receive, Scope, Send, begin, problem, respond

BODY_BYTES = 64 * 1024
SOON = {"Retry-After": "1"}

BUSY = problem(503, "queue-full", "More is wanted here than can be made now.", SOON)
NO_STORE = problem(503, "storage-unavailable", "The object store can't be used now.", SOON)
UNWELL = problem(500, "internal-error", "Something went wrong here; the log says what.")
UNKNOWN = problem(
    401, "unauthenticated", "Send SAFELIGHT_PROCESSOR_TOKEN.", {"WWW-Authenticate": "Bearer"}
)
ONLY_POST = problem(405, "method-not-allowed", "Only POST is taken here.", {"Allow": "POST"})
TOO_LARGE = problem(413, "body-too-large", f"A job has at most {BODY_BYTES} bytes.")
NO_JOB = problem(400, "malformed-json", "The body is no job that wants exactly one variant.")

log = structlog.get_logger()


class Counter:
    """Whoever has the token may have a picture rendered; nothing is stored."""

    def __init__(self, renderer: Renderer, token: str) -> None:
        self._renderer = renderer
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = dict(scope["headers"]).get(b"authorization", b"")
        if not hmac.compare_digest(given, self._expected):
            return await respond(send, UNKNOWN)
        if scope["method"] != "POST":
            return await respond(send, ONLY_POST, with_body=scope["method"] != "HEAD")
        body = await _body(receive)
        if body is None:
            return await respond(send, TOO_LARGE)
        job = _job(body)
        if job is None:
            return await respond(send, NO_JOB)
        await _unless_gone(self._render(job, send), receive)
        return None

    async def _render(self, job: Job, send: Send) -> None:
        begun = False
        try:
            async with self._renderer.rendered(job) as picture:
                begun = True
                metrics.RENDERINGS.labels("made").inc()
                await _deliver(send, picture)
        except Exception as failure:
            # Whatever it is, whoever waits is told; once a picture is on its way, the server ends
            # the connection instead.
            if begun:
                raise
            result, answer = _told(failure)
            metrics.RENDERINGS.labels(result).inc()
            if answer is UNWELL:
                log.exception("could not render", image_id=job.image_id, job_id=job.id)
            await respond(send, answer)


def _told(failure: Exception) -> tuple[str, Answer]:
    match failure:
        case RenderRefused(fault=fault):
            refused = problem(422, fault.code, fault.detail, fault=fault.model_dump())
            return "refused", refused
        case RendererBusy() | RendererUnavailable():
            return "busy", BUSY
        case StoreUnavailable():
            return "failed", NO_STORE
    return "failed", UNWELL


async def _deliver(send: Send, picture: Rendered) -> None:
    sides = {"X-Width": str(picture.width), "X-Height": str(picture.height)}
    await begin(send, 200, picture.content_type, picture.size, sides)
    async for chunk in picture.chunks:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body"})


async def _body(receive: Receive) -> bytes | None:
    """None when it is too large."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > BODY_BYTES:
            return None
        if not message.get("more_body"):
            return bytes(body)


def _job(body: bytes) -> Job | None:
    try:
        job = Job.model_validate_json(body)
    except ValidationError:
        return None
    return job if len(job.variants) == 1 else None


async def _unless_gone(work: Awaitable[None], receive: Receive) -> None:
    """Do the work, unless whoever asked for it leaves: nobody else would take it."""
    doing = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait({doing, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (doing, leaving):
            task.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
    await asyncio.gather(doing, return_exceptions=True)
    if not doing.cancelled() and (failure := doing.exception()) is not None:
        raise failure


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
