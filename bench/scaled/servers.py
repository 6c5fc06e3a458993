"""The servers that the product in parts stands on, as an installation would have them."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.scaled import Servers
from tests.servers import S3, ApacheKafka, Noida, Postgres, Valkey
from tests.servers.apache_kafka import missing


class DurablePostgres(Postgres):
    """As it comes: a commit is on the disk. The tests' own forgoes that."""

    def command(self) -> Sequence[str | Path]:
        return ["fsync=on" if part == "fsync=off" else part for part in super().command()]


def broker() -> type[ApacheKafka] | type[Noida]:
    """Apache Kafka where there is what it needs, else the small one that speaks its protocol."""
    return Noida if missing() else ApacheKafka


@contextmanager
def started(folder: Path) -> Iterator[Servers]:
    """All four, gone when the block ends."""
    servers = Servers(
        DurablePostgres(folder / "postgres"),
        Valkey(folder / "valkey"),
        S3(folder / "s3"),
        broker()(folder / "broker"),
    )
    with ExitStack() as running:
        for server in servers.all():
            running.callback(server.kill)
            server.start()
        yield servers
