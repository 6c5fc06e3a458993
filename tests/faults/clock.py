"""Clocks that jump, and clocks that differ."""

import struct
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from pathlib import Path
from time import time as real_time

from tests import plain_http
from tests.faults.fault import BOTH, SCALED, Fault
from tests.faults.ground import Ground
from tests.product import Part

SHIFTED = Path(__file__).parent / "shifted"
"""Has a `sitecustomize`, which Python imports before it starts anything."""
HOUR = 3600.0
APART = 300.0
NEAR = 60.0
"""Seconds by which a clock that was read on a busy machine may be late."""


class Clock:
    """How far a product's time is from ours, in seconds: what is in a file that it looks into
    whenever it wants to know the time.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.move(0)

    def move(self, seconds: float) -> None:
        with self._path.open("r+b" if self._path.exists() else "wb") as file:
            file.write(struct.pack("d", seconds))

    def variables(self) -> dict[str, str]:
        return {"PYTHONPATH": str(SHIFTED), "SAFELIGHT_TEST_CLOCK": str(self._path)}


def jump(ground: Ground) -> None:
    """An hour on, an hour back, and to where it was, under the running product."""
    clock = Clock(ground.product.data / "clock")
    with ground.starting_anew(), ground.restarted(**clock.variables()):
        customer = ground.client()
        for seconds in (HOUR, -HOUR, 0.0):
            clock.move(seconds)
            _see(ground, ground.product.parts, seconds)
            ground.promise_more(10)
            # Whoever had a token may have to sign in again; the new one is good at once.
            assert customer.get("/v1/images").status_code == 200
            ground.until("nothing to wait", lambda: ground.count_processing() < 10)


def start_at_another_time(ground: Ground) -> None:
    """Started an hour ahead, then an hour behind: what the product looks for at a start and each
    minute takes what is under way for lost, or for not yet begun.
    """
    clock = Clock(ground.product.data / "clock")
    for seconds in (HOUR, -HOUR):
        clock.move(seconds)
        with ground.starting_anew(), ground.restarted(**clock.variables()):
            _see(ground, ground.product.parts, seconds)
            ground.promise_more(10)
            ground.until("nothing to wait", lambda: ground.count_processing() < 10)


def differ(ground: Ground) -> None:
    """The processors are five minutes ahead of the APIs, then as far behind."""
    clock = Clock(ground.product.data / "clock")
    with ground.starting_anew(), ground.restarted():
        for seconds in (APART, -APART):
            clock.move(seconds)
            before = dict(ground.scaled.processor_environment)
            ground.scaled.processor_environment.update(clock.variables())
            for _ in range(len(ground.processors)):
                part = ground.scaled.processors.pop(0)
                part.ask_to_stop()
                assert part.wait() == 0
                ground.scaled.add_processor()
            ground.scaled.processor_environment.clear()
            ground.scaled.processor_environment.update(before)
            ground.until("them to be ready", ground.product.is_ready)
            _see(ground, ground.processors, seconds)
            _see(ground, ground.apis, 0)
            ground.promise_more(15)
            ground.until("nothing to wait", lambda: ground.count_processing() < 10)


def _see(ground: Ground, parts: Sequence[Part], seconds: float) -> None:
    """Wait until each of them tells a time that is so far from ours."""

    def ahead() -> list[float]:
        answers = [plain_http.get(f"{part.base_url}/health/live") for part in parts]
        told = [parsedate_to_datetime(answer.headers["date"]).timestamp() for answer in answers]
        return [moment - real_time() for moment in told]

    ground.until(
        f"clocks that are {seconds:g} s from ours",
        lambda: all(abs(found - seconds) < NEAR for found in ahead()),
    )


FAULTS = [
    Fault("the clock jumps an hour on and back", BOTH, jump),
    Fault("it starts an hour ahead, an hour behind", BOTH, start_at_another_time),
    Fault("APIs and processors are five minutes apart", SCALED, differ, needs="kafka"),
]
