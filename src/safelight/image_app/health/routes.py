"""`/health`: live when it answers, ready when it can work."""

import json
from collections.abc import Awaitable

from fastapi import APIRouter, Response
from sqlalchemy import text

from safelight.image_app.deps import OPEN, Needs
from safelight.image_app.resources import Resources
from safelight.image_app.responses import JSON

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live", summary="Does it answer?", dependencies=OPEN)
async def live() -> dict[str, str]:
    return {"status": "ok"}


@router.get(
    "/ready",
    summary="Can it work?",
    dependencies=OPEN,
    responses={503: {"description": "Something it needs is down."}},
)
async def ready(resources: Needs) -> Response:
    checks = {
        "database": await _state(_ask(resources)),
        "objects": await _state(resources.objects.check()),
        "processing": "ok" if resources.check_processing() else "down",
    }
    if resources.accounts.is_apart:
        checks["accounts"] = await _state(resources.accounts.check())
    up = all(state == "ok" for state in checks.values())
    body = {"status": "ok" if up else "down", "checks": checks}
    return Response(json.dumps(body), 200 if up else 503, media_type=JSON)


async def _ask(resources: Resources) -> None:
    async with resources.database.reading() as connection:
        await connection.execute(text("SELECT 1"))


async def _state(check: Awaitable[None]) -> str:
    try:
        await check
    except Exception:
        return "down"
    return "ok"
