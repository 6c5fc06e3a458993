"""The servers of the scaled mode, started as child processes: no containers, no root service.

Each is the real thing, keeps its data in a folder of its own, and can be killed, paused and
started again on the same port. `SAFELIGHT_TEST_BROKER=kafka` takes Apache Kafka in place of the
small broker that speaks its protocol.
"""

import os

from tests.servers.apache_kafka import ApacheKafka
from tests.servers.noida import Noida
from tests.servers.postgres import Postgres
from tests.servers.s3 import S3
from tests.servers.server import Server
from tests.servers.valkey import Valkey

Broker = Noida | ApacheKafka


def chosen_broker() -> type[Noida] | type[ApacheKafka]:
    return ApacheKafka if os.environ.get("SAFELIGHT_TEST_BROKER") == "kafka" else Noida


__all__ = ["S3", "ApacheKafka", "Broker", "Noida", "Postgres", "Server", "Valkey", "chosen_broker"]
