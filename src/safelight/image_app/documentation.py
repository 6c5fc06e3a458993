"""Swagger UI at `/`, from files of its own, so that it works with the network off."""

from importlib import resources

from fastapi import APIRouter, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html

from safelight.image_app import errors

router = APIRouter(include_in_schema=False)

TYPES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
)


@router.get("/")
async def page(request: Request) -> Response:
    """The page; its relative addresses work below any prefix of a proxy."""
    html = get_swagger_ui_html(
        openapi_url="openapi.json",
        title=request.app.title,
        swagger_js_url="swagger/swagger-ui-bundle.js",
        swagger_css_url="swagger/swagger-ui.css",
        swagger_favicon_url="swagger/favicon-32x32.png",
        swagger_ui_parameters={"persistAuthorization": True, "displayRequestDuration": True},
    )
    html.headers["Content-Security-Policy"] = POLICY
    return html


@router.get("/swagger/{name}")
async def part(name: str) -> Response:
    if name not in TYPES:
        raise errors.NOT_FOUND()
    content = (resources.files("fastapi_swagger") / "resources" / name).read_bytes()
    headers = {"Cache-Control": "public, max-age=86400"}
    return Response(content, headers=headers, media_type=TYPES[name])
