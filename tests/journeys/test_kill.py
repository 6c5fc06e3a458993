"""SIGKILL of the whole process tree at any moment loses nothing that was promised."""

import random
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.journeys.load import Ledger, Load, lost
from tests.product import Product, wait_for

SEED = 2
UPLOADS = 200
KILLS = 10


@pytest.mark.timeout(300)
def test_ten_kills_during_two_hundred_uploads_lose_nothing(
    install: Callable[..., Product], tmp_path: Path, buries_the_dead: None
) -> None:
    product = install()
    product.start()
    began, moments = time.monotonic(), random.Random(SEED)
    ledger = Ledger(tmp_path / "ledger")
    with Load(product, ledger, UPLOADS) as load:
        for number in range(KILLS):
            enough = round(UPLOADS * (number + moments.random()) / (KILLS + 1))
            wait_for("more promises", partial(ledger.holds, enough))
            # A random moment within the next uploads: the one place where time itself is meant.
            time.sleep(moments.uniform(0, 0.15))
            load.up.clear()
            product.kill()
            product.start()
            load.up.set()
        load.wait()
        broken_promises = lost(load)
        kept = sum(len(client.all_images()) for client in load.clients)
    assert product.stop() == 0
    code, words = product.verify()
    print(
        f"promised={len(ledger.lines())} kept={kept} kills={KILLS} broken_requests={load.broken} "
        f"lost={len(broken_promises)} verify={code} seconds={time.monotonic() - began:.0f}"
    )
    assert broken_promises == []
    assert not load.refusals
    assert len(ledger.lines()) == UPLOADS
    assert (code, words) == (0, f"{kept} images, 0 promises, 0 differences\n")
