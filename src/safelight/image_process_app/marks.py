"""The files of the pictures that a job's watermarks lay over its own."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from safelight.backends.objects import Objects
from safelight.contract import keys
from safelight.contract.messages import Fault, Job, Overlay, WantedVariant
from safelight.image_process_app.decoder.protocol import MOST_OVERLAYS, Made

TOO_MANY = Fault(
    code="too-many-watermarks",
    detail=f"At most {MOST_OVERLAYS} images can be watermarks of one picture at a time; ask for "
    "this variant by itself.",
)


def within_reason(job: Job) -> tuple[Job, list[Made]]:
    """The job with as many overlays as can be opened at once, none of which goes unused, and the
    variants that are refused for it.
    """
    known = {overlay.image_id: overlay for overlay in job.overlays}
    needed = list(dict.fromkeys(id_ for v in job.variants if (id_ := _mark(v)) in known))
    refused = set(needed[MOST_OVERLAYS:])
    variants = [variant for variant in job.variants if _mark(variant) not in refused]
    overlays = [known[id_] for id_ in needed[:MOST_OVERLAYS] if id_]
    return (
        job.model_copy(update={"variants": variants, "overlays": overlays}),
        [Made(name=v.name, error=TOO_MANY) for v in job.variants if _mark(v) in refused],
    )


@asynccontextmanager
async def opened_overlays(job: Job, objects: Objects) -> AsyncIterator[list[tuple[Overlay, int]]]:
    """Each with a descriptor, without those whose file is gone: the variants that need them learn
    of it in the child.
    """
    async with AsyncExitStack() as stack:
        opened = []
        for overlay in job.overlays:
            with suppress(FileNotFoundError):
                original = objects.opened(keys.original(job.account_id, overlay.image_id))
                opened.append((overlay, await stack.enter_async_context(original)))
        yield opened


def _mark(variant: WantedVariant) -> str | None:
    mark = variant.transformation.watermark
    return mark.image_id if mark else None
