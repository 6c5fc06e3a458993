"""What OpenAPI says of failures: every route names its own."""

from collections import defaultdict
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
            "content": {MEDIA_TYPE: {"schema": PROBLEM}},
        }
        for status, same in sorted(by_status.items())
    }


RATES: dict[str, Any] = {
    name: {"description": description, "schema": {"type": "string"}}
    for name, description in (
        ("RateLimit", "How many more are allowed, and in how many seconds it is more again"),
        ("RateLimit-Policy", "How many are allowed in how many seconds"),
    )
}
RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer"}}}


def limits_told(success: int, *kinds: Kind) -> dict[int | str, dict[str, Any]]:
    """`responses` of a route with limits, whose every answer tells how they stand."""
    refused = TOO_MANY_REQUESTS.status
    found = failures(*kinds, TOO_MANY_REQUESTS)
    found[success] = {"description": "Done", "headers": RATES}
    found[refused] |= {"headers": RATES | RETRY_AFTER}
    return found
