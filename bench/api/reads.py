"""The two hot reads, beside a bare route that gives the same bytes to everybody."""

import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench.api.album import Album, album
from bench.api.generator import Generator, bare, generating, request
from bench.table import Row

ROUNDS = 9
SECONDS = 0.7


class Read(NamedTuple):
    """One kind of request, what it is measured against, and the least share of its rate."""

    what: str
    requests: Sequence[Path]
    """Taken in turn, one a round."""
    reference: Path
    at_least: float
    status: int = 200
    again: bool = True


def measure(picture: Path) -> list[Row]:
    """Medians over rounds in which each is asked right beside its reference."""
    with tempfile.TemporaryDirectory() as kept, album(picture) as pictures:
        served, written = Path(kept, "served"), Path(kept, "written")
        served.mkdir()
        written.mkdir()
        image = f"/v1/images/{pictures.images[0]}"
        (served / "image").write_bytes(pictures.client.fetch(image))
        (served / "page").write_bytes(pictures.client.fetch("/v1/images"))
        with bare(served) as reference, generating(written) as generator:
            return [
                _measured(read, pictures, reference, generator)
                for read in _reads(generator, pictures, image)
            ]


def _reads(generator: Generator, pictures: Album, image: str) -> list[Read]:
    signed = f"Authorization: Bearer {pictures.client.token}"
    same = f"If-None-Match: {pictures.client.tag(image)}"
    bare_image = generator.write("bare-image", request("GET /files/image"))
    bare_page = generator.write("bare-page", request("GET /files/page"))
    cached = [generator.write("cached", request(f"GET {image}", signed))]
    unchanged = [generator.write("unchanged", request(f"GET {image}", signed, same))]
    page = [generator.write("page", request("GET /v1/images", signed))]
    unread = [request(f"GET /v1/images/{copy}", signed) for copy in pictures.copies()]
    each_once = [
        generator.write(f"unread-{number}", *unread[number::ROUNDS]) for number in range(ROUNDS)
    ]
    return [
        Read("an image from the cache", cached, bare_image, 0.6),
        Read("the same, unchanged (304)", unchanged, bare_image, 0.65, 304),
        Read("an image from the database", each_once, bare_image, 0.25, again=False),
        Read("a page of 50 from the cache", page, bare_page, 0.5),
    ]


def _measured(read: Read, pictures: Album, reference: str, generator: Generator) -> Row:
    rates, bare_rates, ratios = [], [], []
    for number in range(ROUNDS):
        bare_rates.append(generator.run(reference, read.reference, SECONDS).rate)
        answered = generator.run(
            pictures.base_url,
            read.requests[number % len(read.requests)],
            SECONDS,
            read.status,
            again=read.again,
        )
        rates.append(answered.rate)
        ratios.append(rates[-1] / bare_rates[-1])
    ratio = statistics.median(ratios)
    return Row(
        f"{read.what}, requests a second beside a bare route",
        f"{statistics.median(bare_rates):,.0f}",
        f"{statistics.median(rates):,.0f} = {ratio:.2f}",
        ratio >= read.at_least,
        f"≥ {read.at_least}",
    )
