"""`/v1/presets`."""

from fastapi import APIRouter, Response

from safelight.image_app import errors
from safelight.image_app.deps import SIGNED_IN
from safelight.image_app.documents import failures
from safelight.image_app.presets import service
from safelight.image_app.presets.schemas import PresetList
from safelight.image_app.responses import JSON

router = APIRouter(prefix="/v1/presets", tags=["presets"])


@router.get(
    "",
    summary="List presets",
    response_model=PresetList,
    dependencies=SIGNED_IN,
    responses=failures(errors.UNAUTHENTICATED),
)
async def list_presets() -> Response:
    return Response(service.list_presets().to_json(), media_type=JSON)
