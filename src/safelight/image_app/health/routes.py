"""`/health`: live when it answers, ready when it can work."""

import asyncio
import json

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from safelight.backends.database import DatabaseUnavailable
from safelight.backends.watch import LEAVING
from safelight.image_app import waiting
from safelight.image_app.deps import OPEN, Needs
from safelight.image_app.documents import failures
from safelight.image_app.health.schemas import Live, Ready
from safelight.image_app.migrations import is_newest
from safelight.image_app.resources import Resources
from safelight.image_app.responses import JSON

STATUSES = {"ok": 200, "degraded": 200, "down": 503, "stopping": 503}

router = APIRouter(tags=["health"])


@router.get(
    "/health/live",
    summary="Does it answer?",
    response_model=Live,
    dependencies=OPEN,
    responses=failures(),
)
async def check_live() -> dict[str, str]:
    return {"status": "ok"}


@router.get(
    "/health/ready",
    summary="Can it work?",
    dependencies=OPEN,
    response_model=Ready,
    responses=failures() | {503: {"model": Ready, "description": "It is down, or about to stop"}},
)
async def check_ready(request: Request, resources: Needs) -> Response:
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
    if LEAVING in request.scope["state"]:
        status = "stopping"
    body = {"status": status, "checks": needed | {"cache": cache}}
    return Response(json.dumps(body), STATUSES[status], media_type=JSON)


@router.get("/metrics", include_in_schema=False, dependencies=OPEN)
async def metrics(resources: Needs) -> Response:
    """What this process has counted, and what waits in the database."""
    await waiting.measure(resources)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _database(resources: Resources) -> None:
    if not await is_newest(resources.database):
        raise DatabaseUnavailable("the database waits for `safelight migrate`")
