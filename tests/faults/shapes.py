"""Messages that are none of ours, in every shape that somebody may think of."""

import json
from collections.abc import Mapping
from typing import Any

from safelight.backends.delivery.topics import LARGEST_BYTES
from safelight.contract.messages import Message
from tests.faults.wire import Record

DEPTH = 50_000
MIB = 1 << 20
ROOM = 1024
"""For what a record holds beside its body."""
STRANGE = (("what", b"\xff\xfe\x00"), ("what", b"again"), ("content-type", b"\xff"))


def garbage(topic: str, key: str) -> Mapping[str, Record]:
    """By name; whoever reads them can make nothing of any."""
    bodies: dict[str, bytes | None] = {
        "nothing": None,
        "empty": b"",
        "not UTF-8": b"\xff\xfe\x00",
        "not JSON": b"{",
        "text": b"please",
        "null": b"null",
        "a number": b"42",
        "a string": b'"please"',
        "a list": b"[{}]",
        "an empty object": b"{}",
        "no number": b'{"size": NaN}',
        "half a character": b'{"id": "\\ud800"}',
        "NUL": b'{"id": "\\u0000"}',
        "a long number": b'{"size": ' + b"9" * 5000 + b"}",
        "deep": b"[" * DEPTH,
        "deep and whole": b'{"data":' * DEPTH + b"1" + b"}" * DEPTH,
    }
    records = {name: Record(topic, key.encode(), body) for name, body in bodies.items()}
    around: dict[str, Record] = {
        "no key": Record(topic, None, b"?"),
        "a strange key": Record(topic, b"\xff\x00key", b"?"),
        "a long key": Record(topic, b"k" * 5000, b"?"),
        "strange headers": Record(topic, key.encode(), b"?", STRANGE),
        "many headers": Record(topic, key.encode(), b"?", [(f"h{n}", b"v") for n in range(1000)]),
    }
    return records | around


def large(topic: str, key: str) -> Mapping[str, Record]:
    """As `garbage`, by the megabyte."""
    bodies = {"a megabyte": b"x" * MIB, "all there is room for": b"\xff" * (LARGEST_BYTES - ROOM)}
    return {name: Record(topic, key.encode(), body) for name, body in bodies.items()}


def spoiled(message: Message) -> Mapping[str, Record]:
    """A message of ours in which one thing is wrong."""
    document: dict[str, Any] = json.loads(message.body)
    wrong: dict[str, dict[str, Any]] = {
        f"no {name}": {n: v for n, v in document.items() if n != name}
        for name, value in document.items()
        if name in REQUIRED
    }
    if "specversion" in document:
        wrong["another version"] = document | {"specversion": "9.9"}
        wrong["an unknown type"] = document | {"type": "image.eaten"}
        strange = document["data"] | {"account_id": "../../etc"}
        wrong["a path for an account"] = document | {"data": strange}
        wrong["a path for an image"] = document | {"subject": "../../etc/passwd"}
    else:
        wrong["a path for an account"] = document | {"account_id": "../../etc"}
        wrong["a path for an image"] = document | {"image_id": "../../etc/passwd"}
        wrong["a wrong type"] = document | {"variants": "thumb"}
    return {
        name: Record.of(Message(message.topic, message.key, json.dumps(d).encode()))
        for name, d in wrong.items()
    }


REQUIRED = ("id", "job_id", "image_id", "account_id", "sha256", "type", "subject", "time", "data")
