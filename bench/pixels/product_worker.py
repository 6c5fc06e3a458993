"""The product's pipeline in a process of its own, with the decoder child's environment."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pyvips

from bench.pixels.worker import Task, serve
from safelight.backends.memory_file import memory_file
from safelight.contract.messages import WantedVariant
from safelight.image_process_app.limits import Limits
from safelight.image_process_app.pipeline import Encoded, Pipeline

EACH = "each"
"""The way that makes a job of every variant."""
WHOLE = "whole"
"""The way that does all that a decoder child does: it describes the picture, too, and writes the
variants into a file.
"""


def work(task: Task) -> dict[str, bytes]:
    wanted = [WantedVariant(name=n, transformation=t) for n, t in task.wanted.items()]
    if task.way == WHOLE:
        return _whole(task, wanted)
    made: dict[str, bytes] = {}
    for job in [[variant] for variant in wanted] if task.way == EACH else [wanted]:
        with _opened(task, job) as pipeline:
            made |= _variants(pipeline)
    return made


def _whole(task: Task, wanted: list[WantedVariant]) -> dict[str, bytes]:
    with _opened(task, wanted) as pipeline, memory_file("variants") as target:
        made = _variants(pipeline)
        for data in made.values():
            os.write(target, data)
        pipeline.describe()
    return made


@contextmanager
def _opened(task: Task, wanted: list[WantedVariant]) -> Iterator[Pipeline]:
    fd = os.open(task.source, os.O_RDONLY)
    try:
        yield Pipeline(fd, task.content_type, Limits(), wanted)
    finally:
        os.close(fd)


def _variants(pipeline: Pipeline) -> dict[str, bytes]:
    made = {}
    for variant, result in pipeline.variants():
        assert isinstance(result, Encoded), result
        made[variant.name] = result.data
    return made


if __name__ == "__main__":
    pyvips.block_untrusted_set(True)
    pyvips.cache_set_max(0)
    libvips = ".".join(str(pyvips.version(part)) for part in range(3))
    serve(f"pyvips {pyvips.__version__} (libvips {libvips})", work)
