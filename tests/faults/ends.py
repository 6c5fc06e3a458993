"""Ends that somebody asked for, and starts that are cut off."""

import signal
from functools import partial
from hashlib import sha256
from threading import Thread

import httpx
from sqlalchemy import select

from safelight.image_app.models import uploads
from tests import plain_http
from tests.commands import Started
from tests.faults.customer import Customer
from tests.faults.fault import BOTH, EMBEDDED, SCALED, Fault
from tests.faults.ground import Ground
from tests.journeys import pictures, wire
from tests.product import Part

FORM = "Content-Type: multipart/form-data; boundary=b"
LONGEST_END = 20.0
"""Seconds that an end under load may take: the drain of every part is within the ten seconds that
are its default, and then there is what is closed behind it.
"""


def stop(ground: Ground, number: signal.Signals) -> None:
    """An upload that is under way when the product is asked to stop is taken; then it ends well."""
    customer = ground.client()
    content = pictures.jpeg((1600, 1200), ground.random.randrange(1 << 30))
    body = wire.part(content) + b"\r\n--b--\r\n"
    account_id = customer.get("/v1/auth/me").json()["id"]
    mine = select(uploads.c.id).where(uploads.c.account_id == account_id)
    parts = list(ground.product.parts)
    with wire.connect(customer) as connection:
        connection.sendall(wire.head(customer, FORM, f"Content-Length: {len(body)}"))
        connection.sendall(body[:100_000])
        ground.until("the upload to begin", lambda: ground.product.rows(mine))
        codes: list[int] = []
        ending = Thread(target=lambda: codes.append(ground.product.stop(number)))
        ending.start()
        ground.until("it to take no more", lambda: not _takes_requests(customer))
        connection.sendall(body[100_000:])
        answer = wire.hear(connection)
    ending.join(LONGEST_END)
    assert codes == [0], f"it ended with {codes or 'nothing within its time'}"
    assert answer.status == 201, f"the upload under way was answered with {answer.status}"
    _remember(ground, customer, answer, content)
    assert not [part for part in parts if part.process.poll() is None]
    ground.harm_ends()
    ground.product.start()


def _remember(ground: Ground, customer: Customer, answer: wire.Heard, content: bytes) -> None:
    image_id = httpx.Response(201, content=answer.body).json()["id"]
    ground.ledger.promise(customer.username, image_id, sha256(content).hexdigest())


def replace_one_by_one(ground: Ground) -> None:
    """As a new release is rolled out: each API and each processor in turn, while others serve."""
    for number in range(len(ground.apis)):
        assert _ended(ground.apis[number]) == 0
        ground.scaled.revive_api(number)
        ground.product.base_url = ground.apis[0].base_url
        ground.until("it to be ready", ground.apis[number].is_ready)
        ground.promise_more(3)
    for _ in range(len(ground.processors)):
        part = ground.scaled.processors.pop(0)
        assert _ended(part) == 0
        ground.scaled.add_processor()
        ground.until("it to be ready", ground.processors[-1].is_ready)
        ground.promise_more(3)


def storm(ground: Ground) -> None:
    """Killed again and again while it starts, and asked to stop before it is ready."""
    ground.product.kill()
    for turn in range(6):
        product = ground.product
        part = Part(Started, ("up", "--port", "0"), product.environment, product.log)
        product.parts = [part]
        ground.wait_a_moment(1.5)
        if turn % 3 == 2:
            code = _ended(part)
            assert code == 0, f"asked to stop while it starts, it ends with {code}"
        else:
            ground.kill(part, signal.SIGKILL)
            part.kill()
    ground.harm_ends()
    ground.product.start()


def _ended(part: Part) -> int:
    part.ask_to_stop()
    return part.wait()


def _takes_requests(customer: Customer) -> bool:
    """Whether it is still ready in the eyes of whoever asks anew."""
    try:
        return plain_http.get(f"{customer.base_url}/health/ready", timeout=10).is_success
    except httpx.TransportError:
        return False


FAULTS = [
    Fault("SIGTERM under load", BOTH, partial(stop, number=signal.SIGTERM), times=2),
    Fault("SIGINT under load", EMBEDDED, partial(stop, number=signal.SIGINT)),
    Fault("every part is replaced in turn", SCALED, replace_one_by_one, needs="kafka"),
    Fault("killed and stopped while it starts", EMBEDDED, storm),
]
