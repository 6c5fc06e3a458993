"""What a fault may need that not every machine has."""

import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from tempfile import TemporaryDirectory

from tests.servers import ApacheKafka, chosen_broker


def _kafka() -> str:
    """The small broker waits for ever for members of a group that were killed."""
    return "" if chosen_broker() is ApacheKafka else "needs Apache Kafka (Java and Maven)"


def _small_disk() -> str:
    """A file system of a few megabytes, to be filled."""
    with TemporaryDirectory() as folder, suppress(OSError):
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "safelight-faults", folder],
            capture_output=True,
            check=False,
        )
        if made.returncode == 0:
            subprocess.run(["umount", folder], check=True)
            return ""
    return "needs to mount a small disk, which this user may not"


LACKING: Mapping[str, Callable[[], str]] = {
    "": lambda: "",
    "kafka": _kafka,
    "small disk": _small_disk,
}
"""By name, why this machine has it not, or nothing."""
