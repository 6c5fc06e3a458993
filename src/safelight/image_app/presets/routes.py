"""`/v1/presets`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response, status

from safelight.image_app import bodies, errors
from safelight.image_app.deps import READ, WRITE, AccountId, Needs
from safelight.image_app.documents import failures
from safelight.image_app.presets import service
from safelight.image_app.presets.schemas import Preset, PresetBody, PresetList
from safelight.image_app.responses import JSON

router = APIRouter(prefix="/v1/presets", tags=["presets"])


async def own_name(name: str) -> str:
    service.require_own_name(name)
    return name


@router.get(
    "",
    summary="List presets",
    dependencies=READ,
    response_model=PresetList,
    responses=failures(errors.UNAUTHENTICATED),
)
async def list_presets(resources: Needs, account_id: AccountId) -> Response:
    found = await service.list_presets(resources, account_id)
    return Response(found.to_json(), media_type=JSON)


@router.put(
    "/{name}",
    summary="Make or change a preset",
    dependencies=WRITE,
    response_model=Preset,
    responses={
        status.HTTP_201_CREATED: {"model": Preset, "description": "The preset is new"},
        **failures(
            errors.MALFORMED_JSON,
            errors.UNAUTHENTICATED,
            errors.QUOTA_EXCEEDED,
            errors.PRESET_IS_BUILT_IN,
            errors.BODY_TOO_LARGE,
            errors.UNSUPPORTED_MEDIA_TYPE,
        ),
    },
    openapi_extra=bodies.documented(PresetBody),
)
async def put_preset(
    request: Request,
    resources: Needs,
    account_id: AccountId,
    name: Annotated[str, Depends(own_name)],
) -> Response:
    wanted = await bodies.read_json(request, PresetBody)
    preset, is_new = await service.put_preset(resources, account_id, name, wanted)
    code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
    return Response(preset.to_json(), code, media_type=JSON)


@router.delete(
    "/{name}",
    summary="Delete a preset; what it made stays",
    dependencies=WRITE,
    status_code=status.HTTP_204_NO_CONTENT,
    responses=failures(errors.UNAUTHENTICATED, errors.PRESET_NOT_FOUND, errors.PRESET_IS_BUILT_IN),
)
async def delete_preset(resources: Needs, account_id: AccountId, name: str) -> Response:
    await service.delete_preset(resources, account_id, name)
    return Response(status_code=status.HTTP_204_NO_CONTENT)
