"""What crashes, brokers and disks may do, done by hand to a product that stands still."""

import asyncio
import subprocess
import sys
from typing import Any, Literal

from aiokafka import AIOKafkaConsumer, TopicPartition
from obstore.store import LocalStore, S3Store
from sqlalchemy import Executable, delete, update

from safelight.backends.database import Database
from safelight.contract.messages import JOBS, PROCESSOR
from safelight.image_app import clock
from safelight.image_app.models import images, outbox, variants
from safelight.image_app.promises import LOST_AFTER
from tests.client import Client
from tests.product import Product
from tests.scaled import PARTITIONS, ScaledProduct

LONG_AGO = 2 * LOST_AFTER
PARK = """
import asyncio, sys
from sqlalchemy import delete, select
from safelight.composition.commands import opened_resources
from safelight.contract.messages import JOBS, Fault, Job, Outcome, dead_letter, outcome_message
from safelight.image_app import clock, mends
from safelight.image_app.dead_letters.parking import take_dead_letter
from safelight.image_app.images import queries
from safelight.image_app.models import outbox
from safelight.image_app.outbox import message_of
from safelight.image_app.work import begin
from safelight.settings import Settings

def rejection(job):
    whose = job.model_dump(include={"account_id", "image_id", "sha256"})
    fault = Fault(code="corrupt-image", detail="The picture is broken.")
    return outcome_message(Outcome(job_id=job.id, error=fault, **whose), clock.now())

async def main(image_id, what):
    async with opened_resources(Settings()) as resources:
        async with begin(resources) as work:
            image = await queries.find_any(work.connection, image_id, lock=True)
            await mends.ask_again(work, image, (), clock.now())
        async with resources.database.writing() as connection:
            its = outbox.c.key == image_id, outbox.c.topic == JOBS
            message = message_of((await connection.execute(select(outbox).where(*its))).first())
            await connection.execute(delete(outbox).where(*its))
        if what == "outcome":
            message = rejection(Job.model_validate_json(message.body))
        await take_dead_letter(resources, dead_letter(message, "OSError: no room"))

asyncio.run(main(*sys.argv[1:]))
"""


def stop_with_work_undone(product: Product, owner: Client, *pictures: bytes) -> list[str]:
    """Ids of pictures that were taken in, by a product that ended before any was processed."""
    if isinstance(product, ScaledProduct):
        for part in product.processors:
            part.ask_to_stop()
            assert part.wait() == 0
        product.parts = list(product.apis)
    else:
        for decoder in product.decoders():
            decoder.suspend()
    taken = [owner.upload(picture)["id"] for picture in pictures]
    assert product.stop() == 0
    return taken


def execute(product: Product, *statements: Executable) -> None:
    async def run() -> None:
        database = Database(product.database_url())
        async with database.writing() as connection:
            for statement in statements:
                await connection.execute(statement)
        await database.close()

    asyncio.run(run())


def lose_jobs(product: Product) -> None:
    """Those in the outbox, and those at the broker, which its group takes for done."""
    execute(product, delete(outbox).where(outbox.c.topic == JOBS))
    if isinstance(product, ScaledProduct):
        asyncio.run(_skip(product))


async def _skip(product: ScaledProduct) -> None:
    prefix = product.environment["SAFELIGHT_BROKER_PREFIX"]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=product.servers.broker.url.removeprefix("kafka://"),
        group_id=f"{prefix}-{PROCESSOR}",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        topic = f"{prefix}.{JOBS.partition('.')[2]}"
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        consumer.assign(partitions)
        await consumer.commit(await consumer.end_offsets(partitions))
    finally:
        await consumer.stop()


def make_old(product: Product, *image_ids: str) -> None:
    """As if they had waited for longer than a job is looked for."""
    then = clock.now() - LONG_AGO
    job_ids = (
        update(variants)
        .where(variants.c.image_id == image_id, variants.c.job_id.is_not(None))
        .values(job_id=_id_of(clock.first_id_at(then), image_id))
        for image_id in image_ids
    )
    time = update(images).where(images.c.id.in_(image_ids))
    deleted = time.where(images.c.deleted_at.is_not(None)).values(deleted_at=then)
    execute(product, *job_ids, time.values(created_at=then, updated_at=then), deleted)


def _id_of(time: str, other: str) -> str:
    """An id of that time, with what tells it from others taken from another one."""
    return time[:13] + other[13:]


def park(product: Product, image_id: str, what: Literal["job", "outcome"] = "job") -> None:
    """The job of the image is given up, as by a processor that could not do it; or the outcome
    that rejects it, as by an API that could not take it.
    """
    command = [sys.executable, "-c", PARK, image_id, what]
    subprocess.run(command, env=product.environment, check=True, timeout=60)


def store_of(product: Product) -> LocalStore | S3Store:
    """Its objects, to be changed behind its back."""
    if not isinstance(product, ScaledProduct):
        return LocalStore(product.data / "objects")
    variables = product.environment
    return S3Store.from_url(
        variables["SAFELIGHT_OBJECTS_URL"],
        client_options={"allow_http": True},
        endpoint=variables["AWS_ENDPOINT_URL"],
        access_key_id=variables["AWS_ACCESS_KEY_ID"],
        secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        region=variables["AWS_REGION"],
    )


def path_of(part: str, image: dict[str, Any], product: Product) -> list[str]:
    """Keys of the objects of an image, originals or variants."""
    return [key for key in product.objects() if key.startswith(part) and image["id"] in key]
