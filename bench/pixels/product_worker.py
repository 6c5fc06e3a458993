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
from safelight.image_process_app.steps import open as open_step

EACH = "each"
"""The way that makes a job of every variant."""
WHOLE_EACH = "whole-each"
"""As `EACH`, and no decoder scales: the picture is decoded as a whole for every variant."""
WHOLE = "whole"
"""The way that does all that a decoder child does: it describes the picture, too, and writes the
variants into a file.
"""


def work(task: Task) -> dict[str, bytes]:
    wanted = [WantedVariant(name=n, transformation=t) for n, t in task.wanted.items()]
    if task.way == WHOLE:
        return _whole(task, wanted)
    if task.way == WHOLE_EACH:
        with _without_scaling():
            return work(task._replace(way=EACH))
    made: dict[str, bytes] = {}
    for job in [[variant] for variant in wanted] if task.way == EACH else [wanted]:
        with _opened(task, job, describe=False) as pipeline:
            made |= _variants(pipeline)
    return made


@contextmanager
def _without_scaling() -> Iterator[None]:
    shrinks = open_step.SHRINKS
    vars(open_step)["SHRINKS"] = ()
    try:
        yield
    finally:
        open_step.SHRINKS = shrinks


def _whole(task: Task, wanted: list[WantedVariant]) -> dict[str, bytes]:
    with _opened(task, wanted, describe=True) as pipeline, memory_file("variants") as target:
        made = _variants(pipeline)
        for data in made.values():
            os.write(target, data)
        pipeline.describe()
    return made


@contextmanager
def _opened(task: Task, wanted: list[WantedVariant], describe: bool) -> Iterator[Pipeline]:
    fd = os.open(task.source, os.O_RDONLY)
    try:
        yield Pipeline(fd, task.content_type, Limits(), wanted, describe=describe)
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
