"""The decoders, made from the settings."""

import os

import structlog

from safelight.backends.objects import Objects
from safelight.backends.unusable import Unusable
from safelight.image_process_app.decoder.locks import LOCKS, in_words
from safelight.image_process_app.decoder.pool import DecoderPool
from safelight.image_process_app.limits import Limits
from safelight.image_process_app.render import PoolRenderer
from safelight.settings import Settings

WAITING = 4
"""Pictures that may wait for each child; whoever comes then is told to come back."""

log = structlog.get_logger()


def decoders(settings: Settings) -> DecoderPool:
    return _pool(settings, children(settings), required=settings.decoder_locks == "require")


def _pool(settings: Settings, count: int, required: bool) -> DecoderPool:
    return DecoderPool(
        children=count,
        deadline=settings.decode_seconds,
        memory=settings.decode_bytes,
        pictures_per_child=settings.pictures_per_child,
        limits=Limits(
            max_side=settings.max_side,
            max_pixels=settings.max_pixels,
            max_frames=settings.max_frames,
            max_total_pixels=settings.max_total_pixels,
        ),
        require_locks=required,
    )


async def locks(settings: Settings) -> dict[str, str]:
    """Each lock of a decoder that is started to see: "" when it holds, or why it does not."""
    pool = _pool(settings, 1, required=False)
    try:
        await pool.start()
        return pool.locks()
    finally:
        await pool.stop()


async def check_locks(settings: Settings) -> None:
    """Raise `Unusable` where a lock is required and missing, before anything else is started."""
    if settings.decoder_locks != "require":
        return
    if missing := {name: why for name, why in (await locks(settings)).items() if why}:
        raise Unusable(in_words(missing))


async def start(pool: DecoderPool) -> None:
    """Start it and tell which locks hold."""
    await pool.start()
    found = pool.locks()
    log.info("the decoders are locked in", by=", ".join(n for n, why in found.items() if not why))
    for name, why in found.items():
        if why:
            without, remedy = LOCKS[name]
            log.warning("a lock is missing", lock=name, why=why, so=without, it_takes=remedy)


def renderer(settings: Settings, objects: Objects, pool: DecoderPool) -> PoolRenderer:
    """The decoders, for those who wait. As many pictures as one child makes in a few seconds."""
    return PoolRenderer(objects, pool, at_most=children(settings) * (1 + WAITING))


def children(settings: Settings) -> int:
    """How many pictures are opened at the same time."""
    return settings.children or os.cpu_count() or 1
