"""What the workers in Python share: tasks in, a line of JSON each, and answers out."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from safelight.contract.transformations import Transformation


class Task(NamedTuple):
    """A file, what is wanted of it in the product's vocabulary, and a way to do it."""

    source: str
    content_type: str
    wanted: dict[str, Transformation]
    way: str


Work = Callable[[Task], dict[str, bytes]]
"""Makes what is wanted, by its names."""


def serve(versions: str, work: Work) -> None:
    """Answer tasks until there are no more: seconds of the processor and of the clock, and bytes
    of what was made. What is to be looked at is written into the folder of its task, afterwards.
    """
    _say({"versions": versions})
    for line in sys.stdin:
        given = json.loads(line)
        wanted = {n: Transformation.model_validate(w) for n, w in given["wanted"].items()}
        task = Task(given["source"], given["content_type"], wanted, given["way"])
        begun, started = time.process_time(), time.perf_counter()
        made = work(task)
        seconds, clock = time.process_time() - begun, time.perf_counter() - started
        if given["folder"]:
            for name, data in made.items():
                (Path(given["folder"]) / name).write_bytes(data)
        sizes = {name: len(data) for name, data in made.items()}
        _say({"seconds": seconds, "clock": clock, "sizes": sizes})


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)
