"""One client that throws inputs at the product and looks at what becomes of each."""

import socket
import time
from collections import Counter
from hashlib import sha256
from threading import Lock
from typing import Any
from urllib.parse import quote

import httpx

from safelight.image_app.errors import KINDS
from tests.client import Client
from tests.fuzz.inputs import Input
from tests.journeys import pictures, wire

SIGNED_IN = 300.0
"""Seconds after which a client signs in again: a token is good for twice as long."""
ENDED = 180.0
"""Seconds within which every picture is `ready` or `failed`."""
SERVER_ERROR = 500
MAY_REFUSE = ("queue-full",)
CODES = frozenset(kind.code for kind in KINDS)


class Tally:
    """What all clients have seen so far."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.counts: Counter[str] = Counter()
        self.number_of: dict[str, int] = {}
        """The input that an image came from."""
        self.wrong: dict[int, list[str]] = {}

    def count(self, what: str) -> None:
        with self._lock:
            self.counts[what] += 1

    def blame(self, number: int, words: str) -> None:
        with self._lock:
            self.wrong.setdefault(number, []).append(words)


class Sender:
    """Signs up, then takes one input after the other."""

    def __init__(self, base_url: str, tally: Tally) -> None:
        self.client = Client(base_url).sign_up()
        self._since = time.monotonic()
        self._tally = tally

    def send(self, thrown: Input) -> None:
        """Everything that is wrong goes to the tally, with the input's number."""
        self._stay_signed_in()
        self._tally.count("inputs")
        try:
            image_id = self._upload(thrown)
            if image_id is not None:
                self._tally.number_of[image_id] = thrown.number
                self._follow(thrown, image_id)
        except (httpx.HTTPError, OSError, KeyError, ValueError) as error:
            self._tally.blame(thrown.number, f"{type(error).__name__}: {error}")

    def _stay_signed_in(self) -> None:
        if time.monotonic() - self._since > SIGNED_IN:
            self.client.sign_in()
            self._since = time.monotonic()

    def _upload(self, thrown: Input) -> str | None:
        """The image's id, if the file was taken."""
        if thrown.form.lies():
            self._lie(thrown)
            return None
        headers = {"Content-Type": thrown.form.content_type}
        answer = self.client.post("/v1/images", content=thrown.form.body, headers=headers)
        self._judge(thrown, answer, "upload")
        if answer.status_code != httpx.codes.CREATED:
            return None
        self._tally.count("accepted")
        return str(answer.json()["id"])

    def _lie(self, thrown: Input) -> None:
        lines = (
            f"Content-Type: {thrown.form.content_type}",
            f"Content-Length: {thrown.form.length}",
            "Connection: close",
        )
        with wire.connect(self.client) as connection:
            try:
                connection.sendall(wire.head(self.client, *lines) + thrown.form.body)
                connection.shutdown(socket.SHUT_WR)
                status = wire.hear(connection).status
            except (ConnectionResetError, BrokenPipeError):
                status = 0  # it has answered, or closed, before it heard all
        self._tally.count(f"lie {status}")
        if status >= SERVER_ERROR:
            self._tally.blame(thrown.number, f"a lie about the length was answered with {status}")

    def _judge(self, thrown: Input, answer: httpx.Response, what: str) -> None:
        """Count a refusal by its code; blame the input for one that should not be."""
        if answer.is_success:
            return
        code = answer.json()["type"].removeprefix("/problems/")
        self._tally.count(f"{what} {code}")
        if code not in CODES:
            self._tally.blame(thrown.number, f"{what}: unknown code {code}")
        if answer.status_code >= SERVER_ERROR and code not in MAY_REFUSE:
            self._tally.blame(thrown.number, f"{what}: {answer.status_code} {answer.text}")

    def _follow(self, thrown: Input, image_id: str) -> None:
        image = None if thrown.hasty else self._ended(thrown, image_id)
        if image and image["status"] == "failed":
            self._tally.count(f"failed {image['error']['code']}")
        elif image:
            self._tally.count("ready")
            self._look_at(thrown, image)
            for text in thrown.wordings:
                address = f"/i/{image_id}/{quote(text, safe='=,:')}"
                answer = self.client.get(address)
                if answer.is_success:
                    self._tally.count("rendered")
                self._judge(thrown, answer, "rendering")
        status = self.client.delete(f"/v1/images/{image_id}").status_code
        gone = self.client.get(f"/v1/images/{image_id}").status_code
        if (status, gone) != (httpx.codes.NO_CONTENT, httpx.codes.NOT_FOUND):
            self._tally.blame(thrown.number, f"deleting it answered {status}, reading it {gone}")

    def _ended(self, thrown: Input, image_id: str) -> dict[str, Any] | None:
        """The image once it is ready or failed."""
        deadline = time.monotonic() + ENDED
        while time.monotonic() < deadline:
            image: dict[str, Any] = self.client.get(f"/v1/images/{image_id}").json()
            if image["status"] != "processing":
                return image
            time.sleep(0.03)
        self._tally.blame(thrown.number, f"image {image_id} has no end")
        return None

    def _look_at(self, thrown: Input, image: dict[str, Any]) -> None:
        """A ready image is what it says, and so is each of its variants."""
        original = self.client.get(image["url"])
        digest = sha256(original.content).hexdigest()
        if digest != image["sha256"]:
            self._tally.blame(thrown.number, "the original has other bytes than were hashed")
        if thrown.form.intact and digest != sha256(thrown.content).hexdigest():
            self._tally.blame(thrown.number, "the original has other bytes than were sent")
        for variant in image["variants"]:
            if variant["status"] != "ready":
                self._tally.count(f"variant failed {variant['error']['code']}")
                continue
            opened = pictures.opened(self.client.get(variant["url"]).content)
            if opened.size != (variant["width"], variant["height"]):
                words = f"{variant['name']} is {opened.size} and not as promised"
                self._tally.blame(thrown.number, words)
