"""What the messages that nobody has handled yet promise, image by image."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pydantic import ValidationError

from safelight.contract.messages import Event, Job, Message, Outcome

FINGERPRINT = re.compile(r"[0-9a-f]{16}")


class Promises(NamedTuple):
    """By id of the image; what is not there is empty."""

    jobs: dict[str, set[str]]
    """Ids of the jobs of which somebody will hear yet."""
    made: dict[str, set[str]]
    """Fingerprints of the objects that those make, or have made just now."""
    leaving: dict[str, set[str]]
    """Fingerprints of the objects that go, if nothing refers to them."""
    erasures: set[str]
    """Images of which everything goes."""


def read(messages: Sequence[Message]) -> Promises:
    """What is promised; a message on its way to the dead letters counts too."""
    promises = Promises(defaultdict(set), defaultdict(set), defaultdict(set), set())
    for message in messages:
        kind = message.headers.get("ce_type")
        if kind in ("image.job", "image.outcome"):
            promises.jobs[message.key].add(message.headers.get("ce_id", ""))
            promises.made[message.key].update(_made(kind, message.body))
        elif kind in ("variant.ready", "variant.deleted"):
            promises.leaving[message.key].update(_leaving(message.body))
        elif kind == "image.deleted":
            promises.erasures.add(message.key)
    return promises


def tells_of_an_object(event: Event) -> bool:
    """Whether an object that was made goes with it, unless something refers to it."""
    replaced = event.type == "variant.ready" and "replaced" in event.data
    return replaced or event.type == "variant.deleted"


def leaving(event: Event) -> str | None:
    """Fingerprint of the object that goes; None where nothing of ours does."""
    if not tells_of_an_object(event):
        return None
    value = event.data.get("replaced" if event.type == "variant.ready" else "fingerprint")
    return value if isinstance(value, str) and FINGERPRINT.fullmatch(value) else None


def _made(kind: str, body: bytes) -> Iterator[str]:
    try:
        if kind == "image.job":
            for wanted in Job.model_validate_json(body).variants:
                yield wanted.transformation.fingerprint()
        else:
            for made in Outcome.model_validate_json(body).variants:
                yield made.fingerprint
    except ValidationError:
        return


def _leaving(body: bytes) -> set[str]:
    try:
        gone = leaving(Event.model_validate_json(body))
    except ValidationError:
        return set()
    return {gone} if gone else set()
