"""What the probe stands on: accounts, pictures and presets, and a configuration that tells of
them, so that most requests aim at what exists.
"""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.client import Client

TEMPLATE = Path(__file__).with_name("schemathesis.toml")
PASSWORD = "no body that is made by chance says this"
"""Not the password of any example: whoever guesses it could delete the account that asks."""
PICTURES = 8
MOSTLY = 0.7
"""How often a value is one that exists."""
FRESH = 300.0
"""Seconds after which the hooks sign in anew; access tokens last for twice as long."""


@dataclass
class Known:
    """What the hooks know: the pictures that stay, and how to have one that need not."""

    base_url: str
    username: str
    kept: list[str]
    picture: str
    _client: Client | None = field(default=None)
    _signed_in: float = 0.0

    def save(self, path: Path) -> None:
        told = {n: getattr(self, n) for n in ("base_url", "username", "kept", "picture")}
        path.write_text(json.dumps(told))

    @classmethod
    def load(cls) -> "Known":
        return cls(**json.loads(Path(os.environ["PROBE_KNOWN"]).read_text()))

    def disposable(self) -> str:
        """The id of a picture that was just uploaded."""
        image_id: str = self._signed().upload(Path(self.picture).read_bytes())["id"]
        return image_id

    def link(self) -> str:
        """The address of a picture, signed."""
        url: str = self._signed().image(self.kept[0])["url"]
        return url

    def _signed(self) -> Client:
        if self._client is None:
            self._client = Client(self.base_url, self.username, PASSWORD)
        if time.monotonic() - self._signed_in > FRESH:
            self._client.sign_in()
            self._signed_in = time.monotonic()
        return self._client


def prepare(base_url: str, pictures: list[Path]) -> tuple[Known, Client, Client]:
    """Two accounts that must not see each other's pictures, and what is known of the first."""
    ann, bob = (Client(base_url, name, PASSWORD).sign_up() for name in ("probe-ann", "probe-bob"))
    own = {"transformation": {"width": 40}, "on_upload": False}
    assert ann.put("/v1/presets/own", json=own).status_code == 201
    kept = []
    for number in range(PICTURES):
        content = pictures[number % len(pictures)].read_bytes()
        kept.append(ann.upload(content, f"{number}.jpg", tags=["sea", f"n{number}"])["id"])
    for image_id in kept:
        ann.processed(image_id)
    bob.upload_and_wait(pictures[0].read_bytes())
    return Known(base_url, ann.username, kept, str(pictures[-1])), ann, bob


def configure(known: Known, ann: Client, bob: Client, folder: Path) -> Path:
    """Write the configuration of schemathesis for this product; returns where."""
    accounts = folder / "accounts.json"
    accounts.write_text(json.dumps({"auth": [_account("ann", ann), _account("bob", bob)]}))
    lines = [TEMPLATE.read_text(), f'[auth.wfc]\npath = "{accounts}"\npeers = ["ann", "bob"]']
    bound = ["[parameters]"]
    for number, (place, values) in enumerate(_values(known, ann).items()):
        lines.append(f"[dictionaries.known-{number}]\nvalues = {json.dumps(values)}")
        bound.append(f'"{place}" = {{ dictionary = "known-{number}", probability = {MOSTLY} }}')
    path = folder / "schemathesis.toml"
    path.write_text("\n".join([*lines, *bound]) + "\n")
    return path


def _values(known: Known, ann: Client) -> Mapping[str, list[str]]:
    """By the places in a request where they make sense."""
    etags = [ann.get(f"/v1/images/{image_id}").headers["etag"] for image_id in known.kept]
    cursor = ann.get("/v1/images", params={"limit": 2}).json()["next_cursor"]
    return {
        "path.image_id": known.kept,
        "path.what": ["original", "thumb", "small", "own", "width=30", "w=20,h=20,fit=cover"],
        "path.name": ["thumb", "small", "own", "banner"],
        "query.cursor": [cursor],
        "query.tag": ["sea", "n1"],
        "query.q": ["sea", "1.jpg"],
        "header.if-match": [*etags, "*"],
        "header.if-none-match": [*etags, "*"],
        "header.Range": ["bytes=0-9", "bytes=5-", "bytes=-5"],
        "body.presets.[*]": ["thumb", "own"],
        "body.variant": ["thumb", "original"],
    }


def _account(name: str, client: Client) -> dict[str, Any]:
    """How to sign in, as Web Fuzzing Commons has it."""
    form = f"grant_type=password&username={client.username}&password={client.password}"
    return {
        "name": name,
        "loginEndpointAuth": {
            "endpoint": "/v1/auth/token",
            "verb": "POST",
            "contentType": "application/x-www-form-urlencoded",
            "payloadRaw": form.replace(" ", "+"),
            "token": {
                "extractFrom": "body",
                "extractSelector": "/access_token",
                "sendIn": "header",
                "sendName": "Authorization",
                "sendTemplate": "Bearer {token}",
            },
        },
    }
