"""Files that mean harm: each is a verdict about itself, and nothing to anybody else."""

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import httpx
import pytest

from tests.canary import Canary
from tests.client import Client
from tests.journeys import pictures
from tests.logbook import NOT_HANDLED, TRY_FAILED, deaths, lines
from tests.product import Product
from tests.remains import amiss

BAD, GOOD = 100, 10
"""As a thousand among a hundred, which would take longer to tell the same."""
SECRET = "a-word-that-only-the-file-of-the-canary-has"


@pytest.fixture(scope="module")
def settled(stocked: Callable[..., Product]) -> Product:
    """A product whose decoders are replaced for no other reason than that one broke."""
    return stocked(SAFELIGHT_PICTURES_PER_CHILD="100000", SAFELIGHT_CHILDREN="2")


@pytest.fixture
def client(settled: Product) -> Iterator[Client]:
    with Client(settled.base_url) as client:
        yield client.sign_up()


def bad(number: int) -> tuple[bytes, str]:
    """A file that is taken for a picture and is none, no two alike; and why it will fail."""
    rng = Random(number)
    png, gif = pictures.alpha_png(), pictures.animation("GIF")
    jpeg = pictures.jpeg(number=number)
    kinds = (
        (jpeg[: len(jpeg) // 2], "corrupt-image"),
        (b"\xff\xd8\xff\xda\0\x02" + rng.randbytes(2000), "corrupt-image"),
        (png[:200] + rng.randbytes(300) + png[500:], "corrupt-image"),
        (gif[: len(gif) // 2 + number], "corrupt-image"),
        (frames(301 + number), "too-many-frames"),
    )
    return kinds[number % len(kinds)]


def frames(count: int) -> bytes:
    """A GIF with so many frames of one pixel."""
    frame = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0"
    head = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff"
    return head + (b"\x21\xf9\x04\0\x0a\0\0\0" + frame) * count + b";"


def test_what_is_damaged_is_tried_once_and_costs_no_decoder(
    settled: Product, client: Client
) -> None:
    before = {child.pid for child in settled.decoders()}
    tried = _tries(settled)
    for number in range(5):
        content, code = bad(number)
        image = client.processed(client.upload(content)["id"])
        assert (image["status"], image["error"]["code"]) == ("failed", code)
    assert _tries(settled) == tried
    assert {child.pid for child in settled.decoders()} == before


def _tries(product: Product) -> int:
    """How often a decoder has failed, and a message has been handled in vain, so far."""
    failed = (TRY_FAILED, NOT_HANDLED)
    return sum(1 for line in lines(product.log) if line["event"] in failed)


@pytest.mark.timeout(300)
def test_a_stream_of_poison_uses_up_no_decoder_and_keeps_nothing_from_the_good(
    settled: Product, client: Client
) -> None:
    before = {child.pid for child in settled.decoders()}
    sent: dict[str, str] = {}
    for number in range(BAD):
        content, code = bad(number)
        sent[client.upload(content)["id"]] = code
        if number % (BAD // GOOD) == 0:
            sent[client.upload(pictures.jpeg((320, 240), number))["id"]] = ""
    for image_id, code in sent.items():
        image = client.processed(image_id)
        assert (image["error"] or {}).get("code", "") == code
        assert image["status"] == ("failed" if code else "ready")
    assert {child.pid for child in settled.decoders()} == before
    assert not deaths(settled.log)


def reaching(url: str, path: Path) -> dict[str, bytes]:
    """Files that ask whoever reads them to go somewhere, or to fetch another file."""
    entity = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{url}"><!ENTITY f SYSTEM "file://{path}">]>'
    drawing = f'{entity}<svg xmlns="http://www.w3.org/2000/svg"><image href="{url}"/>&e;&f;</svg>'
    xmp = f"{entity}<x:xmpmeta xmlns:x='adobe:ns:meta/'>&e;&f;</x:xmpmeta>".encode()
    packet = b"http://ns.adobe.com/xap/1.0/\0" + xmp
    jpeg = pictures.jpeg()
    segment = b"\xff\xe1" + (len(packet) + 2).to_bytes(2, "big") + packet
    text = b"iTXtXML:com.adobe.xmp\0\0\0\0\0" + xmp
    png = pictures.still("PNG")
    chunk = (len(text) - 4).to_bytes(4, "big") + text + zlib.crc32(text).to_bytes(4, "big")
    return {
        "SVG": drawing.encode(),
        "SVG behind a TIFF's first bytes": b"II*\0" + drawing.encode(),
        "ImageTragick": f"push graphic-context\nimage over 0,0 9,9 'url({url})'\n".encode(),
        "MSL": f'<?xml version="1.0"?><image><read filename="{url}"/></image>'.encode(),
        "playlist": f"#EXTM3U\n#EXTINF:1,\n{url}\n".encode(),
        "XMP in a JPEG": jpeg[:2] + segment + jpeg[2:],
        "XMP in a PNG": png[:33] + chunk + png[33:],
        "name of a file as pixels": f"vips {path}".encode(),
    }


def test_no_file_makes_the_product_call_anybody_or_read_another_file(
    client: Client, tmp_path: Path
) -> None:
    other = tmp_path / "canary.txt"
    other.write_text(SECRET)
    with Canary() as canary:
        files = reaching(canary.url, other)
        answers = {name: client.offer(content, name) for name, content in files.items()}
        taken = {name: answer.json()["id"] for name, answer in answers.items() if answer.is_success}
        assert {"XMP in a JPEG", "XMP in a PNG"} <= set(taken)
        for name, image_id in taken.items():
            image = client.processed(image_id)
            assert image["status"] == ("ready" if name.startswith("XMP") else "failed")
            assert SECRET not in client.get(f"/v1/images/{image_id}").text
            for variant in image["variants"]:
                if variant["status"] == "ready":
                    content = client.variant(image, variant["name"])
                    assert SECRET.encode() not in content
                    assert canary.url.encode() not in content
    assert canary.calls == []


def test_a_canary_hears_whoever_calls() -> None:
    with Canary() as canary, Client(canary.url) as client, pytest.raises(httpx.TransportError):
        client.get("/")
    assert b"GET" in canary.calls[0]


@pytest.mark.timeout(300)
def test_nothing_is_left_of_them(install: Callable[..., Product]) -> None:
    product = install()
    product.start()
    with Client(product.base_url) as client:
        client.sign_up()
        for number in range(10):
            client.upload(bad(number)[0])
        client.upload(pictures.jpeg())
        assert amiss(product, [client]) == []
