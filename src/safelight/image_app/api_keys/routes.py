"""`/v1/auth/keys`."""

from fastapi import APIRouter, Request, Response, status

from safelight.image_app import bodies, errors
from safelight.image_app.api_keys import service
from safelight.image_app.api_keys.schemas import KeyList, MadeKey, NewKey
from safelight.image_app.deps import SIGNED_IN, AccountId, Needs, ProvenAt
from safelight.image_app.documents import failures
from safelight.image_app.responses import JSON

router = APIRouter(prefix="/v1/auth/keys", tags=["accounts"], dependencies=SIGNED_IN)


@router.post(
    "",
    summary="Make an API key",
    description="`key` is shown this once. With `images:read` it may read pictures, presets and "
    "usage and make links, with `images:write` upload, change and delete; what manages the account "
    "is for no key. An access token from before the last change of the password makes none.",
    status_code=status.HTTP_201_CREATED,
    response_model=MadeKey,
    responses=failures(
        errors.MALFORMED_JSON,
        errors.UNAUTHENTICATED,
        errors.QUOTA_EXCEEDED,
        errors.BODY_TOO_LARGE,
        errors.UNSUPPORTED_MEDIA_TYPE,
    ),
    openapi_extra=bodies.documented(NewKey),
)
async def make_key(
    request: Request, resources: Needs, account_id: AccountId, proven_at: ProvenAt
) -> Response:
    wanted = await bodies.read_json(request, NewKey)
    made = await service.make_key(resources, account_id, proven_at, wanted)
    headers = {"Cache-Control": "no-store"}
    return Response(made.to_json(), status.HTTP_201_CREATED, headers, JSON)


@router.get(
    "",
    summary="List API keys, oldest first",
    response_model=KeyList,
    responses=failures(errors.UNAUTHENTICATED),
)
async def list_keys(resources: Needs, account_id: AccountId) -> Response:
    found = await service.list_keys(resources, account_id)
    return Response(found.to_json(), media_type=JSON)


@router.delete(
    "/{key_id}",
    summary="End an API key",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=failures(errors.UNAUTHENTICATED, errors.KEY_NOT_FOUND),
)
async def end_key(resources: Needs, account_id: AccountId, key_id: str) -> Response:
    await service.end_key(resources, account_id, key_id)
    return Response(status_code=status.HTTP_204_NO_CONTENT)
