"""What the probe stands on: accounts, pictures and presets, and a configuration that tells of
them, so that most requests aim at what exists.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from tests.client import Client
from tests.probe.known import PASSWORD, Known

TEMPLATE = Path(__file__).with_name("schemathesis.toml")
PICTURES = 8
FORMATS = ("jpeg", "png", "webp", "gif", "tiff", "avif")
WHO = 'user = "ann"\npeers = ["ann", "bob"]'
"""Asked for the pictures of the first; without that, one refusal would make the other one ask."""
MOSTLY = 0.7
"""How often a value is one that exists."""


def prepare(base_url: str, folder: Path) -> tuple[Known, Client, Client]:
    """Two accounts that must not see each other's pictures, and what is known of the first."""
    pictures = _draw(folder)
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
    return Known(base_url, ann.username, kept, [str(path) for path in pictures]), ann, bob


def _draw(folder: Path) -> list[Path]:
    """A small picture of each format."""
    gradient = Image.linear_gradient("L").resize((120, 80)).convert("RGB")
    paths = [folder / f"picture.{format_}" for format_ in FORMATS]
    for path in paths:
        gradient.save(path)
    return paths


def configure(known: Known, ann: Client, bob: Client, folder: Path) -> Path:
    """Write the configuration of schemathesis for this product; returns where."""
    accounts = folder / "accounts.json"
    accounts.write_text(json.dumps({"auth": [_account("ann", ann), _account("bob", bob)]}))
    lines = [TEMPLATE.read_text(), f'[auth.wfc]\npath = "{accounts}"\n{WHO}']
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
        "query.q": ["sea", "1.jpg"],
        "header.if-match": [*etags, "*"],
        "header.if-none-match": [*etags, "*"],
        "header.Range": ["bytes=0-9", "bytes=5-", "bytes=-5"],
        "body.presets.[*]": ["thumb", "own"],
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
