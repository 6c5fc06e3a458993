"""`/v1/auth`: register, token, me."""

from fastapi import APIRouter, Request, Response, status

from safelight.image_app import bodies, errors
from safelight.image_app.accounts import service
from safelight.image_app.accounts.schemas import Account, Registration, TokenPair, TokenRequest
from safelight.image_app.deps import OPEN, SIGNED_IN, AccountId, Needs
from safelight.image_app.documents import failures
from safelight.image_app.responses import JSON

router = APIRouter(prefix="/v1/auth", tags=["accounts"])


@router.post(
    "/register",
    summary="Make an account",
    status_code=status.HTTP_201_CREATED,
    response_model=Account,
    dependencies=OPEN,
    responses=failures(
        errors.MALFORMED_JSON,
        errors.USERNAME_TAKEN,
        errors.EMAIL_TAKEN,
        errors.BODY_TOO_LARGE,
        errors.UNSUPPORTED_MEDIA_TYPE,
    ),
    openapi_extra=bodies.documented(Registration, bodies.JSON),
)
async def register(request: Request, resources: Needs) -> Response:
    wanted = await bodies.read_json(request, Registration)
    account = await service.register(resources, wanted)
    headers = {"Location": "/v1/auth/me"}
    return Response(account.to_json(), status.HTTP_201_CREATED, headers, JSON)


@router.post(
    "/token",
    summary="Sign in, or stay signed in",
    response_model=TokenPair,
    dependencies=OPEN,
    responses=failures(
        errors.MALFORMED_BODY,
        errors.INVALID_CREDENTIALS,
        errors.INVALID_REFRESH_TOKEN,
        errors.BODY_TOO_LARGE,
        errors.UNSUPPORTED_MEDIA_TYPE,
    ),
    openapi_extra=bodies.documented(TokenRequest, bodies.FORM),
)
async def token(request: Request, resources: Needs) -> Response:
    wanted = await bodies.read_form(request, TokenRequest)
    pair = await service.grant(resources, wanted)
    return Response(pair.to_json(), headers={"Cache-Control": "no-store"}, media_type=JSON)


@router.get(
    "/me",
    summary="Who I am",
    response_model=Account,
    dependencies=SIGNED_IN,
    responses=failures(errors.UNAUTHENTICATED),
)
async def me(resources: Needs, account_id: AccountId) -> Response:
    account = await service.account(resources, account_id)
    return Response(account.to_json(), media_type=JSON)
