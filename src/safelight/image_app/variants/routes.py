"""`/v1/images/{image_id}/variants` and `/v1/images/{image_id}/reprocess`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response, status

from safelight.image_app import bodies, errors
from safelight.image_app.deps import WRITE, AccountId, ImageId, Needs, counted
from safelight.image_app.documents import failures
from safelight.image_app.images.schemas import Image
from safelight.image_app.images.service import Reply
from safelight.image_app.responses import JSON
from safelight.image_app.variants import service
from safelight.image_app.variants.schemas import NewVariant, Reprocessing

router = APIRouter(prefix="/v1/images/{image_id}", tags=["images"])

LIMITED = [*WRITE, Depends(counted("jobs"))]
BODY_FAILURES = (errors.MALFORMED_JSON, errors.BODY_TOO_LARGE, errors.UNSUPPORTED_MEDIA_TYPE)


async def own_image(resources: Needs, account_id: AccountId, image_id: ImageId) -> str:
    """An image of the account; what it asks is looked at later."""
    await service.require_image(resources, account_id, image_id)
    return image_id


OwnImage = Annotated[str, Depends(own_image)]


@router.post(
    "/variants",
    summary="Have a variant made that no preset makes",
    dependencies=LIMITED,
    status_code=status.HTTP_202_ACCEPTED,
    response_model=Image,
    responses=failures(
        errors.UNAUTHENTICATED,
        errors.QUOTA_EXCEEDED,
        errors.IMAGE_NOT_FOUND,
        errors.VARIANT_EXISTS,
        errors.TOO_MANY_REQUESTS,
        errors.QUEUE_FULL,
        *BODY_FAILURES,
    ),
    openapi_extra=bodies.documented(NewVariant),
)
async def add_variant(
    request: Request, resources: Needs, account_id: AccountId, image_id: OwnImage
) -> Response:
    wanted = await bodies.read_json(request, NewVariant)
    return _accepted(await service.add_variant(resources, account_id, image_id, wanted))


@router.delete(
    "/variants/{name}",
    summary="Delete a variant",
    dependencies=WRITE,
    status_code=status.HTTP_204_NO_CONTENT,
    responses=failures(errors.UNAUTHENTICATED, errors.IMAGE_NOT_FOUND, errors.VARIANT_NOT_FOUND),
)
async def delete_variant(
    resources: Needs, account_id: AccountId, image_id: ImageId, name: str
) -> Response:
    await service.delete_variant(resources, account_id, image_id, name)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.post(
    "/reprocess",
    summary="Make the variants of a picture anew, all or those of some presets",
    dependencies=LIMITED,
    status_code=status.HTTP_202_ACCEPTED,
    response_model=Image,
    responses=failures(
        errors.UNAUTHENTICATED,
        errors.IMAGE_NOT_FOUND,
        errors.UNKNOWN_PRESET,
        errors.TOO_MANY_REQUESTS,
        errors.QUEUE_FULL,
        *BODY_FAILURES,
    ),
    openapi_extra=bodies.documented(Reprocessing, required=False),
)
async def reprocess_image(
    request: Request, resources: Needs, account_id: AccountId, image_id: OwnImage
) -> Response:
    asked = await bodies.read_optional_json(request, Reprocessing)
    return _accepted(await service.reprocess(resources, account_id, image_id, asked))


def _accepted(reply: Reply) -> Response:
    return Response(reply.body, status.HTTP_202_ACCEPTED, {"ETag": reply.etag}, JSON)
