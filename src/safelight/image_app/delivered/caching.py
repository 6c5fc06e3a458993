"""How long delivered bytes may be kept, and what an answer depends on."""

from collections.abc import Iterator
from contextlib import contextmanager

from safelight.image_app import clock
from safelight.image_app.errors import Problem

SHORTLY = 60
"""Seconds for which an answer without a fingerprint in its link may be kept."""
VARY = {"Vary": "Accept"}


def caching(public: bool, until: str | None) -> dict[str, str]:
    """For good where the link names these very bytes and runs out by itself, `until` its Unix
    second, else shortly.
    """
    if until is not None:
        left = int(until) - int(clock.now().timestamp())
        return {"Cache-Control": f"private, max-age={left}, immutable"}
    scope = "public" if public else "private"
    return {"Cache-Control": f"{scope}, max-age={SHORTLY}"}


@contextmanager
def varying(varies: bool) -> Iterator[None]:
    """Refusals within the block say that they depend on what the client accepts, if they do."""
    try:
        yield
    except Problem as problem:
        if varies:
            problem.headers = {**problem.headers, **VARY}
        raise
