"""The product's messages, as somebody else reads and writes them."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiokafka import AIOKafkaProducer
from sqlalchemy import Executable, MetaData, select, text

from safelight.backends.database import Database
from safelight.backends.delivery.topics import LARGEST_BYTES, Cluster
from safelight.backends.delivery.waiting import waiting
from safelight.contract.messages import EVENTS, JOBS, OUTCOMES, PROCESSOR, Message
from safelight.image_app.models import outbox
from safelight.image_app.subscriptions import LISTENING
from tests.faults.ground import Ground
from tests.product import Product
from tests.scaled import PARTITIONS, ScaledProduct

KEY_LENGTH = 64
COPIES = outbox.to_metadata(MetaData(), name="copies")
COLUMNS = "topic, key, headers, body"
ROW = "NEW.topic, NEW.key, NEW.headers, NEW.body"
COPY = (
    "CREATE TABLE IF NOT EXISTS copies AS SELECT * FROM outbox WHERE false",
    "CREATE TRIGGER IF NOT EXISTS copied AFTER INSERT ON outbox BEGIN "
    f"INSERT INTO copies (id, {COLUMNS}) VALUES (NEW.id, {ROW}); END",
)
TRIPLE = {
    "embedded": (
        "CREATE TRIGGER tripled AFTER INSERT ON outbox BEGIN "
        f"INSERT INTO outbox ({COLUMNS}) VALUES ({ROW}), ({ROW}); END",
    ),
    "scaled": (
        "CREATE FUNCTION tripled() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF pg_trigger_depth() = 1 THEN "
        f"INSERT INTO outbox ({COLUMNS}) VALUES ({ROW}), ({ROW}); END IF; RETURN NULL; END $$",
        "CREATE TRIGGER tripled AFTER INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION tripled()",
    ),
}
SINGLE = {
    "embedded": ("DROP TRIGGER tripled",),
    "scaled": ("DROP TRIGGER tripled ON outbox", "DROP FUNCTION tripled"),
}


@dataclass(frozen=True)
class Record:
    """What anybody may write to a topic: bytes in every place."""

    topic: str
    key: bytes | None
    body: bytes | None
    headers: Sequence[tuple[str, bytes]] = field(default=())

    @classmethod
    def of(cls, message: Message) -> "Record":
        headers = [(name, value.encode()) for name, value in message.headers.items()]
        return cls(message.topic, message.key.encode(), message.body, headers)

    def promise(self) -> dict[str, object]:
        """As near as a row of the outbox comes to it."""
        headers = {name: _text(value) for name, value in self.headers}
        key = _text(self.key)[:KEY_LENGTH]
        return {"topic": self.topic, "key": key, "headers": headers, "body": self.body or b""}


def topics(ground: Ground) -> Sequence[str]:
    """Those from which messages are taken; without Kafka an outcome is a call."""
    return (JOBS, OUTCOMES, EVENTS) if ground.mode == "scaled" else (JOBS, EVENTS)


def write(ground: Ground, records: Sequence[Record]) -> None:
    """In this order: to Kafka, or where there is none, among the promises."""
    if isinstance(ground.product, ScaledProduct):
        asyncio.run(_publish(_cluster(ground.product), records))
    else:
        _execute(ground.product, *(outbox.insert().values(r.promise()) for r in records))


def written(ground: Ground, topic: str) -> list[Message]:
    """Every message of the topic, from the first on; of a product without Kafka those that were
    promised since `copy_promises`.
    """
    if isinstance(ground.product, ScaledProduct):
        return asyncio.run(_read(_cluster(ground.product), topic, "nobody"))
    copied = select(COPIES.c.key, COPIES.c.headers, COPIES.c.body)
    rows = ground.product.rows(copied.where(COPIES.c.topic == topic).order_by(COPIES.c.id))
    return [Message(topic, key, body, headers) for key, headers, body in rows]


def copy_promises(ground: Ground) -> None:
    """From now on, where there is no Kafka that keeps them."""
    if ground.mode == "embedded":
        _execute(ground.product, *map(text, COPY))


@contextmanager
def tripled(ground: Ground) -> Iterator[None]:
    """Whatever is promised meanwhile is promised three times."""
    _execute(ground.product, *map(text, TRIPLE[ground.mode]))
    try:
        yield
    finally:
        _execute(ground.product, *map(text, SINGLE[ground.mode]))


@contextmanager
def at_rest(ground: Ground) -> Iterator[None]:
    """No load, and every message handled."""
    ground.load.pause()
    wait_until_taken(ground)
    yield
    ground.load.go_on()


def wait_until_taken(ground: Ground) -> None:
    """Returns once every message is handled."""
    ground.settle()
    ground.until("every message to be taken", lambda: not _untaken(ground))
    ground.settle()


def _untaken(ground: Ground) -> int:
    """How many messages the product has still to take from Kafka."""
    if not isinstance(ground.product, ScaledProduct):
        return 0
    cluster = _cluster(ground.product)
    groups = [(JOBS, PROCESSOR), *LISTENING]
    return sum(len(asyncio.run(_read(cluster, topic, group))) for topic, group in groups)


def _cluster(product: ScaledProduct) -> Cluster:
    names = product.environment
    url, prefix = names["SAFELIGHT_BROKER_URL"], names["SAFELIGHT_BROKER_PREFIX"]
    return Cluster.at(url, prefix, PARTITIONS, 1)


async def _publish(cluster: Cluster, records: Sequence[Record]) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=cluster.servers, max_request_size=LARGEST_BYTES, acks="all"
    )
    await producer.start()
    try:
        sent = [
            await producer.send(
                cluster.name_of(r.topic), r.body, key=r.key, headers=list(r.headers)
            )
            for r in records
        ]
        await asyncio.gather(*sent)
    finally:
        await producer.stop()


async def _read(cluster: Cluster, topic: str, group: str) -> list[Message]:
    return [message async for message in waiting(cluster, topic, group)]


def _execute(product: Product, *statements: Executable) -> None:
    async def execute() -> None:
        database = Database(product.database_url())
        async with database.writing() as connection:
            for statement in statements:
                await connection.execute(statement)
        await database.close()

    asyncio.run(execute())


def _text(given: bytes | None) -> str:
    return (given or b"").decode(errors="backslashreplace").replace("\0", "\\x00")
