"""Bad files among the good ones."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from tests.corpus.verdicts import verdicts
from tests.faults.customer import Customer
from tests.faults.fault import BOTH, Fault
from tests.faults.ground import Ground
from tests.journeys import pictures

TIMES, AT_ONCE = 3, 4
REFUSED = (413, 415, 422)
"""What a file is answered with that can be told at once to be none of ours."""


def _png_of(width: int, height: int) -> bytes:
    """A header that promises so many pixels, and nothing behind it."""
    head = pictures.still("PNG")
    return head[:16] + width.to_bytes(4, "big") + height.to_bytes(4, "big") + head[24:]


def _torn_in_the_middle() -> bytes:
    content = bytearray(pictures.still("PNG"))
    middle = len(content) // 2
    content[middle : middle + 400] = bytes(400)
    return bytes(content)


BAD: Mapping[str, Callable[[], bytes]] = {
    "a cut JPEG": lambda: pictures.jpeg()[:5000],
    "a cut PNG": lambda: pictures.still("PNG")[:5000],
    "a cut WebP": lambda: pictures.still("WEBP")[:3000],
    "a cut AVIF": lambda: pictures.still("AVIF")[:3000],
    "a cut film": lambda: pictures.animation("GIF")[:9000],
    "a torn PNG": _torn_in_the_middle,
    "a bomb of pixels": lambda: _png_of(60_000, 60_000),
    "a header of the wrong size": lambda: _png_of(5000, 5000),
    "nothing": lambda: b"",
    "a page": lambda: b"<html><script>alert(1)</script></html>",
    "a vector": lambda: b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
    "an archive": lambda: b"PK\x03\x04" + bytes(200),
    "a program": lambda: b"\x7fELF\x02\x01\x01" + bytes(200),
    "zeros": lambda: bytes(10_000),
    "a start of a JPEG": lambda: b"\xff\xd8\xff\xe0" + bytes(10_000),
    "a start of a GIF": lambda: b"GIF89a\xff\xff\xff\xff" + bytes(100),
}


def send_bad_files(ground: Ground) -> None:
    """Each is refused at once, or fails with a reason for its owner."""
    customer = ground.client()
    names = list(BAD) * TIMES
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(lambda name: _verdict(customer, BAD[name](), name), names)
        for name, wrong in zip(names, found, strict=True):
            _judge(ground, name, wrong)
    if ground.corpus:
        for verdict in verdicts(customer, ground.corpus):
            _judge(ground, verdict.name, verdict.wrong)
    for image in customer.all_images():
        assert customer.delete(f"/v1/images/{image['id']}").status_code == 204
    assert not ground.bad_files[False], "; ".join(ground.notes)


def _verdict(customer: Customer, content: bytes, name: str) -> str:
    """What is wrong with what became of it, or nothing."""
    answer = customer.offer(content, name)
    if answer.status_code != 201:
        return "" if answer.status_code in REFUSED else f"was answered with {answer.status_code}"
    image = customer.processed(answer.json()["id"])
    reason = image["error"] and image["error"]["detail"]
    return "" if image["status"] == "failed" and reason else f"became {image['status']}"


def _judge(ground: Ground, name: str, wrong: str) -> None:
    ground.bad_files[not wrong] += 1
    if wrong:
        ground.notes.append(f"{name} {wrong}")


FAULTS = [Fault("bad files", BOTH, send_bad_files)]
