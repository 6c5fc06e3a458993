"""`/i/{image_id}/{what}`: bytes out, for whoever has a ground to ask."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response, Security
from starlette.responses import StreamingResponse

from safelight.image_app import credentials, errors
from safelight.image_app.credentials import READING
from safelight.image_app.delivered import service
from safelight.image_app.delivered.caching import varying
from safelight.image_app.delivered.service import Asked, Deliverable
from safelight.image_app.deps import BEARER, Needs, bearer_token, known_parameters, signed_in
from safelight.image_app.documents import failures
from safelight.image_app.links import address
from safelight.image_app.responses import not_modified

router = APIRouter(tags=["delivered bytes"])

SANDBOX = "sandbox; default-src 'none'"
READS = [READING]


WHAT = """`original`, a variant's name, or a transformation as `width=300,fit=cover`: options
separated by `,`, parts of a value by `:` (`crop=10:20:300:200`). `w`, `h`, `q`, `f`, `g` are short
for `width`, `height`, `quality`, `format`, `gravity`; `preset=` or `p=` names a preset to begin
with. `format=auto`, which is the default, follows `Accept`."""
MADE = """Whoever has the owner's token, an API key of theirs with `images:read`, or a signed link
may have it; of a public image anyone may have what a preset has made. A transformation that was not
asked for before is made at once, which counts for `SAFELIGHT_LIMIT_RENDER`, and kept."""
HEADERS: dict[str, Any] = {
    name: {"description": description, "schema": {"type": "string"}}
    for name, description in (
        ("ETag", "Names the bytes"),
        ("Cache-Control", "For how long they may be kept"),
        ("Vary", "`Accept`, where the format follows it"),
        ("RateLimit", "How many more may be made, of what was made just now"),
        ("RateLimit-Policy", "How many may be made"),
    )
}


async def grounds(
    request: Request,
    resources: Needs,
    image_id: str,
    what: Annotated[str, Path(description=WHAT)],
    expires: Annotated[str | None, Query(description="When the link ends, Unix seconds")] = None,
    signature: Annotated[str | None, Query()] = None,
    v: Annotated[str | None, Query(description="Fingerprint of the bytes")] = None,
) -> Asked:
    """What is asked for. A signed link needs no account, so its bearer is not looked at."""
    token = None if signature is not None or expires is not None else bearer_token(request)
    account_id = None
    if token:
        named = await credentials.account_of(resources, token, READS)
        account_id = await signed_in(resources, named)
    accept = ",".join(request.headers.getlist("accept"))
    return Asked(image_id, what, address(image_id, what), account_id, expires, signature, v, accept)


NO_TOKEN_NEEDED: dict[str, Any] = {"security": [{}]}
"""Beside the bearer: nothing at all, which a link or a public image makes do with."""
ADDRESS = "/i/{image_id}/{what}"
FAILURES = failures(
    errors.UNAUTHENTICATED,
    errors.BAD_SIGNATURE,
    errors.LINK_EXPIRED,
    errors.IMAGE_NOT_FOUND,
    errors.VARIANT_NOT_FOUND,
    errors.VARIANT_NOT_READY,
    errors.VARIANT_FAILED,
    errors.RANGE_NOT_SATISFIABLE,
    errors.TOO_MANY_REQUESTS,
    errors.QUEUE_FULL,
    errors.STORAGE_UNAVAILABLE,
    errors.INSUFFICIENT_STORAGE,
)
BYTES = {"type": "string", "format": "binary"}
PICTURE: dict[int | str, dict[str, Any]] = {
    status: {
        "description": description,
        "content": {"image/*": {"schema": BYTES}},
        "headers": HEADERS,
    }
    for status, description in ((200, "The bytes"), (206, "Part of them"))
}
BEYOND = errors.RANGE_NOT_SATISFIABLE.status
UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "The client has just these bytes", "headers": HEADERS}
}


@router.head(
    ADDRESS,
    summary="What an original, a variant or a transformation is like",
    description=MADE,
    operation_id="describe_delivered",
    dependencies=[Security(BEARER, scopes=READS)],
    openapi_extra=NO_TOKEN_NEEDED,
    response_class=Response,
    responses={s: kinds for s, kinds in FAILURES.items() if s != BEYOND} | UNCHANGED,
)
@router.get(
    ADDRESS,
    summary="An original, a variant or any transformation",
    description=MADE,
    operation_id="deliver",
    dependencies=[Security(BEARER, scopes=READS)],
    openapi_extra=NO_TOKEN_NEEDED,
    response_class=Response,
    responses=FAILURES | PICTURE | UNCHANGED,
)
async def deliver(
    request: Request,
    resources: Needs,
    asked: Annotated[Asked, Depends(grounds)],
    if_none_match: Annotated[str | None, Header()] = None,
    if_range: Annotated[str | None, Header()] = None,
    range_: Annotated[str | None, Header(alias="Range")] = None,
) -> Response:
    image = await service.permitted(resources, asked)
    await known_parameters(request)
    found = await service.find(resources, asked, image)
    headers = _headers(found)
    if not_modified(if_none_match, found.etag):
        return Response(status_code=304, headers=headers)
    if request.method == "HEAD":  # ranges are for GET alone (RFC 9110, 14.2)
        headers["Content-Length"] = str(found.size)
        return Response(headers=headers, media_type=found.content_type)
    with varying("Vary" in headers):
        opened = await service.opened(resources.objects, found, range_, if_range)
    found, part = opened.found, opened.part
    headers = _headers(found)
    headers["Content-Length"] = str(len(part) if part else found.size)
    if part:
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{found.size}"
    return StreamingResponse(opened.chunks, 206 if part else 200, headers, found.content_type)


def _headers(found: Deliverable) -> dict[str, str]:
    return found.headers | {
        "ETag": found.etag,
        "Accept-Ranges": "bytes",
        "Content-Security-Policy": SANDBOX,
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
