"""`/v1/images/{id}/links`: links to hand on."""

from fastapi import APIRouter, Depends, Request, Response, status

from safelight.image_app import bodies, errors
from safelight.image_app.delivered import linking
from safelight.image_app.delivered.schemas import Link, LinkRequest
from safelight.image_app.deps import READ, AccountId, ImageId, Needs
from safelight.image_app.documents import failures
from safelight.image_app.responses import JSON

router = APIRouter(prefix="/v1/images", tags=["images"])


async def own_image(resources: Needs, account_id: AccountId, image_id: ImageId) -> None:
    await linking.check(resources, account_id, image_id)


@router.post(
    "/{image_id}/links",
    summary="A link to a variant, or to any transformation, for a time of your choice",
    description="`url` is opaque. Whoever holds it needs nothing else, until `expires_at`.",
    status_code=status.HTTP_201_CREATED,
    response_model=Link,
    dependencies=[*READ, Depends(own_image)],
    responses=failures(
        errors.MALFORMED_JSON,
        errors.UNAUTHENTICATED,
        errors.IMAGE_NOT_FOUND,
        errors.BODY_TOO_LARGE,
        errors.UNSUPPORTED_MEDIA_TYPE,
    ),
    openapi_extra=bodies.documented(LinkRequest, bodies.JSON),
)
async def make_link(
    request: Request, resources: Needs, account_id: AccountId, image_id: ImageId
) -> Response:
    asked = await bodies.read_json(request, LinkRequest)
    link = await linking.make(resources, account_id, image_id, asked)
    return Response(link.to_json(), status.HTTP_201_CREATED, media_type=JSON)
