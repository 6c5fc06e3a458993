"""Decoders that die, hang, or meet a picture that none of them survives."""

import signal
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil

from tests.faults.fault import BOTH, Fault
from tests.faults.ground import Ground
from tests.faults.processes import end_a_decoder
from tests.journeys import pictures
from tests.product import Part

TRIES = 3
NEIGHBOURS = 6
DEADLINE = "3"
"""Seconds for a decoder, so that nobody waits long for those that hang."""
GLANCE = 0.001
SIDES = (6000, 5000)


def crash_a_decoder(ground: Ground) -> None:
    end_a_decoder(ground, ground.random.choice((signal.SIGSEGV, signal.SIGABRT)))


def freeze_every_decoder(ground: Ground) -> None:
    """Each is killed when its time is over, and what it was working on is tried again."""
    with ground.restarted(SAFELIGHT_DECODE_SECONDS=DEADLINE):
        ground.promise_more(3)
        frozen = ground.decoders()
        for decoder in frozen:
            decoder.suspend()
        ground.promise_more(10)
        # One that nothing is asked of would stay as it is: it hangs only when it has work.
        ground.until("all of them to be replaced", lambda: not any(map(_lives, frozen)))
        ground.recover()
        ground.promise_more(3)


def poison(ground: Ground, number: signal.Signals) -> None:
    """A picture whose decoder is struck every time: rejected after three tries, while those that
    were sent behind it become ready.
    """
    with ground.restarted(SAFELIGHT_CHILDREN="1", SAFELIGHT_DECODE_SECONDS=DEADLINE):
        customer = ground.client()
        content = _slow_to_open()
        bad = customer.surely(content, "poison")
        ground.ledger.may_fail(bad)
        neighbours = [customer.surely(pictures.jpeg(number=n)) for n in range(NEIGHBOURS)]
        struck: set[int] = set()
        ground.until(
            "every try to be struck",
            lambda: _are_all_struck(ground, bad, len(content), number, struck),
            GLANCE,
        )
        ground.recover()
        image = customer.processed(bad)
        assert image["status"] == "failed", f"{image['status']} after {len(struck)} tries"
        assert image["error"]["code"] == "processing-error", image["error"]
        assert len(struck) == TRIES, f"it was tried {len(struck)} times"
        for neighbour in neighbours:
            assert customer.processed(neighbour)["status"] == "ready"


def _are_all_struck(
    ground: Ground, image_id: str, size: int, number: signal.Signals, struck: set[int]
) -> bool:
    """Send the signal to the decoder that has this picture."""
    for part in ground.processors:
        if _holds(part, image_id, size):
            # None, while the next one is being started.
            for child in _children(part) - struck:
                struck.add(child)
                ground.kill(psutil.Process(child), number)
    return len(struck) >= TRIES


def _slow_to_open() -> bytes:
    """A file of which every byte must be read before there is one pixel."""
    large = pictures.photograph().resize(SIDES)
    return pictures.saved(large, "JPEG", quality=60, progressive=True)


def _children(part: Part) -> set[int]:
    """Quicker than psutil, which looks at every process there is."""
    tasks = Path(f"/proc/{part.process.pid}/task")
    return {int(pid) for task in tasks.iterdir() for pid in (task / "children").read_text().split()}


def _holds(part: Part, image_id: str, size: int) -> bool:
    """Whether this picture is at a decoder of this process, which holds the file as long as the
    decoder does: the one in the store, or a copy without a name.
    """
    for link in Path(f"/proc/{part.process.pid}/fd").iterdir():
        # Files are closed while it is being looked.
        with suppress(OSError):
            name = str(link.readlink())
            if image_id in name or (name.startswith("/memfd:") and link.stat().st_size == size):
                return True
    return False


def _lives(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


FAULTS = [
    Fault("a decoder crashes", BOTH, crash_a_decoder, times=6),
    Fault("every decoder hangs", BOTH, freeze_every_decoder),
    Fault("a picture crashes every decoder", BOTH, partial(poison, number=signal.SIGSEGV)),
    Fault("a picture hangs every decoder", BOTH, partial(poison, number=signal.SIGSTOP)),
]
