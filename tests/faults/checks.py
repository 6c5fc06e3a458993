"""Whether everything is as it was promised."""

import sqlite3
import time
from collections import Counter
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from hashlib import sha256
from typing import Any

import httpx
from sqlalchemy import select

from safelight.image_app.models import events, variants
from tests.faults.customer import Customer
from tests.faults.ground import Ground
from tests.faults.ledger import Promise
from tests.journeys import pictures
from tests.product import Product

AT_ONCE = 4
SETTLE_SECONDS = 75.0
"""What was cut off is swept at a start, and each minute."""
MOST_OPENED = 60
"""Pictures of one account after one fault whose variants are decoded; of the others it is compared
what the database, the store and the answers say.
"""
Image = dict[str, Any]
ONCE = ("image.uploaded", "image.ready", "image.failed", "image.deleted")


class Found:
    """What is wrong, by kind, in words."""

    def __init__(self) -> None:
        self.lost: list[str] = []
        self.doubled: list[str] = []
        self.orphans: list[str] = []
        self.other: list[str] = []

    def all(self) -> list[str]:
        return [*self.lost, *self.doubled, *self.orphans, *self.other]


def compare(ground: Ground, since: int) -> Found:
    """The ledger beside the product, which stands still. Bytes are compared of the promises since
    then, everything else of all.
    """
    found = Found()
    recent = {promise.image_id for promise in ground.ledger.promises(since)}
    for customer in ground.customers():
        _compare_account(ground, customer, recent, found)
    again = {p.image_id for p in ground.ledger.promises() if p.again}
    found.doubled += doubled(ground.product, again)
    _compare_rest(ground, found)
    return found


def _compare_account(ground: Ground, customer: Customer, recent: set[str], found: Found) -> None:
    listed = {image["id"]: image for image in customer.all_images()}
    mine = [p for p in ground.ledger.promises() if p.username == customer.username]
    for promise in mine:
        if promise.image_id not in listed and not (promise.gone or promise.leaving):
            found.lost.append(f"{promise.image_id} is not listed")
        if promise.image_id in listed and promise.gone:
            found.other.append(f"{promise.image_id} is there again")
    promises = {promise.image_id: promise for promise in mine}
    for image in listed.values():
        fault = _state_fault(image, promises.get(image["id"]))
        if fault:
            found.lost.append(f"{image['id']} {fault}")
    closer = [image for image in listed.values() if image["id"] in recent]
    looked_into = {image["id"] for image in closer}
    if len(closer) > MOST_OPENED:
        looked_into = set(ground.random.sample(sorted(looked_into), MOST_OPENED))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for image, fault in zip(
            closer,
            pool.map(
                lambda i: _bytes_fault(customer, i, promises[i["id"]], i["id"] in looked_into),
                closer,
            ),
            strict=True,
        ):
            if fault:
                found.lost.append(f"{image['id']} {fault}")


def _state_fault(image: Image, promise: Promise | None) -> str:
    """Ready with everything, or failed with a reason where that may be."""
    if image["status"] == "failed":
        may_fail = promise is None or promise.may_fail
        told = image["error"] and image["error"]["code"] and image["error"]["detail"]
        return "" if may_fail and told else f"has failed: {image['error']}"
    if image["status"] != "ready":
        return f"is {image['status']}"
    missing = [variant["name"] for variant in image["variants"] if variant["status"] != "ready"]
    return f"has no {', '.join(missing)}" if missing else ""


def _bytes_fault(customer: Customer, image: Image, promise: Promise, open_them: bool) -> str:
    original = customer.get(image["url"])
    is_whole = sha256(original.content).hexdigest() == promise.digest
    if original.status_code != httpx.codes.OK or not is_whole:
        return f"has another original ({original.status_code})"
    if image["status"] != "ready" or not open_them:
        return ""
    for variant in image["variants"]:
        answer = customer.get(variant["url"])
        if answer.status_code != httpx.codes.OK:
            return f"has no {variant['name']} ({answer.status_code})"
        if pictures.opened(answer.content).size != (variant["width"], variant["height"]):
            return f"has another {variant['name']}"
    return ""


def compare_originals(ground: Ground) -> list[str]:
    """The bytes of every promise there ever was, at the end of everything."""
    found = []
    for customer in ground.customers():
        listed = {image["id"]: image for image in customer.all_images()}
        mine = [p for p in ground.ledger.promises() if p.username == customer.username]
        kept = [p for p in mine if p.image_id in listed]

        def digest(promise: Promise, customer: Customer = customer, listed: Any = listed) -> str:
            return sha256(customer.get(listed[promise.image_id]["url"]).content).hexdigest()

        with ThreadPoolExecutor(AT_ONCE) as pool:
            digests: Iterable[str] = list(pool.map(digest, kept))
        found += [
            f"{promise.image_id} has another original at the end"
            for promise, there in zip(kept, digests, strict=True)
            if there != promise.digest
        ]
    return found


def doubled(product: Product, again: Collection[str]) -> list[str]:
    """Whatever happened twice to an image that was not made `again`, or lies twice in the store."""
    told = select(events.c.image_id, events.c.type).where(
        events.c.type.in_(ONCE), events.c.image_id.not_in(again)
    )
    happened = Counter(product.rows(told))
    made = Counter(product.rows(select(variants.c.image_id, variants.c.name)))
    objects = Counter(key.rpartition("-")[0] for key in product.objects() if key[0] == "v")
    return [
        f"{what} is there {n} times"
        for found in (happened, made, objects)
        for what, n in found.items()
        if n > 1
    ]


def _compare_rest(ground: Ground, found: Found) -> None:
    """`safelight verify` is asked for some seconds, since what was cut off is swept first."""
    words = ""

    def is_clean() -> bool:
        nonlocal words
        code, words = ground.product.verify()
        return code == 0 and " 0 promises, 0 differences" in words

    deadline = time.monotonic() + SETTLE_SECONDS
    while not (clean := is_clean()) and time.monotonic() < deadline:
        time.sleep(0.5)
    if not clean:
        lines = [line for line in words.splitlines() if line]
        found.orphans += [line for line in lines if line.startswith(("object", "upload"))]
        found.other += [line for line in lines if not line.startswith(("object", "upload"))]
    if ground.mode == "embedded":
        with closing(sqlite3.connect(ground.product.data / "safelight.db")) as database:
            [(state,)] = database.execute("PRAGMA integrity_check").fetchall()
        found.other += [] if state == "ok" else [f"SQLite is damaged: {state}"]
