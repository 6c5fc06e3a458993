"""Answers that schemathesis takes for failures and that are none, each with its reason.

A check is never left out as a whole: an answer is excused by its operation's problem, or not.
"""

import re
from collections.abc import Mapping
from typing import Any

REJECTED = {
    "bad-cursor": "a cursor is opaque: no schema tells which ones were given out, and for what",
    "version-mismatch": "whether a tag is the present version is no matter of form",
    "range-not-satisfiable": "whether a range lies within the bytes is no matter of form",
    "unknown-preset": "which presets there are changes with every request",
    "unsupported-image": "bytes are a picture or not; no schema tells",
    "corrupt-image": "as above",
    "empty-file": "a schema can't demand bytes of a part of a form",
    "idempotency-key-reused": "the same key with other bytes is each time well formed by itself",
}
"""Problems of requests that are well formed, where schemathesis awaits a success."""

TOO_LARGE = "the limit is on the size of the result"
RESULT = "makes a result of "
"""How what is wrong with a field begins where it is too much of this picture alone."""

REJECTED_FIELDS = {
    "GET /v1/images cursor": REJECTED["bad-cursor"],
    "POST /v1/images/{image_id}/links variant": "which variants there are changes all the time",
    "POST /v1/images/{image_id}/variants name": "no preset may have it, and presets change",
    "transformation.dpr": "the limit is on the product of width, or height, and dpr",
    "transformation.fit": "the limit is on the product of width, height and the square of dpr",
    "transformation.pad": TOO_LARGE,
    "transformation.crop": "the limit is on the sum of offset and side",
    "transformation.lossless": "depends on the format",
    "transformation.watermark.text": "what is printable is a matter of Unicode, not of a pattern",
    "transformation.watermark.image_id": "which pictures there are changes with every request",
    "POST /v1/auth/keys expires_at": "whether a time has passed is no matter of form",
    "GET /i/{image_id}/{what} what": "a transformation as text has a grammar of its own",
    "HEAD /i/{image_id}/{what} what": "as above",
}
"""The same for fields that `validation-failed` names, here or everywhere: excused when it names
none but these.
"""

ACCEPTED = {
    r"in body - (?!file: )(\w+: Incorrect type|violates `type` at /properties/(?!file))": (
        "in a form everything is text, so there is no value of another type to refuse"
    ),
}
"""What schemathesis calls wrong in a form, where it awaits a refusal."""


DELETED = "another request has deleted it, and a key repeats an old answer"
"""Where schemathesis awaits that what was just created is there."""


def excuse_of_refusal(operation: str, problem: Mapping[str, Any]) -> str | None:
    """Why a well-formed request, such as `GET /v1/images`, may be answered with this problem."""
    code = str(problem.get("type", "")).rpartition("/")[2]
    if code in REJECTED:
        return REJECTED[code]
    excuses = [_excuse_of(operation, error) for error in problem.get("errors", ())]
    if code == "validation-failed" and excuses and all(excuses):
        return excuses[0]
    return None


def _excuse_of(operation: str, error: Mapping[str, str]) -> str | None:
    if error["message"].startswith(RESULT):
        return TOO_LARGE
    field = error["field"]
    return REJECTED_FIELDS.get(field) or REJECTED_FIELDS.get(f"{operation} {field}")


def excuse_of_success(media_type: str, words: str) -> str | None:
    """Why a form that schemathesis says is malformed may be taken."""
    if media_type not in ("multipart/form-data", "application/x-www-form-urlencoded"):
        return None
    return next((reason for wrong, reason in ACCEPTED.items() if re.search(wrong, words)), None)
