"""Reading bodies: bounded, of the right media type, in the shape of their schema."""

from typing import Any, TypeVar
from urllib.parse import parse_qsl

from fastapi import Request
from pydantic import ValidationError

from safelight.image_app import errors, strict_json
from safelight.image_app.errors import FieldError
from safelight.image_app.schemas import Body, field_errors, json_schema

MAX_BYTES = 64 * 1024
JSON = ("application/json",)
JSON_OR_PATCH = ("application/json", "application/merge-patch+json")
FORM = ("application/x-www-form-urlencoded",)
MAX_FORM_FIELDS = 20
UTF_8 = ("utf-8", "utf8", "us-ascii")

B = TypeVar("B", bound=Body)


async def read_json(request: Request, schema: type[B], taken: tuple[str, ...] = JSON) -> B:
    """The JSON body; raises the 400, 413, 415 and 422 of the contract."""
    return _parse(await _read(request, taken), schema)


async def read_optional_json(request: Request, schema: type[B]) -> B:
    """The same where a request without a body means all defaults."""
    body = await _bounded(request)
    if not body:
        return schema()
    _require_type(request, JSON)
    return _parse(body, schema)


def _parse(body: bytes, schema: type[B]) -> B:
    strict_json.check(body)
    try:
        return schema.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        if any(e["type"] == "json_invalid" for e in found):
            raise errors.MALFORMED_JSON() from None
        raise errors.VALIDATION_FAILED(errors=field_errors(found)) from None


async def read_form(request: Request, schema: type[B]) -> B:
    """The URL-encoded form; raises the 400, 413, 415 and 422 of the contract."""
    body = await _read(request, FORM)
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FORM_FIELDS
        )
    except ValueError:
        raise errors.MALFORMED_BODY() from None
    twice = {name for i, (name, _) in enumerate(pairs) if name in dict(pairs[:i])}
    if twice:
        found = [FieldError(name, "is given more than once") for name in sorted(twice)]
        raise errors.VALIDATION_FAILED(errors=found)
    try:
        return schema.model_validate(dict(pairs))
    except ValidationError as error:
        found = field_errors(error.errors(include_url=False, include_input=False))
        raise errors.VALIDATION_FAILED(errors=found) from None


async def _read(request: Request, taken: tuple[str, ...]) -> bytes:
    _require_type(request, taken)
    return await _bounded(request)


def require_no_encoding(request: Request) -> None:
    """Raise `unsupported-media-type` for a body that would have to be unpacked."""
    if "content-encoding" in request.headers:
        raise errors.UNSUPPORTED_MEDIA_TYPE("Send the body without a content encoding.")


def _require_type(request: Request, taken: tuple[str, ...]) -> None:
    require_no_encoding(request)
    media_type, *parameters = ", ".join(request.headers.getlist("content-type")).lower().split(";")
    if media_type.strip() not in taken:
        raise errors.UNSUPPORTED_MEDIA_TYPE(f"Send the body as {' or '.join(taken)}.")
    for parameter in parameters:
        name, _, value = parameter.strip().partition("=")
        if name == "charset" and value.strip('"') not in UTF_8:
            raise errors.UNSUPPORTED_MEDIA_TYPE("Send the body in UTF-8.")


async def _bounded(request: Request) -> bytes:
    too_large = errors.BODY_TOO_LARGE(f"The body is larger than {MAX_BYTES} bytes.")
    if int(request.headers.get("content-length", "0")) > MAX_BYTES:
        raise too_large
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise too_large
    return bytes(body)


def documented(
    schema: type[Body], taken: tuple[str, ...] = JSON, required: bool = True
) -> dict[str, Any]:
    """`openapi_extra` of a route that reads this body."""
    content = {media_type: {"schema": json_schema(schema)} for media_type in taken}
    return {"requestBody": {"required": required, "content": content}}
