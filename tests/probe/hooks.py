"""What schemathesis can't know of the product; it imports this by name.

Requests are steered towards what exists, and what the product rightly says is excused.
"""

import atexit
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any
from zlib import crc32

import schemathesis
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import (
    EnsureResourceAvailability,
    RejectedPositiveData,
)

from tests.probe.known import Known
from tests.probe.reasons import DELETED, excuse_of_refusal, excuse_of_success
from tests.probe.steering import protect, steer

REFUSED = 400
known = Known.load()
answered: Counter[str] = Counter()
excused: Counter[str] = Counter()
deleted: set[str] = set()
"""Paths of what was deleted."""


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Turn it towards what exists; what is wrong with a malformed request stays wrong."""
    chance = crc32(repr((case.path_parameters, case.query, case.body)).encode()) % 4
    protect(case, known, chance)
    if case.meta and case.meta.generation.mode.is_positive:
        steer(case, known, chance)
        if case.media_type == "application/json" and isinstance(case.body, dict | list):
            case.body = _as_scripts_write(case.body)
    # What was changed is as good, or bad, as what was generated. Schemathesis would look at it
    # again, and take every body with bytes for a bad one.
    case._record_starting_state()


def _as_scripts_write(value: Any) -> Any:
    """Whole numbers without a point: the product, as its schema, tells 1 from 1.0, and a JSON
    writer that has one kind of number never writes the latter.
    """
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_as_scripts_write(item) for item in value]
    if isinstance(value, dict):
        return {key: _as_scripts_write(item) for key, item in value.items()}
    return value


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    is_told = case.method == case.operation.method.upper()
    asked = case.operation.label if is_told else "another method"
    answered[f"{asked} {response.status_code}"] += 1
    if case.method == "DELETE" and response.status_code < REFUSED:
        deleted.add(_path(case))


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Whether it is one."""
    reason = None
    if isinstance(failure, RejectedPositiveData):
        reason = excuse_of_refusal(case.operation.label, _json(response))
    if isinstance(failure, AcceptedNegativeData):
        reason = excuse_of_success(case.media_type or "", failure.message)
    if isinstance(failure, EnsureResourceAvailability):
        reason = DELETED if _path(case).startswith(tuple(deleted)) else None
    if reason is not None:
        excused[reason] += 1
    return reason is None


def _path(case: Any) -> str:
    """With a slash at its end, so that what is below it begins with it."""
    return f"{case.formatted_path}/"


@schemathesis.deserializer("image/*")
def _bytes(context: Any, response: Any) -> str:
    """A string of them, as OpenAPI has it."""
    content: bytes = response.content
    return content.decode("latin-1")


def _json(response: Any) -> dict[str, Any]:
    try:
        found = response.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


@atexit.register
def _tell() -> None:
    told = {"answered": answered, "excused": excused}
    Path(os.environ["PROBE_TALLY"]).write_text(json.dumps(told))
