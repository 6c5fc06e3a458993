"""`/v1/images`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response, status

from safelight.image_app import bodies, errors, limited
from safelight.image_app.deps import SIGNED_IN, AccountId, ImageId, Needs
from safelight.image_app.documents import failures
from safelight.image_app.images import service, upload
from safelight.image_app.images.documents import UPLOAD_FAILURES, UPLOAD_FORM
from safelight.image_app.images.schemas import Image, ImageList, ImagePatch, ListParameters
from safelight.image_app.responses import JSON, conditional

router = APIRouter(prefix="/v1/images", tags=["images"], dependencies=SIGNED_IN)

IfMatch = Annotated[str | None, Header(description="Change only this version")]
IfNoneMatch = Annotated[str | None, Header(description="Answer 304 if it is still this")]

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="The same key with the same form answers what the first upload with it was "
        "answered, for 24 hours",
    ),
]


@router.post(
    "",
    summary="Upload a picture",
    status_code=status.HTTP_201_CREATED,
    response_model=Image,
    dependencies=[Depends(limited.by_account("upload"))],
    responses=failures(errors.UNAUTHENTICATED, *UPLOAD_FAILURES),
    openapi_extra=UPLOAD_FORM,
)
async def upload_image(
    request: Request, resources: Needs, account_id: AccountId, key: IdempotencyKey = None
) -> Response:
    image_id, reply = await upload.accept(resources, account_id, request, key)
    headers = {"Location": f"/v1/images/{image_id}", "ETag": reply.etag}
    return Response(reply.body, status.HTTP_201_CREATED, headers, JSON)


@router.get(
    "",
    summary="List pictures, newest first",
    response_model=ImageList,
    responses=failures(errors.UNAUTHENTICATED, errors.BAD_CURSOR),
)
async def list_images(
    request: Request,
    resources: Needs,
    account_id: AccountId,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    wanted = ListParameters(limit=limit, cursor=cursor)
    reply, next_cursor = await service.list_images(resources, account_id, wanted)
    response = conditional(reply.body, reply.etag, if_none_match)
    if next_cursor:
        link = f'<{request.url.path}?limit={limit}&cursor={next_cursor}>; rel="next"'
        response.headers["Link"] = link
    return response


@router.get(
    "/{image_id}",
    summary="One picture",
    response_model=Image,
    responses=failures(errors.UNAUTHENTICATED, errors.IMAGE_NOT_FOUND),
)
async def get_image(
    resources: Needs, account_id: AccountId, image_id: ImageId, if_none_match: IfNoneMatch = None
) -> Response:
    reply = await service.get_image(resources, account_id, image_id)
    return conditional(reply.body, reply.etag, if_none_match)


async def current_version(
    resources: Needs, account_id: AccountId, image_id: ImageId, if_match: IfMatch = None
) -> None:
    await service.check_version(resources, account_id, image_id, if_match)


@router.patch(
    "/{image_id}",
    summary="Change what is said of a picture",
    response_model=Image,
    dependencies=[Depends(current_version)],
    responses=failures(
        errors.MALFORMED_JSON,
        errors.UNAUTHENTICATED,
        errors.IMAGE_NOT_FOUND,
        errors.VERSION_MISMATCH,
        errors.BODY_TOO_LARGE,
        errors.UNSUPPORTED_MEDIA_TYPE,
    ),
    openapi_extra=bodies.documented(ImagePatch, bodies.JSON_OR_PATCH),
)
async def change_image(
    request: Request,
    resources: Needs,
    account_id: AccountId,
    image_id: ImageId,
    if_match: IfMatch = None,
) -> Response:
    patch = await bodies.read_json(request, ImagePatch, bodies.JSON_OR_PATCH)
    reply = await service.change_image(resources, account_id, image_id, patch, if_match)
    return Response(reply.body, headers={"ETag": reply.etag}, media_type=JSON)


@router.delete(
    "/{image_id}",
    summary="Delete a picture and everything made of it",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=failures(errors.UNAUTHENTICATED, errors.IMAGE_NOT_FOUND),
)
async def delete_image(resources: Needs, account_id: AccountId, image_id: ImageId) -> Response:
    await service.delete_image(resources, account_id, image_id)
    return Response(status_code=status.HTTP_204_NO_CONTENT)
