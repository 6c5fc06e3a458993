"""Answers in the forms that the whole API shares."""

import json

from starlette.responses import Response

from safelight.image_app.errors import MEDIA_TYPE, Problem

JSON = "application/json"


def problem_response(problem: Problem, request_id: str) -> Response:
    """The problem document, with the headers that its kind demands."""
    body = json.dumps(problem.document(request_id)).encode()
    return Response(body, problem.kind.status, dict(problem.headers), MEDIA_TYPE)


def not_modified(if_none_match: str | None, etag: str) -> bool:
    """Whether the client already has what the tag names (RFC 9110, weak comparison)."""
    if if_none_match is None:
        return False
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in tags or etag in tags


def conditional(body: bytes, etag: str, if_none_match: str | None) -> Response:
    """`200` with a JSON body, or `304` when the client has just that."""
    headers = {"ETag": etag}
    if not_modified(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=JSON)
