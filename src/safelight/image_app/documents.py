"""What OpenAPI says of failures: every route names its own."""

from collections import defaultdict
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from safelight.image_app.errors import (
    BODY_TOO_LARGE,
    FILE_TOO_LARGE,
    INSUFFICIENT_SCOPE,
    INTERNAL_ERROR,
    MEDIA_TYPE,
    REQUEST_TIMEOUT,
    SERVICE_UNAVAILABLE,
    TOO_MANY_REQUESTS,
    UNAUTHENTICATED,
    VALIDATION_FAILED,
    Kind,
)

_MORE = {TOO_MANY_REQUESTS.code: ("Retry-After", "RateLimit", "RateLimit-Policy")}
_HEADERS = {
    "WWW-Authenticate": "How to sign in",
    "Retry-After": "After how many seconds to try again",
    "RateLimit": "How much is left of each limit, and for how long",
    "RateLimit-Policy": "The limits",
}
PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "type": "object",
    "required": ["type", "title", "status", "detail", "request_id"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri-reference",
            "examples": ["/problems/validation-failed"],
        },
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}


def failures(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    """`responses` of a route that can fail in these ways, and in those that all share. Where a
    credential is needed, it may be a key that may not do this.
    """
    of_keys = [INSUFFICIENT_SCOPE] if UNAUTHENTICATED in kinds else []
    by_status: dict[int, list[Kind]] = defaultdict(list)
    reads_a_body = BODY_TOO_LARGE in kinds or FILE_TOO_LARGE in kinds
    late = (REQUEST_TIMEOUT,) if reads_a_body else ()
    every = (VALIDATION_FAILED, INTERNAL_ERROR, SERVICE_UNAVAILABLE)
    for kind in (*kinds, *of_keys, *late, *every):
        if kind not in by_status[kind.status]:
            by_status[kind.status].append(kind)
    return {
        status: {
            "description": ", ".join(f"`{kind.code}`" for kind in same),
            "content": {MEDIA_TYPE: {"schema": deepcopy(PROBLEM)}},
            "headers": _headers(same),
        }
        for status, same in sorted(by_status.items())
    }


def limits_told(success: int, *kinds: Kind) -> dict[int | str, dict[str, Any]]:
    """`responses` of a route with limits, whose every answer tells how they stand."""
    limits = {
        name: {"description": _HEADERS[name], "schema": {"type": "string"}}
        for name in ("RateLimit", "RateLimit-Policy")
    }
    done = {"description": "Done", "headers": limits}
    return {success: done, **failures(*kinds, TOO_MANY_REQUESTS)}


def _headers(same: Sequence[Kind]) -> dict[str, Any]:
    """What every failure of these kinds carries is promised, what some carry is told."""
    names = sorted({name for kind in same for name in (*kind.headers, *_MORE.get(kind.code, ()))})
    return {
        name: {
            "description": _HEADERS[name],
            "required": all(name in kind.headers for kind in same),
            "schema": {"type": "string"},
        }
        for name in names
    }
