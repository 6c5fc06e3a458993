"""Whether the servers are well, as it is each time that somebody asks."""

import asyncio

import pytest

from safelight.backends import watch
from safelight.backends.watch import Watch


async def well() -> None:
    """It answers."""


async def unwell() -> None:
    raise OSError("no route")


async def test_each_answer_is_the_present_one() -> None:
    servers = Watch()
    for check in (well, unwell, unwell, well, unwell):
        assert await servers.state("objects", check()) == ("ok" if check is well else "down")
        assert await servers.state("database", well()) == "ok"


async def test_what_does_not_answer_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "PATIENCE", 0.01)
    assert await Watch().state("objects", asyncio.sleep(60)) == "down"
