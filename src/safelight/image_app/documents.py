"""What OpenAPI says of failures: every route names its own."""

from collections import defaultdict
from typing import Any

from safelight.image_app.errors import (
    BODY_TOO_LARGE,
    FILE_TOO_LARGE,
    INTERNAL_ERROR,
    MEDIA_TYPE,
    REQUEST_TIMEOUT,
    SERVICE_UNAVAILABLE,
    VALIDATION_FAILED,
    Kind,
)

PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "type": "object",
    "required": ["type", "title", "status", "detail", "request_id"],
    "properties": {
        "type": {"type": "string", "examples": ["/problems/validation-failed"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
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
    """`responses` of a route that can fail in these ways, and in those that all share."""
    by_status: dict[int, list[Kind]] = defaultdict(list)
    reads_a_body = BODY_TOO_LARGE in kinds or FILE_TOO_LARGE in kinds
    late = (REQUEST_TIMEOUT,) if reads_a_body else ()
    for kind in (*kinds, *late, VALIDATION_FAILED, INTERNAL_ERROR, SERVICE_UNAVAILABLE):
        if kind not in by_status[kind.status]:
            by_status[kind.status].append(kind)
    return {
        status: {
            "description": ", ".join(f"`{kind.code}`" for kind in same),
            "content": {MEDIA_TYPE: {"schema": PROBLEM}},
        }
        for status, same in sorted(by_status.items())
    }
