"""`/v1/images`."""

from functools import partial
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi import status as http

from safelight.image_app import bodies, errors
from safelight.image_app.deps import (
    READ,
    WRITE,
    AccountId,
    ImageId,
    Needs,
    counted,
)
from safelight.image_app.documents import failures
from safelight.image_app.images import service, upload
from safelight.image_app.images.documents import UPLOAD_FAILURES, UPLOAD_FORM
from safelight.image_app.images.schemas import (
    After,
    Before,
    ContentType,
    History,
    Image,
    ImageList,
    ImagePatch,
    ListParameters,
    Searched,
    SearchedTags,
    Sort,
    Status,
)
from safelight.image_app.responses import JSON, conditional
from safelight.image_app.work import HISTORY

router = APIRouter(prefix="/v1/images", tags=["images"])

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


LISTED = """Those of which everything is true that is asked. Each page names the next one, as
`next_cursor` and as `Link`; whatever others write meanwhile, none is left out and none comes twice.
Names are sorted without regard to case, by their characters' numbers in Unicode."""


async def which(
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before")] = None,
    q: Annotated[Searched, Query(description="Part of name, description or a tag, any case")] = "",
    tag: Annotated[SearchedTags, Query(description="All of these tags, any case")] = [],  # noqa: B006
    status: Annotated[Status | None, Query()] = None,
    content_type: Annotated[ContentType | None, Query(description="Of the original")] = None,
    created_after: Annotated[After | None, Query(description="Later than this time")] = None,
    created_before: Annotated[Before | None, Query(description="Earlier than this time")] = None,
    sort: Annotated[
        Sort, Query(description="With `-`, from the last to the first")
    ] = "-created_at",
) -> ListParameters:
    """The list that is asked for."""
    return ListParameters(
        limit=limit,
        cursor=cursor,
        q=q,
        tags=tag,
        status=status,
        content_type=content_type,
        created_after=created_after,
        created_before=created_before,
        sort=sort,
    )


@router.post(
    "",
    summary="Upload a picture",
    dependencies=[*WRITE, Depends(counted("upload"))],
    status_code=http.HTTP_201_CREATED,
    response_model=Image,
    responses=failures(errors.UNAUTHENTICATED, *UPLOAD_FAILURES),
    openapi_extra=UPLOAD_FORM,
)
async def upload_image(
    request: Request, resources: Needs, account_id: AccountId, key: IdempotencyKey = None
) -> Response:
    image_id, reply = await upload.accept(resources, account_id, request, key)
    headers = {"Location": f"/v1/images/{image_id}", "ETag": reply.etag}
    return Response(reply.body, http.HTTP_201_CREATED, headers, JSON)


@router.get(
    "",
    summary="List pictures, newest first",
    dependencies=READ,
    description=LISTED,
    response_model=ImageList,
    responses=failures(errors.UNAUTHENTICATED, errors.BAD_CURSOR),
)
async def list_images(
    request: Request,
    resources: Needs,
    account_id: AccountId,
    wanted: Annotated[ListParameters, Depends(which)],
    if_none_match: IfNoneMatch = None,
) -> Response:
    asked, following = request.scope["query_string"], partial(_following, request)
    reply = await service.list_images(resources, account_id, wanted, asked, following)
    response = conditional(reply.body, reply.etag, if_none_match)
    if reply.link:
        response.headers["Link"] = reply.link
    return response


def _following(request: Request, cursor: str) -> str:
    """The address of the next page: the same question from there on."""
    asked = [pair for pair in request.query_params.multi_items() if pair[0] != "cursor"]
    return f"{request.url.path}?{urlencode([*asked, ('cursor', cursor)])}"


@router.get(
    "/{image_id}",
    summary="One picture",
    dependencies=READ,
    response_model=Image,
    responses=failures(errors.UNAUTHENTICATED, errors.IMAGE_NOT_FOUND),
)
async def get_image(
    resources: Needs,
    account_id: AccountId,
    image_id: ImageId,
    if_none_match: IfNoneMatch = None,
) -> Response:
    reply = await service.get_image(resources, account_id, image_id)
    return conditional(reply.body, reply.etag, if_none_match)


@router.get(
    "/{image_id}/events",
    summary="What happened to a picture",
    dependencies=READ,
    description=f"The events that were told of it, oldest first; of many the latest {HISTORY:,}.",
    response_model=History,
    responses=failures(errors.UNAUTHENTICATED, errors.IMAGE_NOT_FOUND),
)
async def get_history(resources: Needs, account_id: AccountId, image_id: ImageId) -> Response:
    body = await service.history_of(resources, account_id, image_id)
    return Response(body, media_type=JSON)


async def current_version(
    resources: Needs, account_id: AccountId, image_id: ImageId, if_match: IfMatch = None
) -> None:
    await service.check_version(resources, account_id, image_id, if_match)


@router.patch(
    "/{image_id}",
    summary="Change what is said of a picture",
    response_model=Image,
    dependencies=[*WRITE, Depends(current_version)],
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
    dependencies=WRITE,
    status_code=http.HTTP_204_NO_CONTENT,
    responses=failures(errors.UNAUTHENTICATED, errors.IMAGE_NOT_FOUND),
)
async def delete_image(resources: Needs, account_id: AccountId, image_id: ImageId) -> Response:
    await service.delete_image(resources, account_id, image_id)
    return Response(status_code=http.HTTP_204_NO_CONTENT)
