"""Renderers at other addresses: `POST /render` of the processors, over kept connections.

A job goes as JSON, with a token; the answer is the picture itself, its sides in `X-Width` and
`X-Height`, or a problem document, whose `fault` is the reason where it was refused.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from itertools import count

import httpx
import structlog
from pydantic import BaseModel, ValidationError

from safelight.backends.objects import StoreUnavailable
from safelight.backends.rendering import (
    Rendered,
    RendererBusy,
    RendererUnavailable,
    RenderRefused,
)
from safelight.contract.messages import Fault, Job

PATH = "/render"
WIDTH, HEIGHT = "X-Width", "X-Height"
STORAGE = "/problems/storage-unavailable"
CONNECT_SECONDS = 1.0
DEADLINE = 40.0
"""Seconds until the answer begins, whoever gives it; a decoder may take 15 to open a picture and 15
to make something of it, and says then that it can't.
"""
SILENCE = 10.0
"""Seconds in which a processor takes nothing of a request."""
CONNECTIONS = 64
KEPT_SECONDS = 2.0
"""Idle connections are given up before the other side, after five seconds, does so."""
AWAY_SECONDS = 30.0
"""For so long one that did not answer is asked only when the others can't."""
PROBLEM_BYTES = 64 * 1024
AWAY = "no processor can be reached"
LATE = "it takes too long"

log = structlog.get_logger()


class Problem(BaseModel):
    """What a processor says when it sends no picture."""

    type: str = ""
    fault: Fault | None = None


class HttpRenderer:
    """Asks the processors in turn, and the next one where one is away or busy. One that was away,
    or let somebody wait in vain, comes last for a while: it may be frozen, and still take calls.
    """

    def __init__(self, urls: Sequence[str], token: str) -> None:
        """Raises ValueError for what is no URL. Without URLs nothing is ever rendered."""
        self._urls = [_checked(url) for url in urls]
        self._turn = count()
        self._away: dict[str, float] = {}
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(SILENCE, connect=CONNECT_SECONDS, read=DEADLINE, pool=DEADLINE),
            limits=httpx.Limits(max_connections=CONNECTIONS, keepalive_expiry=KEPT_SECONDS),
            trust_env=False,  # no proxy stands between the parts of one installation
        )

    @asynccontextmanager
    async def rendered(self, job: Job) -> AsyncIterator[Rendered]:
        response = await self._answer(job.model_dump_json().encode())
        try:
            yield _rendered(response)
        finally:
            await response.aclose()

    async def close(self) -> None:
        await self._client.aclose()

    async def _answer(self, body: bytes) -> httpx.Response:
        """The first picture, or refusal, that one of them has."""
        failure: Exception = RendererUnavailable(AWAY)
        asked = ""
        try:
            async with asyncio.timeout(DEADLINE):
                for asked in self._in_turn():
                    try:
                        return await self._ask(asked, body)
                    except RendererBusy as busy:
                        failure = busy
                    except RendererUnavailable as away:
                        self._tell(asked, str(away))
        except TimeoutError:
            self._tell(asked, LATE)
            raise RendererUnavailable(LATE) from None
        raise failure

    def _in_turn(self) -> list[str]:
        first = next(self._turn) % max(1, len(self._urls))
        now = time.monotonic()
        turn = [*self._urls[first:], *self._urls[:first]]
        return sorted(turn, key=lambda url: self._away.get(url, now) > now)

    async def _ask(self, url: str, body: bytes) -> httpx.Response:
        request = self._client.build_request(
            "POST", url, content=body, headers={"Content-Type": "application/json"}
        )
        with _translated():
            try:
                response = await self._client.send(request, stream=True)
            except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
                # A kept connection was just being closed, or the other side dies: asking again
                # tells, and doing it twice harms nobody.
                response = await self._client.send(request, stream=True)
            if response.status_code != httpx.codes.OK:
                await _refuse(response)
        if url in self._away:
            del self._away[url]
            log.info("a processor renders again", url=url)
        return response

    def _tell(self, url: str, reason: str) -> None:
        if url not in self._away:
            log.warning("a processor does not render", url=url, reason=reason)
        self._away[url] = time.monotonic() + AWAY_SECONDS


def _checked(url: str) -> str:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError(f"{url}: {error}") from None
    if parsed.scheme not in ("http", "https") or not parsed.host or parsed.path not in ("", "/"):
        raise ValueError(f"{url} is not like http://host:10101")
    return f"{url.rstrip('/')}{PATH}"


async def _refuse(response: httpx.Response) -> None:
    """Raise what an answer without a picture means."""
    body = b""
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > PROBLEM_BYTES:
            break
    await response.aclose()
    try:
        problem = Problem.model_validate_json(body)
    except ValidationError:
        problem = Problem()
    match response.status_code:
        case 422 if problem.fault is not None:
            raise RenderRefused(problem.fault)
        case 503 if problem.type == STORAGE:
            raise StoreUnavailable("a processor can't use the store")
        case 503:
            raise RendererBusy
        case 401:
            raise RendererUnavailable("SAFELIGHT_PROCESSOR_TOKEN is not the processor's")
        case 404 | 405:
            raise RendererUnavailable("it has no SAFELIGHT_PROCESSOR_TOKEN")
    raise RendererUnavailable(f"it answers {response.status_code}")


def _rendered(response: httpx.Response) -> Rendered:
    headers = response.headers
    try:
        return Rendered(
            content_type=headers["Content-Type"],
            width=int(headers[WIDTH]),
            height=int(headers[HEIGHT]),
            size=int(headers["Content-Length"]),
            chunks=_chunks(response),
        )
    except (KeyError, ValueError):
        raise RendererUnavailable("a processor's answer can't be understood") from None


async def _chunks(response: httpx.Response) -> AsyncIterator[bytes]:
    with _translated():
        async for chunk in response.aiter_raw():
            yield chunk


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except httpx.HTTPError as error:
        raise RendererUnavailable(str(error) or type(error).__name__) from error
