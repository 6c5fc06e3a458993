"""Middleware, routers, error page."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from safelight.backends.database import DatabaseUnavailable
from safelight.backends.objects import NoRoom, StoreUnavailable
from safelight.backends.rendering import RendererUnavailable
from safelight.image_app import documentation, errors, openapi, well_known
from safelight.image_app.account_store import AccountsUnavailable
from safelight.image_app.accounts.routes import router as accounts
from safelight.image_app.apart import Apart
from safelight.image_app.api_keys.routes import router as api_keys
from safelight.image_app.delivered.link_routes import router as links
from safelight.image_app.delivered.routes import router as delivered
from safelight.image_app.health.routes import router as health
from safelight.image_app.hot_reads import Failed, HotReads
from safelight.image_app.images.routes import router as images
from safelight.image_app.methods import Answering, Methods
from safelight.image_app.middleware import Surroundings
from safelight.image_app.origins import Origins
from safelight.image_app.presets.routes import router as presets
from safelight.image_app.resources import Resources
from safelight.image_app.responses import problem_response
from safelight.image_app.schemas import field_errors
from safelight.image_app.slow_bodies import SlowBodies
from safelight.image_app.surface import Surface
from safelight.image_app.variants.routes import router as variants

log = structlog.get_logger()

METHOD_NOT_ALLOWED = errors.METHOD_NOT_ALLOWED.status

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

NOTHING_SPECIAL = Surface()

SUMMARY = """A self-hosted photo platform: upload pictures, get the variants your product needs.

Sign in with **Authorize**: a username and a password made with `POST /v1/auth/register`.
"""


class App(FastAPI):
    """An application that tries the short way first."""

    hot_reads: HotReads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_get = scope["type"] == "http" and scope["method"] == "GET"
        if not (is_get and await self.hot_reads.answered(scope, send)):
            await super().__call__(scope, receive, send)


def create_app(
    resources: Resources, lifespan: Lifespan, surface: Surface = NOTHING_SPECIAL
) -> FastAPI:
    """The API over these resources; `lifespan` surrounds its serving."""
    app = App(
        title="Safelight",
        version=version("safelight"),
        description=SUMMARY,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=openapi.operation_id,
    )
    openapi.finish(app)
    app.hot_reads = HotReads(resources, surface)
    app.state.resources = resources
    features = (accounts, api_keys, images, variants, presets, links, delivered, health)
    for router in (*features, well_known.router, documentation.router):
        app.include_router(router)
    _surround(app, surface)
    for failure, kind in _UNWELL.items():
        app.add_exception_handler(failure, _answer_with(kind))
    app.add_exception_handler(errors.Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _gone)
    return app


def _surround(app: FastAPI, surface: Surface) -> None:
    """From the inside to the outside."""
    rules = app.state.resources.rules
    app.router.middleware_stack = Failed(app.router.middleware_stack)
    app.add_middleware(SlowBodies, seconds=rules.body_seconds, rate=rules.body_rate)
    methods = Methods(app.routes)
    app.state.methods = methods
    app.add_middleware(Answering, methods=methods)
    if surface.metrics_port is not None:
        app.add_middleware(Apart, port=surface.metrics_port)
    app.add_middleware(Surroundings, is_https=surface.is_https)
    if surface.origins:
        app.add_middleware(Origins, allowed=surface.origins)


_UNWELL: dict[type[Exception], errors.Kind] = {
    NoRoom: errors.INSUFFICIENT_STORAGE,
    StoreUnavailable: errors.STORAGE_UNAVAILABLE,
    FileNotFoundError: errors.STORAGE_UNAVAILABLE,  # a row without its object
    DatabaseUnavailable: errors.SERVICE_UNAVAILABLE,
    RendererUnavailable: errors.SERVICE_UNAVAILABLE,
    AccountsUnavailable: errors.SERVICE_UNAVAILABLE,
}


def _answer_with(kind: errors.Kind) -> Callable[[Request, Exception], Response]:
    def answer(request: Request, failure: Exception) -> Response:
        log.error("the outside world is unwell", code=kind.code, exc_info=failure)
        return _respond(request, kind())

    return answer


def _problem(request: Request, failure: Exception) -> Response:
    assert isinstance(failure, errors.Problem)  # noqa: S101 - tells the type checker
    return _respond(request, failure)


def _invalid(request: Request, failure: Exception) -> Response:
    assert isinstance(failure, RequestValidationError)  # noqa: S101 - tells the type checker
    found = [e | {"loc": e["loc"][1:]} for e in failure.errors()]
    return _respond(request, errors.VALIDATION_FAILED(errors=field_errors(found)))


def _http(request: Request, failure: Exception) -> Response:
    assert isinstance(failure, HTTPException)  # noqa: S101 - tells the type checker
    kinds = {404: errors.NOT_FOUND, METHOD_NOT_ALLOWED: errors.METHOD_NOT_ALLOWED}
    problem = kinds.get(failure.status_code, errors.INTERNAL_ERROR)()
    if failure.status_code == METHOD_NOT_ALLOWED:
        problem.headers = {"Allow": request.app.state.methods.allowed(request.scope["path"])}
    return _respond(request, problem)


def _gone(request: Request, _failure: Exception) -> Response:
    """Nobody hears this answer; what the upload began has been undone."""
    return _respond(request, errors.MALFORMED_BODY("The body ended too early."))


def _respond(request: Request, problem: errors.Problem) -> Response:
    return problem_response(problem, request.state.request_id)
