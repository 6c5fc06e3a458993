"""`/health`: live when it answers, ready when it can work."""

import asyncio
import json

from fastapi import APIRouter, Response

from safelight.backends.database import DatabaseUnavailable
from safelight.image_app.deps import OPEN, Needs
from safelight.image_app.documents import failures
from safelight.image_app.health.schemas import Live, Ready
from safelight.image_app.migrations import is_newest
from safelight.image_app.resources import Resources
from safelight.image_app.responses import JSON

router = APIRouter(prefix="/health", tags=["health"])


@router.get(
    "/live",
    summary="Does it answer?",
    response_model=Live,
    dependencies=OPEN,
    responses=failures(),
)
async def live() -> dict[str, str]:
    return {"status": "ok"}


@router.get(
    "/ready",
    summary="Can it work?",
    dependencies=OPEN,
    response_model=Ready,
    responses=failures()
    | {503: {"model": Ready, "description": "Something that it needs is down"}},
)
async def ready(resources: Needs) -> Response:
    """A lost cache only makes it slower; without the rest it can't do its work."""
    asked = {"database": _database(resources), "objects": resources.objects.check()}
    if resources.accounts.is_apart:
        asked["accounts"] = resources.accounts.check()
    watch = resources.watch
    states = await asyncio.gather(*(watch.state(name, ask) for name, ask in asked.items()))
    needed = dict(zip(asked, states, strict=True))
    needed |= {name: "ok" if is_up() else "down" for name, is_up in resources.checks.items()}
    cache = "ok" if resources.answers.is_up() else "degraded"
    status = "down" if "down" in needed.values() else cache
    body = {"status": status, "checks": needed | {"cache": cache}}
    return Response(json.dumps(body), 503 if status == "down" else 200, media_type=JSON)


async def _database(resources: Resources) -> None:
    if not await is_newest(resources.database):
        raise DatabaseUnavailable("the database waits for `safelight migrate`")
