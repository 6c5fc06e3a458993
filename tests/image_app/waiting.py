"""An image that was taken in, and what becomes of it as its messages are handled."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from safelight.backends.delivery.in_process import InProcessDelivery
from safelight.contract import keys
from safelight.contract.messages import (
    EVENTS,
    Event,
    Fault,
    Job,
    Message,
    Outcome,
    dead_letter,
    job_message,
    outcome_message,
)
from safelight.contract.transformations import Transformation
from safelight.image_app import clock
from safelight.image_app.models import Found, outbox, renderings
from safelight.image_app.presets import service as presets
from safelight.image_app.presets.schemas import PresetBody
from safelight.image_app.resources import Resources
from safelight.image_app.variants import service
from safelight.image_app.variants.schemas import NewVariant, Reprocessing
from tests.image_app.given import (
    all_keys,
    jobs_of,
    process,
    promised,
    promised_events,
    the_image,
    the_variants,
)

CORRUPT = Fault(code="corrupt-image", detail="The picture can't be read.")
SQUARE: dict[str, Any] = {"width": 50, "height": 50, "fit": "cover"}
"""Of a variant that no preset makes."""
SQUARED = Transformation(**SQUARE).fingerprint()
FAILED = Fault(code="variant-failed", detail="This one can't be made.")


@dataclass(frozen=True)
class Waiting:
    """An image that was taken in and waits, and what hears its outcome."""

    resources: Resources
    delivery: InProcessDelivery
    account_id: str
    job: Job

    @property
    def image_id(self) -> str:
        return self.job.image_id

    async def tell(self, outcome: Outcome) -> None:
        await self.delivery.send(outcome_message(outcome, clock.now()))

    async def answer(
        self, job: Job, failed: Collection[str] = (), content: bytes = b"pixels"
    ) -> None:
        """A processor does the job, but for the variants that it can't make."""
        outcome = await process(self.resources, job, content)
        made = [
            v.model_copy(update={"error": FAILED, "size": None}) if v.name in failed else v
            for v in outcome.variants
        ]
        for variant in made:
            if variant.error:
                await self.resources.objects.delete(self.key(variant.fingerprint))
        await self.tell(outcome.model_copy(update={"variants": made}))

    async def bury(self, job: Job) -> None:
        """Nobody could do the job."""
        await self.delivery.send(dead_letter(job_message(job, clock.now()), "OSError: no room"))

    def rejected(self, job: Job | None = None) -> Outcome:
        job = job or self.job
        return Outcome(
            job_id=job.id,
            account_id=job.account_id,
            image_id=job.image_id,
            sha256=job.sha256,
            error=CORRUPT,
        )

    async def add(self, name: str, **options: Any) -> Job:
        """Have an ad-hoc variant made; its job."""
        wanted = NewVariant(name=name, transformation=Transformation(**options))
        await service.add_variant(self.resources, self.account_id, self.image_id, wanted)
        return await self.last_job()

    async def reprocess(self, *names: str) -> Job:
        asked = Reprocessing(presets=list(names) or None)
        await service.reprocess(self.resources, self.account_id, self.image_id, asked)
        return await self.last_job()

    async def delete(self, name: str) -> None:
        await service.delete_variant(self.resources, self.account_id, self.image_id, name)

    async def preset(self, name: str, **options: Any) -> int:
        """Make or change a preset of the account, which no upload makes; its version."""
        wanted = PresetBody(transformation=Transformation(**options), on_upload=False)
        made, _ = await presets.put_preset(self.resources, self.account_id, name, wanted)
        return made.version

    async def last_job(self) -> Job:
        return (await jobs_of(self.resources, self.image_id))[-1]

    async def row(self) -> Found:
        found = await the_image(self.resources.database, self.image_id)
        assert found is not None
        return found

    async def variants(self) -> dict[str, Found]:
        return await the_variants(self.resources.database, self.image_id)

    async def variant(self, name: str) -> Found:
        return (await self.variants())[name]

    async def statuses(self) -> set[str]:
        """Of its variants."""
        return {variant.status for variant in (await self.variants()).values()}

    async def state(self) -> tuple[Found, dict[str, Found], set[str]]:
        """Everything that an outcome could change."""
        objects = await all_keys(self.resources.objects)
        return await self.row(), await self.variants(), objects

    async def events(self) -> list[str]:
        return await promised_events(self.resources.database, EVENTS)

    async def told(self, kind: str) -> list[dict[str, Any]]:
        """What the undelivered events of a kind say, without what they are about."""
        found = [
            Event.model_validate_json(m.body)
            for m in await promised(self.resources.database, EVENTS)
        ]
        about = ("account_id", "image_id")
        return [
            {name: value for name, value in event.data.items() if name not in about}
            for event in found
            if event.type == kind
        ]

    async def promises(self) -> list[Message]:
        return await promised(self.resources.database, EVENTS)

    async def deliver_events(self) -> None:
        for message in await self.promises():
            await self.delivery.send(message)

    async def forget_events(self) -> None:
        """What was told until now was delivered."""
        async with self.resources.database.writing() as connection:
            await connection.execute(outbox.delete().where(outbox.c.topic == EVENTS))

    async def rendering(self, status: str, holder: int | None = None) -> None:
        """Note a rendering of what the square variant is."""
        async with self.resources.database.writing() as connection:
            await connection.execute(
                renderings.insert().values(
                    image_id=self.image_id,
                    fingerprint=SQUARED,
                    status=status,
                    holder=holder,
                    started_at=clock.now(),
                )
            )

    def key(self, fingerprint: str) -> str:
        return keys.variant(self.account_id, self.image_id, fingerprint, self.job.sha256)

    async def objects(self) -> set[str]:
        """Fingerprints of what was made of the image and is there."""
        found = await all_keys(self.resources.objects)
        below = keys.variants(self.account_id, self.image_id)
        return {key.removeprefix(below)[:16] for key in found if key.startswith(below)}
