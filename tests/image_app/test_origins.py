"""Pages of other origins, where all are allowed."""

from typing import Any

import pytest

from safelight.image_app.origins import EVERYONE, Origins


async def _answer(
    allowed: set[str], method: str = "GET", **given: str
) -> list[tuple[bytes, bytes]]:
    """Headers of the answer to a request with these."""
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"allow", b"GET"), (b"vary", b"Accept")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

    async def send(message: Any) -> None:
        sent.append(message)

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()]
    scope: Any = {"type": "http", "method": method, "headers": raw}
    await Origins(app, allowed)(scope, None, send)  # type: ignore[arg-type] # nothing is received
    headers: list[tuple[bytes, bytes]] = sent[0]["headers"]
    return headers


@pytest.mark.parametrize("origin", ["https://a.example", "null"])
async def test_where_all_may_ask_none_is_named_and_none_is_trusted_with_credentials(
    origin: str,
) -> None:
    headers = await _answer({EVERYONE}, origin=origin)
    assert (b"access-control-allow-origin", b"*") in headers
    assert b"access-control-allow-credentials" not in dict(headers)
    assert origin not in str(headers)
    assert [value for name, value in headers if name == b"vary"] == [b"Accept"]


async def test_an_answer_that_depends_on_the_origin_says_so_to_whoever_gets_it() -> None:
    for given in ({}, {"origin": "https://a.example"}, {"origin": "https://b.example"}):
        headers = await _answer({"https://a.example"}, **given)
        assert [value for name, value in headers if name == b"vary"] == [b"Accept", b"Origin"]


async def test_permissions_are_told_to_who_asks_for_them_and_is_named() -> None:
    asking = {"origin": "https://a.example", "access_control_request_method": "GET"}
    permitted = dict(await _answer({"https://a.example"}, "OPTIONS", **asking))
    assert permitted[b"access-control-allow-methods"] == b"GET"
    for allowed, method in (({"https://b.example"}, "OPTIONS"), ({"https://a.example"}, "GET")):
        headers = dict(await _answer(allowed, method, **asking))
        assert b"access-control-allow-methods" not in headers
