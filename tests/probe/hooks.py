"""What schemathesis can't know of the product; it imports this by name.

Requests are steered towards what exists, and what the product rightly says is excused. Which
pictures may be deleted is known here alone, so that reads meet pictures to the end.
"""

import atexit
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import schemathesis
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import RejectedPositiveData

from tests.probe.ground import Known
from tests.probe.reasons import excuse_of_refusal, excuse_of_success

known = Known.load()
answered: Counter[str] = Counter()
excused: Counter[str] = Counter()


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    if not case.meta or not case.meta.generation.mode.is_positive:
        return
    if case.method == "DELETE" and case.path_parameters.get("image_id") in known.kept:
        case.path_parameters["image_id"] = known.disposable()
    if case.operation.path.startswith("/i/"):
        _aim(case)
    if case.media_type == "application/json":
        case.body = _as_scripts_write(case.body)


def _aim(case: Any) -> None:
    """Three of four times as the owner, else with a link of the product's own: any other
    signature ends each request before it is looked at, and is tried in negative cases.
    """
    chance = sum(answered.values()) % 4
    if chance:
        case.query.pop("signature", None)
        case.query.pop("expires", None)
        case.query.pop("v", None)
        return
    link = urlsplit(known.link())
    _, _, image_id, what = link.path.split("/")
    case.path_parameters |= {"image_id": image_id, "what": what}
    case.query = dict(parse_qsl(link.query))


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
    answered[f"{case.method} {case.operation.path} {response.status_code}"] += 1


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Whether it is one."""
    reason = None
    if isinstance(failure, RejectedPositiveData):
        reason = excuse_of_refusal(_json(response))
    if isinstance(failure, AcceptedNegativeData):
        reason = excuse_of_success(case.media_type or "", failure.message)
    if reason is not None:
        excused[reason] += 1
    return reason is None


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
