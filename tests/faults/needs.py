"""What a fault may need that not every machine has."""

from collections.abc import Callable, Mapping

from tests.servers import ApacheKafka, chosen_broker


def _kafka() -> str:
    """The small broker waits for ever for members of a group that were killed."""
    return "" if chosen_broker() is ApacheKafka else "needs Apache Kafka (Java and Maven)"


LACKING: Mapping[str, Callable[[], str]] = {"": lambda: "", "kafka": _kafka}
"""By name, why this machine has it not, or nothing."""
