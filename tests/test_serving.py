"""The socket to listen on, or the reason why there is none."""

import asyncio
import gc
import os
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from safelight import serving
from safelight.backends.unusable import Unusable
from tests import plain_http


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with closing(serving.bind("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def refusal_of(host: str, port: int) -> str:
    with pytest.raises(Unusable) as refusal:
        serving.bind(host, port)
    return str(refusal.value)


def test_a_free_port_can_be_connected_to_at_the_address_that_is_told() -> None:
    with closing(serving.bind("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert serving.address(listener) == f"http://127.0.0.1:{port}"
        socket.create_connection(("127.0.0.1", port), timeout=5).close()


def test_a_port_that_is_taken_is_told_with_the_way_out(taken: int) -> None:
    assert refusal_of("127.0.0.1", taken) == (
        f"port {taken} of 127.0.0.1 is taken: stop what uses it, or choose another with --port"
    )


def test_an_address_of_another_machine_is_told_with_the_way_out() -> None:
    assert refusal_of("192.0.2.1", 0) == (
        "this machine has no address 192.0.2.1: choose another with --host"
    )


def test_a_host_that_does_not_exist_is_told() -> None:
    assert refusal_of("nobody.invalid", 8000).startswith(
        "can't listen on nobody.invalid port 8000: "
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every port")
def test_a_port_below_1024_is_told_with_the_way_out() -> None:
    assert "choose one above 1023" in refusal_of("127.0.0.1", 80)


def test_an_ipv6_address_is_told_in_brackets() -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    try:
        listener = serving.bind("::1", 0)
    except Unusable:
        pytest.skip("no IPv6 here")
    with closing(listener):
        port = listener.getsockname()[1]
        assert serving.address(listener) == f"http://[::1]:{port}"


def test_a_port_is_free_again_at_once_after_it_was_served() -> None:
    with closing(serving.bind("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port), timeout=5)
    client.close()
    serving.bind("127.0.0.1", port).close()


async def test_once_it_serves_it_looks_for_garbage() -> None:
    seen = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        seen.append(gc.isenabled())
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    gc.disable()  # as `safelight up` does before it loads anything
    try:
        with closing(serving.bind("127.0.0.1", 0)) as listener:
            server = serving.Server(app, 1)
            server.config.lifespan = "off"
            serving_it = asyncio.create_task(server.serve(sockets=[listener]))
            async with httpx.AsyncClient(verify=plain_http.NO_TLS, timeout=60) as client:
                await client.get(serving.address(listener))
            server.should_exit = True
            await serving_it
    finally:
        gc.enable()
        gc.unfreeze()
    assert seen == [True]
