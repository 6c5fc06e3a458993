"""Decoders that die, hang, or meet a picture that none of them survives."""

import json
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from threading import Event

import psutil

from tests.faults.fault import BOTH, Fault
from tests.faults.ground import Ground
from tests.faults.processes import end_a_decoder
from tests.journeys import pictures
from tests.logbook import TRY_FAILED
from tests.memory import child_ids
from tests.product import Part

TRIES = 3
NEIGHBOURS = 6
DEADLINE = "4"
"""Seconds for a decoder, so that nobody waits long for those that hang."""
GLANCE, LOOK_EVERY = 0.001, 0.5
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
        offset, given_up = ground.log_size(), Event()

        def see_it_end() -> None:
            """Aside, since whoever strikes may not wait for an answer."""
            while customer.image(bad)["status"] == "processing" and not given_up.wait(LOOK_EVERY):
                pass

        def is_over() -> bool:
            """A blow that comes late hits the making of a variant, which has tries of its own."""
            _strike(ground, bad, len(content), number, struck)
            return seeing.done()

        with ThreadPoolExecutor(1) as aside:
            seeing = aside.submit(see_it_end)
            try:
                ground.until("the end of the picture", is_over, GLANCE)
            finally:
                given_up.set()
            seeing.result()
        ground.recover()
        image = customer.image(bad)
        assert image["status"] == "failed", f"{image['status']} after {len(struck)} blows"
        assert image["error"]["code"] == "processing-error", image["error"]
        openings = _openings(ground.log_since(offset), bad)
        assert set(openings) == set(range(1, TRIES + 1)), openings
        # A processor that has only just joined may take over what another one is still trying.
        assert max(openings.values()) <= len(ground.processors), openings
        for neighbour in neighbours:
            assert customer.processed(neighbour)["status"] == "ready"


def _openings(said: str, image_id: str) -> Counter[int]:
    """How many processors say that a decoder did not survive the opening of this picture, by the
    number of the try.
    """
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    failed = [line for line in lines if line["event"] == TRY_FAILED]
    mine = [line for line in failed if line["image_id"] == image_id and line["variant"] is None]
    return Counter(line["tries"] for line in mine)


def _strike(
    ground: Ground, image_id: str, size: int, number: signal.Signals, struck: set[int]
) -> None:
    """Send the signal to the decoder that has this picture."""
    for part in ground.processors:
        # Looked up before: one that is started meanwhile has not been given the picture.
        children = child_ids(part) - struck
        if _holds(part, image_id, size):
            for child in children:
                struck.add(child)
                with suppress(psutil.NoSuchProcess):
                    ground.kill(psutil.Process(child), number)


@cache
def _slow_to_open() -> bytes:
    """A file of which every byte must be read before there is one pixel."""
    large = pictures.photograph().resize(SIDES)
    return pictures.saved(large, "JPEG", quality=60, progressive=True)


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
