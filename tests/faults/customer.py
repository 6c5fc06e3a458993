"""Somebody who goes on whatever is done to the product, and remembers how it answered."""

from collections import Counter
from hashlib import sha256
from threading import Lock
from typing import Any

import httpx

from tests.client import Client
from tests.faults.ledger import Ledger
from tests.product import Product
from tests.scaled import ScaledProduct

BUSY, FULL = 503, 507
HUNG_UP = "hung up"


class Answers:
    """How often each thing was answered that was no success."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.refusals: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.broken = 0

    def note(self, answer: httpx.Response) -> str:
        """A refusal in words, such as `503 queue-full`; nothing for what is none. Wrong is a 5xx
        that is none of those which tell the client to come again.
        """
        if answer.is_success or answer.is_redirect:
            return ""
        kind = answer.headers.get("content-type", "").partition(";")[0]
        is_problem = kind == "application/problem+json"
        slug = str(answer.json()["type"]).removeprefix("/problems/") if is_problem else kind
        words = f"{answer.status_code} {slug}"
        with self._lock:
            self.refusals[words] += 1
            if answer.is_server_error and answer.status_code not in (BUSY, FULL):
                self.wrong[f"{words} to {answer.request.method} {answer.request.url.path}"] += 1
            elif answer.status_code == BUSY and "retry-after" not in answer.headers:
                self.wrong[f"{words} without Retry-After"] += 1
        return words

    def refused_for_good(self, answer: httpx.Response) -> None:
        """A good picture was not taken, and its client is told that it is to blame."""
        with self._lock:
            self.wrong[f"a good picture was refused with {answer.status_code}"] += 1

    def forget(self) -> None:
        with self._lock:
            self.refusals.clear()
            self.wrong.clear()

    def hung_up(self) -> None:
        with self._lock:
            self.broken += 1


class Customer(Client):
    """A client that finds the product again after each start, at another API when one is gone,
    and signs in anew when its token is over.
    """

    def __init__(self, product: Product, ledger: Ledger, answers: Answers) -> None:
        super().__init__(product.base_url)
        self._product = product
        self._ledger = ledger
        self._answers = answers
        self.turn = 0
        self.last_refusal = ""
        """In words, of the last answer; `hung up` where there was none."""

    def request(self, method: str, url: httpx.URL | str, **options: Any) -> httpx.Response:
        try:
            answer = self._ask(method, url, **options)
            if answer.status_code == httpx.codes.UNAUTHORIZED and "/auth/token" not in str(url):
                told = self.ask_for_token()
                if not told.is_success:
                    # Noted as a refusal already; a client comes again then.
                    return told
                answer = self._ask(method, url, **options)
        except httpx.TransportError:
            self.turn += 1
            self.last_refusal = HUNG_UP
            self._answers.hung_up()
            raise
        # A token that was over is no refusal; to be refused with a new one would be.
        self.last_refusal = self._answers.note(answer)
        return answer

    def promised(self, content: bytes, name: str = "picture", **fields: Any) -> str | None:
        """The id of the image, once it is in the ledger; None when it was not taken. It is a good
        picture, so only something that is away or full may be the reason.
        """
        try:
            answer = self.offer(content, name, **fields)
        except httpx.TransportError:
            return None
        if answer.is_client_error:
            self._answers.refused_for_good(answer)
        if answer.status_code != httpx.codes.CREATED:
            return None
        image_id: str = answer.json()["id"]
        self._ledger.promise(self.username, image_id, sha256(content).hexdigest())
        return image_id

    def surely(self, content: bytes, name: str = "picture", **fields: Any) -> str:
        """The id of an image that has to be taken."""
        image_id = self.promised(content, name, **fields)
        assert image_id is not None, f"an upload was not taken: {self._answers.refusals}"
        return image_id

    def _ask(self, method: str, url: httpx.URL | str, **options: Any) -> httpx.Response:
        self.base_url = self._address()
        return super().request(method, url, **options)

    def _address(self) -> str:
        parts = self._product.parts
        if isinstance(self._product, ScaledProduct):
            parts = self._product.apis
        return parts[self.turn % len(parts)].base_url if parts else self._product.base_url
