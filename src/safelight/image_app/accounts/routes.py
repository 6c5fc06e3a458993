"""`/v1/auth`: register, token, revoke, me."""

from fastapi import APIRouter, Depends, Request, Response, status

from safelight.image_app import bodies, errors, limited
from safelight.image_app.accounts import service
from safelight.image_app.accounts.schemas import (
    Account,
    Closing,
    PasswordChange,
    Registration,
    Revocation,
    TokenPair,
    TokenRequest,
    login_name,
)
from safelight.image_app.deps import OPEN, READ, SIGNED_IN, AccountId, NamedAccountId, Needs
from safelight.image_app.documents import failures, limits_told
from safelight.image_app.responses import JSON

router = APIRouter(prefix="/v1/auth", tags=["accounts"])


async def register_limit(request: Request, resources: Needs) -> None:
    await limited.by_address(request, resources, "register")


async def login_limit(request: Request, resources: Needs, account: str) -> None:
    """Passwords that are tried, right or wrong. Staying signed in is none: many may do so from
    one address.
    """
    await limited.by_address(request, resources, "login-address")
    await limited.by_account(request, resources, "login", account)


async def account_limit(request: Request, resources: Needs, account_id: NamedAccountId) -> None:
    """Passwords that somebody tries who is signed in."""
    await login_limit(request, resources, account_id)


@router.post(
    "/register",
    summary="Make an account",
    status_code=status.HTTP_201_CREATED,
    response_model=Account,
    dependencies=[Depends(register_limit), *OPEN],
    responses=limits_told(
        201,
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
    responses=limits_told(
        200,
        errors.MALFORMED_BODY,
        errors.INVALID_CREDENTIALS,
        errors.INVALID_REFRESH_TOKEN,
        errors.BODY_TOO_LARGE,
        errors.UNSUPPORTED_MEDIA_TYPE,
    ),
    openapi_extra=bodies.documented(TokenRequest, bodies.FORM),
)
async def get_token(request: Request, resources: Needs) -> Response:
    wanted = await bodies.read_form(request, TokenRequest)
    if wanted.grant_type == "password":
        await login_limit(request, resources, login_name(wanted.username or ""))
    pair = await service.grant(resources, wanted)
    return Response(pair.to_json(), headers={"Cache-Control": "no-store"}, media_type=JSON)


@router.post(
    "/revoke",
    summary="Sign out: end what a refresh token continues",
    dependencies=OPEN,
    response_class=Response,
    responses=failures(errors.MALFORMED_BODY, errors.BODY_TOO_LARGE, errors.UNSUPPORTED_MEDIA_TYPE),
    openapi_extra=bodies.documented(Revocation, bodies.FORM),
)
async def revoke_token(request: Request, resources: Needs) -> Response:
    wanted = await bodies.read_form(request, Revocation)
    await service.revoke(resources, wanted.token)
    return Response()


@router.get(
    "/me",
    summary="Who I am",
    response_model=Account,
    dependencies=READ,
    responses=failures(errors.UNAUTHENTICATED),
)
async def get_account(resources: Needs, account_id: AccountId) -> Response:
    account = await service.account(resources, account_id)
    return Response(account.to_json(), media_type=JSON)


PASSWORD_FAILURES = (
    errors.MALFORMED_JSON,
    errors.UNAUTHENTICATED,
    errors.WRONG_PASSWORD,
    errors.BODY_TOO_LARGE,
    errors.UNSUPPORTED_MEDIA_TYPE,
)


@router.post(
    "/me/password",
    summary="Change the password, and end every session",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=[Depends(account_limit), *SIGNED_IN],
    responses=limits_told(204, *PASSWORD_FAILURES),
    openapi_extra=bodies.documented(PasswordChange),
)
async def change_password(
    request: Request, resources: Needs, account_id: NamedAccountId
) -> Response:
    change = await bodies.read_json(request, PasswordChange)
    await service.change_password(resources, account_id, change)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.delete(
    "/me",
    summary="Delete the account, its pictures and all that was made of them",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=[Depends(account_limit), *SIGNED_IN],
    response_class=Response,
    responses=limits_told(202, *PASSWORD_FAILURES),
    openapi_extra=bodies.documented(Closing),
)
async def delete_account(
    request: Request, resources: Needs, account_id: NamedAccountId
) -> Response:
    closing = await bodies.read_json(request, Closing)
    await service.close(resources, account_id, closing.password)
    return Response(status_code=status.HTTP_202_ACCEPTED)
