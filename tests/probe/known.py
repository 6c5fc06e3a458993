"""What the probe knows of the account that asks: its pictures, and how to have more."""

import json
import os
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any

from safelight.contract.keys import is_id
from tests.client import Client

PASSWORD = "no body that is made by chance says this"
"""Not the password of any example: whoever guesses it could delete the account that asks."""
FRESH = 300.0
"""Seconds after which to sign in anew; access tokens last for twice as long."""
THROWAWAYS = 6
"""For each operation that needs one: a sign-up costs more than hundreds of other requests."""

NAMES = 60
"""Fewer than a picture may have variants."""


@dataclass
class Known:
    """Handed from the process that prepares the product to the one that asks, as JSON."""

    base_url: str
    username: str
    kept: list[str]
    pictures: list[str]
    _signed_in: float = 0.0
    _client: Client | None = None
    _thrown: Counter[str] = field(default_factory=Counter)
    _names: "count[int]" = field(default_factory=count)
    _lock: Lock = field(default_factory=Lock)

    def save(self, path: Path) -> None:
        told = {name: getattr(self, name) for name in ("base_url", "username", "kept", "pictures")}
        path.write_text(json.dumps(told))

    @classmethod
    def load(cls) -> "Known":
        return cls(**json.loads(Path(os.environ["PROBE_KNOWN"]).read_text()))

    def some_picture(self, number: int) -> bytes:
        return Path(self.pictures[number % len(self.pictures)]).read_bytes()

    def disposable(self) -> str:
        """The id of a picture that was just uploaded."""
        image_id: str = self._owner().upload(self.some_picture(0))["id"]
        return image_id

    def link(self) -> str:
        """The address of a picture, signed."""
        url: str = self._owner().image(self.kept[0])["url"]
        return url

    def tag(self, image_id: Any) -> str | None:
        """The entity tag of the picture's present version, if there is such a picture."""
        if not isinstance(image_id, str) or not is_id(image_id):
            return None
        tag: str | None = self._owner().get(f"/v1/images/{image_id}").headers.get("etag")
        return tag

    def cursor(self, query: dict[str, Any]) -> str | None:
        """The cursor of the second page of what is asked for, if there is one."""
        page = self._owner().get("/v1/images", params={**query, "limit": 1})
        cursor: str | None = page.json().get("next_cursor")
        return cursor

    def new_name(self) -> str:
        """A name that no variant had lately."""
        return f"made-{next(self._names) % NAMES}"

    def throwaway(self, what_for: str) -> str | None:
        """The token of a new account, which need not stay; None when there were enough."""
        with self._lock:
            self._thrown[what_for] += 1
            number = self._thrown[what_for]
        if number > THROWAWAYS:
            return None
        with Client(self.base_url, f"{what_for}-{number}", PASSWORD) as client:
            client.sign_up()
            return client.headers["Authorization"].removeprefix("Bearer ")

    def _owner(self) -> Client:
        with self._lock:
            if self._client is None:
                self._client = Client(self.base_url, self.username, PASSWORD)
            if time.monotonic() - self._signed_in > FRESH:
                self._client.sign_in()
                self._signed_in = time.monotonic()
            return self._client
