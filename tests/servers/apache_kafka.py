"""Apache Kafka itself, in KRaft mode, fetched with Maven."""

import fcntl
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.servers.server import Server, free_port

ROOT = Path(__file__).parents[2]
JARS = ROOT / ".kafka"
COMPLETE = JARS / "complete"
CLUSTER = "c2FmZWxpZ2h0LXRlc3RzMQ"


def missing() -> str:
    """What this machine lacks to run it, or nothing."""
    return " and ".join(name for name in ("java", "mvn") if shutil.which(name) is None)


class ApacheKafka(Server):
    """One node that is broker and controller."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        _fetch()
        controller = free_port()
        properties = {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller}",
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": folder / "data",
            "auto.create.topics.enable": "false",
            "offsets.topic.num.partitions": 4,
            "offsets.topic.replication.factor": 1,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "group.initial.rebalance.delay.ms": 0,
            # A broker that was killed is let in again once its session is over.
            "broker.session.timeout.ms": 1000,
            "broker.heartbeat.interval.ms": 200,
        }
        lines = (f"{name}={value}\n" for name, value in properties.items())
        (folder / "server.properties").write_text("".join(lines))
        where = folder / "server.properties"
        subprocess.run(
            self._java(
                "kafka.tools.StorageTool", "format", "--standalone", "-t", CLUSTER, "-c", where
            ),
            check=True,
            capture_output=True,
        )

    def command(self) -> Sequence[str | Path]:
        return self._java("kafka.Kafka", self.folder / "server.properties")

    @property
    def url(self) -> str:
        return f"kafka://127.0.0.1:{self.port}"

    def _java(self, *arguments: str | Path) -> list[str | Path]:
        # The first flag is for a quick start: nothing here lives long enough for the second
        # compiler to pay.
        return ["java", "-XX:TieredStopAtLevel=1", "-Xmx512m", "-cp", f"{JARS}/*", *arguments]


def _fetch() -> None:
    """The jars, once, however many ask at the same time."""
    if not COMPLETE.exists():
        if lacking := missing():
            raise RuntimeError(f"Apache Kafka needs {lacking}, which this machine lacks")
        JARS.mkdir(exist_ok=True)
        # Of two Mavens that fetch the same jars at once, one breaks the other's.
        with (JARS / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not COMPLETE.exists():
                _fetch_with_maven()


def _fetch_with_maven() -> None:
    pom = Path(__file__).with_name("kafka-pom.xml")
    subprocess.run(
        ["mvn", "-q", "-B", "-f", pom, "dependency:copy-dependencies", f"-DoutputDirectory={JARS}"],
        check=True,
    )
    COMPLETE.touch()
