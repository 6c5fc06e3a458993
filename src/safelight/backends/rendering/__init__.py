"""How the API has a picture made while somebody waits: the port, and its adapters beside it."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from safelight.contract.messages import Fault, Job


class RenderRefused(Exception):
    """This can never be made of this picture; `fault` says why, in words for its owner."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.code)
        self.fault = fault


class RendererBusy(Exception):
    """More pictures are wanted than can be made now: ask again in a few seconds."""


class RendererUnavailable(Exception):
    """Nobody can be reached who makes pictures."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished picture; `chunks` are its `size` bytes, to be taken once."""

    content_type: str
    width: int
    height: int
    size: int
    chunks: AsyncIterator[bytes]


class Renderer(Protocol):
    """Makes pictures for those who wait, ahead of the jobs that nobody waits for."""

    def rendered(self, job: Job) -> AbstractAsyncContextManager[Rendered]:
        """The one variant that the job wants, until the block ends.

        Nothing is stored: what becomes of it is the caller's. Raises `RenderRefused`,
        `RendererBusy`, `RendererUnavailable`, and `StoreUnavailable` where the original can't be
        read.
        """

    async def close(self) -> None:
        """Give back what it holds."""
