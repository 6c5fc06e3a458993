"""One of two APIs stops under load, behind a proxy that asks both whether they are ready."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import cycle
from threading import Event, Thread
from typing import Any

import httpx
import pytest

from tests.client import Client
from tests.journeys import pictures
from tests.product import Part, Product, wait_for
from tests.scaled import ScaledProduct

NOTICE = 8
PAUSE = 0.2
SENDERS = 4


class Proxy:
    """Sends each request to the next API of those that said last that they are ready."""

    def __init__(self, parts: Sequence[Part], headers: dict[str, str]) -> None:
        self._apis = [httpx.Client(base_url=p.base_url, headers=headers, timeout=20) for p in parts]
        self._unready: set[httpx.Client] = set()
        self._turns = cycle(range(len(parts)))
        self._ended = Event()
        self._looking = [Thread(target=self._look, args=[api]) for api in self._apis]

    def __enter__(self) -> "Proxy":
        for looking in self._looking:
            looking.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for looking in self._looking:
            looking.join()
        for api in self._apis:
            api.close()

    def request(self, method: str, path: str, **more: Any) -> str:
        """The status of the answer, or what kept it away."""
        ready = wait_for("an API to be ready", self._ready, PAUSE)
        try:
            answer = ready[next(self._turns) % len(ready)].request(method, path, **more)
        except httpx.TransportError as error:
            return type(error).__name__
        return str(answer.status_code)

    def _ready(self) -> list[httpx.Client]:
        return [api for api in self._apis if api not in self._unready]

    def _look(self, api: httpx.Client) -> None:
        """Beside those who look at the others, so that a slow answer of one is no news of none."""
        while not self._ended.wait(PAUSE):
            change = self._unready.discard if self._is_ready(api) else self._unready.add
            change(api)

    @staticmethod
    def _is_ready(api: httpx.Client) -> bool:
        try:
            return api.get("/health/ready").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False


@pytest.fixture
def pair(make: Callable[..., Product], install: Callable[..., Product]) -> ScaledProduct:
    if make is Product:
        pytest.skip("embedded there is one")
    settings: dict[str, Any] = {"apis": 2, "SAFELIGHT_NOTICE_SECONDS": str(NOTICE)}
    product = install(**settings)
    assert isinstance(product, ScaledProduct)
    product.start()
    return product


def test_no_request_fails_while_one_of_two_stops(pair: ScaledProduct) -> None:
    told: Counter[str] = Counter()
    ended = Event()
    with Client(pair.base_url) as client:
        headers = {"Authorization": client.sign_up().headers["Authorization"]}

    def send(number: int) -> None:
        while not ended.wait(PAUSE / 4):
            told[proxy.request("GET", "/v1/images")] += 1
            file = {"file": ("picture", pictures.jpeg(number=number))}
            told[proxy.request("POST", "/v1/images", files=file)] += 1

    with Proxy(pair.apis, headers) as proxy:
        senders = [Thread(target=send, args=[number]) for number in range(SENDERS)]
        for sender in senders:
            sender.start()
        time.sleep(0.5)
        pair.apis[0].ask_to_stop()
        assert pair.apis[0].wait() == 0
        time.sleep(0.5)
        ended.set()
        for sender in senders:
            sender.join()
    assert set(told) == {"200", "201"}
    assert told["201"] > SENDERS
