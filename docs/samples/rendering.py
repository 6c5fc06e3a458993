"""Have pictures made by the product: jobs, an object store, a decoder in a child process."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from docs.samples.examples import OVERLAY, OVERLAY_ID
from docs.samples.sources import ORIGINALS
from safelight.backends.objects import Objects
from safelight.contract import keys
from safelight.contract.messages import Job, Overlay, WantedVariant
from safelight.contract.transformations import Transformation
from safelight.image_process_app.decoder.pool import DecoderPool
from safelight.image_process_app.process import process

ACCOUNT = "00000000-0000-7000-8000-000000000000"


class Renderer:
    """Makes variants of the originals by their names."""

    def __init__(self, objects: Objects, pool: DecoderPool) -> None:
        self._objects = objects
        self._pool = pool
        self._originals = {name: make() for name, make in ORIGINALS.items()}
        self._ids = {
            name: OVERLAY_ID if name == OVERLAY else OVERLAY_ID[:-4] + f"1{number:03}"
            for number, name in enumerate(ORIGINALS)
        }

    async def store(self) -> None:
        for name, original in self._originals.items():
            key = keys.original(ACCOUNT, self._ids[name])
            await self._objects.put(key, _chunks(original.content))

    async def render(self, name: str, wanted: Sequence[Mapping[str, Any]]) -> list[bytes]:
        """The files of these transformations of an original, in their order.

        Raises `ValueError` with the product's own words for what can't be made.
        """
        transformations = [Transformation.model_validate(options) for options in wanted]
        job = self._job(name, transformations)
        outcome = await process(job, self._objects, self._pool)
        errors = [outcome.error, *(variant.error for variant in outcome.variants)]
        for error in filter(None, errors):
            raise ValueError(f"{name}: {error.detail}")
        found = []
        for transformation in transformations:
            fingerprint = transformation.fingerprint()
            key = keys.variant(ACCOUNT, job.image_id, fingerprint, job.sha256)
            chunks = await self._objects.read(key)
            found.append(b"".join([chunk async for chunk in chunks]))
        return found

    def _job(self, name: str, wanted: Sequence[Transformation]) -> Job:
        original, image_id = self._originals[name], self._ids[name]
        content_type = self._originals[OVERLAY].content_type
        return Job(
            id=image_id,
            account_id=ACCOUNT,
            image_id=image_id,
            content_type=original.content_type,
            size=len(original.content),
            sha256=sha256(original.content).hexdigest(),
            variants=[WantedVariant(name=str(n), transformation=t) for n, t in enumerate(wanted)],
            overlays=[Overlay(image_id=OVERLAY_ID, content_type=content_type)],
        )


@asynccontextmanager
async def renderer() -> AsyncIterator[Renderer]:
    """One decoder child, and an object store that is gone afterwards."""
    pool = DecoderPool(children=1)
    await pool.start()
    try:
        with TemporaryDirectory() as folder:
            made = Renderer(Objects(Path(folder).as_uri()), pool)
            await made.store()
            yield made
    finally:
        await pool.stop()


async def _chunks(content: bytes) -> AsyncIterator[bytes]:
    yield content
