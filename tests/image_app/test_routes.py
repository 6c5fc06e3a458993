"""Every address that there is, so that none is open by accident."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from safelight.image_app.app import create_app
from safelight.image_app.resources import Resources, Rules

OPEN = {
    "GET /",
    "GET /swagger/{name}",
    "GET /openapi.json",
    "HEAD /openapi.json",
    "GET /health/live",
    "GET /health/ready",
    "GET /metrics",
    "GET /gallery",
    "GET /asyncapi",
    "GET /asyncapi.json",
    "GET /.well-known/jwks.json",
    "POST /v1/auth/register",
    "POST /v1/auth/token",
    "POST /v1/auth/revoke",
}
"""What anyone may ask."""
BY_GROUND = {"GET /i/{image_id}/{what}", "HEAD /i/{image_id}/{what}"}
"""Signed in, with a link, or public."""
SIGNED_IN = {
    "GET /v1/auth/me",
    "DELETE /v1/auth/me",
    "POST /v1/auth/me/password",
    "GET /v1/auth/keys",
    "POST /v1/auth/keys",
    "DELETE /v1/auth/keys/{key_id}",
    "GET /v1/events",
    "GET /v1/images",
    "POST /v1/images",
    "GET /v1/images/{image_id}",
    "PATCH /v1/images/{image_id}",
    "DELETE /v1/images/{image_id}",
    "POST /v1/images/{image_id}/variants",
    "DELETE /v1/images/{image_id}/variants/{name}",
    "POST /v1/images/{image_id}/reprocess",
    "POST /v1/images/{image_id}/links",
    "GET /v1/images/{image_id}/events",
    "GET /v1/presets",
    "PUT /v1/presets/{name}",
    "DELETE /v1/presets/{name}",
}


@asynccontextmanager
async def _never(_app: FastAPI) -> AsyncIterator[None]:
    yield


@pytest.fixture
def app(rules: Rules) -> FastAPI:
    """The app, without anything that it would need to answer."""
    return create_app(cast("Resources", SimpleNamespace(rules=rules)), _never)


def test_there_is_no_route_but_those_of_the_contract(app: FastAPI) -> None:
    there = {
        f"{method} {route.path}"
        for route in iter_route_contexts(app.routes)
        for method in route.methods or {"ANY"}
    }
    assert there <= OPEN | BY_GROUND | SIGNED_IN


def test_whoever_is_nobody_is_let_into_no_route_but_those_that_are_open(app: FastAPI) -> None:
    paths: dict[str, dict[str, Any]] = app.openapi()["paths"]
    for path, operations in paths.items():
        for method, operation in operations.items():
            name = f"{method.upper()} {path}"
            assert ("security" in operation) == (name not in OPEN), name
