"""What every answer must be like, whatever was asked."""

from collections.abc import Callable

import httpx

PROBLEM = "application/problem+json"
SHAPE = {"type", "title", "status", "detail", "request_id"}
LEAKS = ("Traceback", "site-packages", "sqlalchemy", "SELECT ", "/safelight/", "obstore", ".py")


def assert_problem(answer: httpx.Response, status: int, code: str) -> None:
    """A problem document of this status and code, in its exact shape, that tells no secret."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    document = answer.json()
    extra = {"errors"} if "errors" in document else set()
    assert set(document) == SHAPE | extra
    assert document["type"] == f"/problems/{code}"
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    assert document["request_id"] == answer.headers["x-request-id"]
    for fault in document.get("errors", ()):
        assert set(fault) == {"field", "message"}
        assert fault["message"]
    assert_safe(answer)


def first_refusal(ask: Callable[[], httpx.Response], most: int) -> httpx.Response:
    """The first answer of 429. Up to twice `most` may come before it, where an API waits too long
    for its Redis and counts by itself.
    """
    for _ in range(2 * most + 1):
        if (answer := ask()).status_code == httpx.codes.TOO_MANY_REQUESTS:
            return answer
    raise AssertionError(f"{2 * most + 1} were not refused")


def assert_safe(answer: httpx.Response) -> None:
    """The headers that every answer carries, and no words that are for the log alone."""
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cross-origin-resource-policy"] in ("same-origin", "cross-origin")
    assert answer.headers["cache-control"]
    assert answer.headers["x-request-id"]
    if "json" in answer.headers.get("content-type", "") and answer.status_code >= 400:
        assert not [word for word in LEAKS if word in answer.text]
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        assert answer.headers["www-authenticate"].startswith("Bearer")


def said_of(answer: httpx.Response) -> tuple[object, ...]:
    """Everything an answer tells, but for what belongs to the one request."""
    headers = {
        name: value
        for name, value in answer.headers.items()
        if name not in ("date", "x-request-id", "content-length", "ratelimit")
    }
    body = answer.text.replace(answer.headers["x-request-id"], "")
    return answer.status_code, headers, body


def wrong_fields(answer: httpx.Response) -> set[str]:
    """The fields that a validation error names."""
    assert_problem(answer, 422, "validation-failed")
    return {fault["field"] for fault in answer.json().get("errors", ())}
