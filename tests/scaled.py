"""A product in parts: APIs and processors on PostgreSQL, Redis, Kafka and S3."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path

import obstore
from obstore.store import S3Store

from safelight.backends import keyfiles
from safelight.backends.database import Database
from safelight.image_app.migrations import migrate
from tests.product import Part, Product, wait_for
from tests.servers import S3, Postgres, Valkey
from tests.servers.apache_kafka import ApacheKafka
from tests.servers.noida import Noida

PARTITIONS = 6
TOKEN = "what-the-parts-of-one-test-show-each-other"
_numbers = count(1)


@dataclass(frozen=True)
class Servers:
    """What a scaled product stands on."""

    postgres: Postgres
    valkey: Valkey
    s3: S3
    broker: Noida | ApacheKafka

    def all(self) -> tuple[Postgres, Valkey, S3, Noida | ApacheKafka]:
        return self.postgres, self.valkey, self.s3, self.broker


@contextmanager
def servers_of_its_own(folder: Path, broker: type[Noida] | type[ApacheKafka]) -> Iterator[Servers]:
    """Started servers that nobody else uses, so that they may be killed."""
    servers = Servers(
        Postgres(folder / "postgres"),
        Valkey(folder / "valkey"),
        S3(folder / "s3"),
        broker(folder / "broker"),
    )
    with ExitStack() as running:
        for server in servers.all():
            running.callback(server.kill)
            server.start()
        yield servers


@cache
def _signing_key() -> bytes:
    """One for all products of a run: to make it takes most of a second."""
    return keyfiles.pem_of(keyfiles.new_key())


class ScaledProduct(Product):
    """One installation: databases, buckets and topics of its own in servers that others share."""

    def __init__(
        self, folder: Path, servers: Servers, apis: int = 1, processors: int = 1, **settings: str
    ) -> None:
        super().__init__(folder, **settings)
        self.servers = servers
        self.apis: list[Part] = []
        self.processors: list[Part] = []
        self._wanted = apis, processors
        self._database = servers.postgres.create()
        self.bucket, variables = servers.s3.create()
        self._objects = {
            **variables,
            "SAFELIGHT_OBJECTS_URL": self.bucket,
            "SAFELIGHT_BROKER_URL": servers.broker.url,
            "SAFELIGHT_BROKER_PREFIX": f"test{next(_numbers)}",
            "SAFELIGHT_BROKER_PARTITIONS": str(PARTITIONS),
        }
        # What a processor is not told it can't tell.
        self.processor_environment = (
            self.environment | self._objects | {"SAFELIGHT_PROCESSOR_TOKEN": TOKEN}
        )
        self.environment = self.processor_environment | {
            "SAFELIGHT_DATABASE_URL": self.database_url(),
            "SAFELIGHT_CACHE_URL": servers.valkey.create(),
        }

    def start(self) -> None:
        self.prepare()
        self.launch()
        wait_for("the product to be ready", self.is_ready)

    def launch(self) -> None:
        """Start every part, ready or not. The processors come first, since the APIs are told where
        they are.
        """
        apis, processors = self._wanted
        self.apis, self.processors = [], []
        for _ in range(processors):
            self.add_processor()
        urls = ",".join(part.base_url for part in self.processors)
        self.environment["SAFELIGHT_PROCESSOR_URLS"] = urls
        self.apis = [self.part("api", "--port", "0") for _ in range(apis)]
        self.parts = [*self.apis, *self.processors]
        self.base_url = self.apis[0].base_url

    def revive_api(self, number: int) -> None:
        """Start another one in the place of one that was killed."""
        self.apis[number] = self.part("api", "--port", "0")
        self.parts = [*self.apis, *self.processors]

    def prepare(self) -> None:
        """What `safelight certs` and `safelight migrate` do, without a process for each."""
        private, public = self.data / "private.pem", self.data / "public.pem"
        if not private.exists():
            keyfiles.write(private, _signing_key())
        keyfiles.make_keys(private, public)
        keyfiles.link_secret(self.data / "link.secret")
        asyncio.run(self._migrate())

    async def _migrate(self) -> None:
        database = Database(self.database_url())
        await migrate(database)
        await database.close()

    def add_processor(self) -> Part:
        part = Part(self.begin, ("processor", "--port", "0"), self.processor_environment, self.log)
        self.processors.append(part)
        self.parts = [*self.apis, *self.processors]
        return part

    def kill_processor(self) -> None:
        """SIGKILL for the oldest one."""
        part = self.processors.pop(0)
        self.parts = [*self.apis, *self.processors]
        part.kill()

    def store(self) -> S3Store:
        """Its bucket, for whoever tampers with it."""
        return S3Store.from_url(
            self.bucket,
            client_options={"allow_http": True},
            endpoint=self._objects["AWS_ENDPOINT_URL"],
            access_key_id=self._objects["AWS_ACCESS_KEY_ID"],
            secret_access_key=self._objects["AWS_SECRET_ACCESS_KEY"],
            region=self._objects["AWS_REGION"],
        )

    def objects(self) -> list[str]:
        return [entry["path"] for batch in obstore.list(self.store()) for entry in batch]

    def database_url(self) -> str:
        return self.servers.postgres.url(self._database)
