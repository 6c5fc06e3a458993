"""What the product makes of each file of a corpus, against its manifest."""

import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
from PIL import Image, UnidentifiedImageError

from tests.client import Client
from tests.journeys.pictures import delays

AT_ONCE = 4
SLOWEST = 15.0
"""Seconds after which no file may be without its verdict."""
SERVER_ERROR = 500
CREATED = 201
HARDLY_ANY, INSTEAD = 10, 100

Entry = dict[str, Any]


@dataclass(frozen=True)
class Verdict:
    """What one file should have become, what it became, and what is wrong with that.

    `status` is what the upload was answered with, `seconds` the time until its end was known.
    """

    name: str
    expected: str
    got: str
    wrong: str
    status: int = CREATED
    seconds: float = 0.0


@dataclass(frozen=True)
class Summary:
    """Of all verdicts: how many are right, how many there are, and the worst of them."""

    right: int
    of: int
    server_errors: int
    slowest: Verdict

    def words(self) -> str:
        return (
            f"{self.right} of {self.of} as they should be, {self.server_errors} x 5xx, slowest "
            f"{self.slowest.seconds:.1f} s ({self.slowest.name})"
        )


def verdicts(client: Client, folder: Path) -> list[Verdict]:
    """Every file and every request of the folder's manifest, several at once, and at the end the
    product itself. What took too long is tried once more, alone. The client's account is left with
    what was accepted.
    """
    manifest = json.loads((folder / "manifest.json").read_text())
    files: list[Entry] = manifest["files"]
    good = (folder / "good" / "sharp__320x240.jpg").read_bytes()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda entry: judge(client, folder, entry), files))
    for number, entry in enumerate(files):
        if found[number].seconds > SLOWEST:  # is it, or the machine?
            found[number] = judge(client, folder, entry)
    found += [judge_request(client, good, case) for case in manifest["request_cases"]]
    return [*found, _judge_health(client, good)]


def summary(found: Sequence[Verdict]) -> Summary:
    """What there is to say of them all."""
    return Summary(
        right=sum(1 for verdict in found if not verdict.wrong),
        of=len(found),
        server_errors=sum(1 for verdict in found if verdict.status >= SERVER_ERROR),
        slowest=max(found, key=lambda verdict: verdict.seconds),
    )


def judge(client: Client, folder: Path, entry: Entry) -> Verdict:
    """Upload one file and compare what becomes of it with its manifest."""
    content, name = (folder / entry["file"]).read_bytes(), Path(entry["file"]).name
    began = time.monotonic()
    answer = client.offer(content, name)
    image = _ended(client, answer)
    seconds = time.monotonic() - began
    got, wrong = _judged(client, entry, answer, image)
    return Verdict(entry["file"], _expected(entry), got, wrong, answer.status_code, seconds)


def _ended(client: Client, answer: httpx.Response) -> dict[str, Any]:
    """What was taken, once it is ready or failed, or for too long neither; else nothing."""
    if answer.status_code != CREATED:
        return {}
    image_id = answer.json()["id"]
    try:
        return client.processed(image_id)
    except AssertionError:
        return client.image(image_id)


def _judged(
    client: Client, entry: Entry, answer: httpx.Response, image: dict[str, Any]
) -> tuple[str, str]:
    """What became of a file, in words, and what is wrong with that."""
    if not image:
        got = f"{answer.status_code} {answer.json()['type'].removeprefix('/problems/')}"
        refused = answer.status_code < SERVER_ERROR
        return got, "" if refused and _may_be_rejected(entry) else "was refused"
    if image["status"] == "processing":
        return "processing", "has no end"
    if image["status"] == "failed":
        got = f"failed {image['error']['code']}"
        return got, "" if _may_be_rejected(entry) else "has failed"
    return f"ok {image['width']}x{image['height']}", _fault_of(client, entry, image)


def _fault_of(client: Client, entry: Entry, image: dict[str, Any]) -> str:
    """What is wrong with an image that became ready, or nothing."""
    either = "tolerance" in entry
    if entry["expected"] == "reject" and not either:
        return "was not rejected"
    sides = entry.get("either_dims", [[entry.get("width"), entry.get("height")]])
    if entry["expected"] == "ok" and [image["width"], image["height"]] not in sides and not either:
        return "has other sides"
    failed = [v["name"] for v in image["variants"] if v["status"] != "ready"]
    if failed:
        return f"has no {', '.join(failed)}"
    original = client.get(image["url"]).content
    for variant in image["variants"]:
        content = client.variant(image, variant["name"])
        for forbidden in entry.get("must_not_appear_in_variants", ()):
            if forbidden.encode() in content:
                return f"{variant['name']} contains {forbidden!r}"
        wrong = "" if either else _fault_of_variant(content, variant, original)
        if wrong:
            return f"{variant['name']} {wrong}"
    return ""


def _fault_of_variant(content: bytes, variant: dict[str, Any], original: bytes) -> str:
    try:
        picture = Image.open(BytesIO(content))
        picture.load()
    except (OSError, UnidentifiedImageError) as error:
        return f"can't be opened: {error}"
    if picture.size != (variant["width"], variant["height"]):
        return f"is {picture.size} and not as promised"
    if getattr(picture, "n_frames", 1) > 1 and _runs(content) != _runs(original):
        return f"runs {_runs(content)} ms and not {_runs(original)}"
    if picture.getexif() or "icc_profile" in picture.info:
        return "has metadata"
    return ""


def _runs(content: bytes) -> int:
    """Milliseconds that an animation runs once, as browsers show it: no frame is over in none."""
    return sum(delay if delay > HARDLY_ANY else INSTEAD for delay in delays(content))


def judge_request(client: Client, content: bytes, case: Entry) -> Verdict:
    """Upload a good picture under a hostile name or type."""
    name: Any = case["filename"]
    if name.startswith("bytes:"):
        name = "a\udced\udca0\udc80.jpg"
    kind = case["content_type"]
    head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    head += f"Content-Type: {kind}\r\n\r\n" if kind else "\r\n"
    body = head.encode(errors="surrogateescape") + content + b"\r\n--b--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = client.post("/v1/images", content=body, headers=headers)
    got = str(answer.status_code)
    if answer.status_code == CREATED:
        image = client.processed(answer.json()["id"])
        got += f" {image['name'][:24]!r}"
        link = client.get(image["url"])
        inert = link.headers["content-type"] == "image/jpeg" and "x-injected" not in link.headers
        wrong = "" if inert and "/" not in image["name"] else "is not inert"
    else:
        wrong = "" if answer.status_code < SERVER_ERROR else "broke the API"
    name = f"request: {case['name']}"
    return Verdict(name, "201 or 4xx, inert", got, wrong, answer.status_code)


def _judge_health(client: Client, good: bytes) -> Verdict:
    """Whether the API and the processor still do their work."""
    status = client.processed(client.upload(good)["id"])["status"]
    ready = client.get("/health/ready").status_code
    wrong = "" if (status, ready) == ("ready", 200) else "is unwell"
    return Verdict("the product afterwards", "ready, 200", f"{status}, {ready}", wrong)


def _expected(entry: Entry) -> str:
    what = f"ok {entry.get('width')}x{entry.get('height')}"
    what = what if entry["expected"] == "ok" else f"reject {entry.get('reason', '')}"
    return f"{what} (or not)" if entry.get("tolerance") == "either" else what


def _may_be_rejected(entry: Entry) -> bool:
    return entry["expected"] == "reject" or entry.get("tolerance") == "either"
