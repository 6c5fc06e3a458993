"""Which methods an address takes."""

import asyncio
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from starlette.responses import StreamingResponse

from safelight.image_app.methods import Answering, Methods


@pytest.fixture
def app() -> FastAPI:
    router = APIRouter(prefix="/things")

    @router.get("")
    async def things() -> StreamingResponse:
        return StreamingResponse(_without_end(), headers={"X-Things": "many"})

    @router.post("")
    @router.get("/{number}")
    @router.delete("/{number}")
    @router.put("/special")
    @router.head("/{number}/shape")
    @router.get("/{number}/shape")
    async def other() -> None:
        raise AssertionError("nobody asks for it")

    app = FastAPI()
    app.include_router(router)
    return app


async def _without_end() -> Any:
    while True:
        yield b"thing"


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/things", "GET, HEAD, OPTIONS, POST"),
        ("/things/7", "DELETE, GET, HEAD, OPTIONS"),
        ("/things/special", "DELETE, GET, HEAD, OPTIONS, PUT"),
        ("/things/7/shape", "GET, HEAD, OPTIONS"),
        ("/things/", ""),
        ("/thing", ""),
        ("/things/7/shape/more", ""),
    ],
)
def test_an_address_takes_what_any_of_its_routes_does(
    app: FastAPI, path: str, allowed: str
) -> None:
    assert Methods(app.routes).allowed(path) == allowed


async def test_head_of_a_stream_ends_where_the_body_would_begin(app: FastAPI) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(0)
        return {"type": "http.disconnect" if len(sent) > 1 else "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Any = {"type": "http", "method": "HEAD", "path": "/things", "headers": []}
    scope["query_string"] = b""
    app.add_middleware(Answering, methods=Methods(app.routes))
    await app(scope, receive, send)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert (b"x-things", b"many") in sent[0]["headers"]
    assert not sent[1].get("body")
    assert scope["route"].path == "/things"
